#include "kube/time_reader.h"

#include <bit>
#include <cstdint>
#include <cstring>

namespace k8sentry::internal {
namespace {

// The values of the six digits of "03:04:05", as bytes 0, 1, 3, 4, 6 and 7 of the
// result, or all ones if it is not of that form. (Eight bytes at once; the arithmetic
// is for little-endian machines, which all of Kubernetes' are but s390x.)
std::uint64_t ClockDigits(const char* text) {
  std::uint64_t word;
  std::memcpy(&word, text, 8);
  const std::uint64_t digits = word ^ 0x30303A30303A3030;  // "00:00:00"
  // A digit's XOR is 0 to 9: adding 0x76 to more sets the top bit.
  const std::uint64_t wrong = (digits + 0x76767F76767F7676) | digits;
  return wrong & 0x8080808080808080 ? ~std::uint64_t{0} : digits;
}

// Of "03:04:05", or -1.
std::int64_t ReadSeconds(const char* text) {
  std::uint64_t d = 0;
  if constexpr (std::endian::native == std::endian::little) {
    d = ClockDigits(text);
  } else {
    return -1;
  }
  if (d == ~std::uint64_t{0}) return -1;
  const auto two = [d](int byte) {
    return static_cast<int>((d >> 8 * byte & 0xF) * 10 + (d >> 8 * (byte + 1) & 0xF));
  };
  const int hour = two(0), minute = two(3), second = two(6);
  return hour < 24 && minute < 60 && second < 60 ? hour * 3600 + minute * 60 + second
                                                 : -1;
}

// Of six digits, or -1.
std::int64_t ReadMicros(const char* text) {
  std::int64_t micros = 0;
  for (int i = 0; i < 6; ++i) {
    const unsigned digit = static_cast<unsigned char>(text[i]) - '0';
    if (digit > 9) return -1;
    micros = micros * 10 + digit;
  }
  return micros;
}

}  // namespace

void TimeReader::Read(std::string_view text, std::optional<Time>& time) {
  if (text.size() < kSecondsBytes || std::memcmp(text.data(), date_, kDateBytes) != 0) {
    return ReadAny(text, time);
  }
  const std::int64_t seconds = ReadSeconds(text.data() + kDateBytes);
  if (text.size() == kSecondsBytes && text[19] == 'Z' && seconds >= 0) {
    time.emplace(midnight_ + std::chrono::seconds(seconds));
    return;
  }
  if (text.size() == kMicrosBytes && text[19] == '.' && text[26] == 'Z' &&
      seconds >= 0) {
    const std::int64_t micros = ReadMicros(text.data() + 20);
    if (micros >= 0) {
      time.emplace(midnight_ + std::chrono::seconds(seconds) +
                   std::chrono::microseconds(micros));
      return;
    }
  }
  ReadAny(text, time);
}

void TimeReader::ReadAny(std::string_view text, std::optional<Time>& time) {
  time = ParseTime(text);
  // With an offset the day may be another.
  if (time && text.back() == 'Z') {
    std::memcpy(date_, text.data(), kDateBytes);
    midnight_ = std::chrono::floor<std::chrono::days>(*time);
  }
}

}  // namespace k8sentry::internal
