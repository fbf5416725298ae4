#include "sentry/trim.h"

#include <algorithm>

#include "k8sentry/text.h"

namespace k8sentry::internal {

namespace {

// Whether TrimmedLine would leave `text` as it is; a character has a byte or more.
bool IsLine(std::string_view text, std::size_t max_characters) {
  if (text.size() > max_characters) return false;
  if (text.empty()) return true;
  return text.front() != ' ' && text.back() != ' ' &&
         std::none_of(text.begin(), text.end(), [](char c) {
           return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
         });
}

std::string MakeLine(std::string_view text, std::size_t max_characters) {
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

}  // namespace

std::string Trimmed(std::string_view text, std::size_t max_characters) {
  const std::string_view whole = TruncateCharacters(text, max_characters);
  if (whole.size() == text.size()) return std::string(text);
  return std::string(TruncateCharacters(text, max_characters - 3)) + "...";
}

void Trim(std::string& text, std::size_t max_characters) {
  if (TruncateCharacters(text, max_characters).size() == text.size()) return;
  text.resize(TruncateCharacters(text, max_characters - 3).size());
  text += "...";
}

std::string TrimmedLine(std::string_view text, std::size_t max_characters) {
  return IsLine(text, max_characters) ? std::string(text)
                                      : MakeLine(text, max_characters);
}

Line::Line(std::string_view text, std::size_t max_characters) : view_(text) {
  if (IsLine(text, max_characters)) return;
  own_ = MakeLine(text, max_characters);
  view_ = own_;
}

std::string_view Head(std::string_view text, std::size_t max_characters) {
  return TruncateUtf8(text, max_characters * 4 + 4096);
}

void WriteLine(JsonWriter& json, std::string_view key, std::string_view value,
               std::size_t max_characters) {
  const Line line(value, max_characters);
  if (!line.empty()) json.Key(key).String(line.view());
}

void WriteText(JsonWriter& json, std::string_view key, std::string_view value,
               std::size_t max_characters) {
  json.Key(key);
  // Mostly there is nothing to cut.
  if (TruncateCharacters(value, max_characters).size() == value.size()) {
    json.String(value);
  } else {
    json.String(Trimmed(value, max_characters));
  }
}

std::string SecondsOf(Time time) {
  const std::int64_t micros =
      std::max<std::int64_t>(0, time.time_since_epoch().count());
  std::string text = std::to_string(micros / 1000000);
  const std::string fraction = std::to_string(1000000 + micros % 1000000);
  text += '.';
  return text.append(fraction, 1);
}

std::string Hex(const std::uint8_t* bytes, std::size_t size) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  hex.reserve(2 * size);
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
