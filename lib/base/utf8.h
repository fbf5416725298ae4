// Decoding of UTF-8 one character at a time, for the few places that look at text closely.
#pragma once

#include <cstddef>
#include <string_view>

namespace k8sentry::internal {

struct CodePoint {
  char32_t value = 0xFFFD;
  std::size_t bytes = 1;   // that it takes, or the length of the ill-formed part
  bool valid = false;
};

// The character at the beginning of `text`, which is not empty. An ill-formed one is
// U+FFFD and takes its maximal subpart (Unicode 15, section 3.9, table 3-7).
inline CodePoint DecodeUtf8(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned first = byte(0);
  if (first < 0x80) return {first, 1, true};
  std::size_t length = 0;
  unsigned low = 0x80, high = 0xBF;
  char32_t value = 0;
  if (first >= 0xC2 && first <= 0xDF) {
    length = 2;
    value = first & 0x1F;
  } else if (first >= 0xE0 && first <= 0xEF) {
    length = 3;
    value = first & 0x0F;
    if (first == 0xE0) low = 0xA0;
    if (first == 0xED) high = 0x9F;
  } else if (first >= 0xF0 && first <= 0xF4) {
    length = 4;
    value = first & 0x07;
    if (first == 0xF0) low = 0x90;
    if (first == 0xF4) high = 0x8F;
  } else {
    return {};
  }
  for (std::size_t i = 1; i < length; ++i) {
    if (i >= text.size() || byte(i) < low || byte(i) > high) return {0xFFFD, i, false};
    value = value << 6 | (byte(i) & 0x3F);
    low = 0x80;
    high = 0xBF;
  }
  return {value, length, true};
}

}  // namespace k8sentry::internal
