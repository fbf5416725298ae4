#include "sentry/trim.h"

#include <algorithm>
#include <cstdio>

#include "k8sentry/text.h"

namespace k8sentry::internal {

std::string Trimmed(std::string_view text, std::size_t max_characters) {
  const std::string_view whole = TruncateCharacters(text, max_characters);
  if (whole.size() == text.size()) return std::string(text);
  return std::string(TruncateCharacters(text, max_characters - 3)) + "...";
}

std::string TrimmedLine(std::string_view text, std::size_t max_characters) {
  // A line break can cost nothing but its own character, so cutting first keeps a
  // hostile megabyte from being copied; the longest character has four bytes.
  std::string line(TruncateUtf8(text, max_characters * 4 + 4));
  for (char& c : line) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
  }
  const std::size_t first = line.find_first_not_of(' ');
  if (first == std::string::npos) return {};
  return Trimmed(
      std::string_view(line).substr(first, line.find_last_not_of(' ') - first + 1),
      max_characters);
}

std::string_view Head(std::string_view text, std::size_t max_characters) {
  return TruncateUtf8(text, max_characters * 4 + 4096);
}

void WriteLine(JsonWriter& json, std::string_view key, std::string_view value,
               std::size_t max_characters) {
  const std::string line = TrimmedLine(value, max_characters);
  if (!line.empty()) json.Key(key).String(line);
}

std::string SecondsOf(Time time) {
  const std::int64_t micros =
      std::max<std::int64_t>(0, time.time_since_epoch().count());
  char text[48];
  std::snprintf(text, sizeof text, "%lld.%06lld",
                static_cast<long long>(micros / 1000000),
                static_cast<long long>(micros % 1000000));
  return text;
}

std::string Hex(const std::uint8_t* bytes, std::size_t size) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  for (std::size_t i = 0; i < size; ++i) {
    hex += kDigits[bytes[i] >> 4];
    hex += kDigits[bytes[i] & 0xF];
  }
  return hex;
}

bool IsNone(const std::array<std::uint8_t, 16>& id) {
  return std::all_of(id.begin(), id.end(), [](std::uint8_t byte) { return byte == 0; });
}

}  // namespace k8sentry::internal
