#include "kube/time_reader.h"

#include <cstdint>
#include <cstring>

namespace k8sentry::internal {
namespace {

// Two digits, or something negative or above 99.
int Two(const char* p) {
  const unsigned tens = static_cast<unsigned char>(p[0]) - '0';
  const unsigned ones = static_cast<unsigned char>(p[1]) - '0';
  return tens > 9 || ones > 9 ? 100 : static_cast<int>(tens * 10 + ones);
}

// Of "03:04:05", or -1.
std::int64_t ReadSeconds(const char* p) {
  const int hour = Two(p);
  const int minute = Two(p + 3);
  const int second = Two(p + 6);
  const bool good =
      (hour < 24) & (minute < 60) & (second < 60) & (p[2] == ':') & (p[5] == ':');
  return good ? hour * 3600 + minute * 60 + second : -1;
}

std::int64_t ReadMicros(const char* p) {
  const int a = Two(p), b = Two(p + 2), c = Two(p + 4);
  return (a > 99) | (b > 99) | (c > 99) ? -1 : (a * 100 + b) * 100 + c;
}

}  // namespace

std::optional<Time> TimeReader::Read(std::string_view text) {
  if (text.size() < kSecondsBytes || std::memcmp(text.data(), date_, kDateBytes) != 0) {
    return ReadAny(text);
  }
  const std::int64_t seconds = ReadSeconds(text.data() + kDateBytes);
  if (text.size() == kSecondsBytes && text[19] == 'Z' && seconds >= 0) {
    return midnight_ + std::chrono::seconds(seconds);
  }
  if (text.size() == kMicrosBytes && text[19] == '.' && text[26] == 'Z' &&
      seconds >= 0) {
    const std::int64_t micros = ReadMicros(text.data() + 20);
    if (micros >= 0) {
      return midnight_ + std::chrono::seconds(seconds) +
             std::chrono::microseconds(micros);
    }
  }
  return ReadAny(text);
}

std::optional<Time> TimeReader::ReadAny(std::string_view text) {
  const std::optional<Time> time = ParseTime(text);
  // With an offset the day may be another.
  if (time && text.back() == 'Z') {
    std::memcpy(date_, text.data(), kDateBytes);
    midnight_ = std::chrono::floor<std::chrono::days>(*time);
  }
  return time;
}

}  // namespace k8sentry::internal
