#include "json/json_text.h"

#include <cstdint>
#include <cstring>

namespace k8sentry::internal {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// The four hex digits at `text`, or -1.
int ReadHex4(const char* text) {
  int value = 0;
  for (int i = 0; i < 4; ++i) {
    const char c = text[i];
    int digit = 0;
    if (IsDigit(c)) {
      digit = c - '0';
    } else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f') {
      digit = (c | 0x20) - 'a' + 10;
    } else {
      return -1;
    }
    value = value * 16 + digit;
  }
  return value;
}

char* WriteUtf8(std::uint32_t c, char* out) {
  if (c < 0x80) {
    *out++ = static_cast<char>(c);
  } else if (c < 0x800) {
    *out++ = static_cast<char>(0xC0 | c >> 6);
    *out++ = static_cast<char>(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    *out++ = static_cast<char>(0xE0 | c >> 12);
    *out++ = static_cast<char>(0x80 | (c >> 6 & 0x3F));
    *out++ = static_cast<char>(0x80 | (c & 0x3F));
  } else {
    *out++ = static_cast<char>(0xF0 | c >> 18);
    *out++ = static_cast<char>(0x80 | (c >> 12 & 0x3F));
    *out++ = static_cast<char>(0x80 | (c >> 6 & 0x3F));
    *out++ = static_cast<char>(0x80 | (c & 0x3F));
  }
  return out;
}

// The character of the \u escape at `p` (behind the u), which is moved behind it and
// behind the second half of a surrogate pair; -1 if there are no four hex digits.
std::int32_t ReadUnicodeEscape(const char*& p, const char* end) {
  if (end - p < 4) return -1;
  const int first = ReadHex4(p);
  if (first < 0) return -1;
  p += 4;
  if (first < 0xD800 || first > 0xDFFF) return first;
  if (first <= 0xDBFF && end - p >= 6 && p[0] == '\\' && p[1] == 'u') {
    const int second = ReadHex4(p + 2);
    if (second >= 0xDC00 && second <= 0xDFFF) {
      p += 6;
      return 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
    }
  }
  return 0xFFFD;
}

// What the letter of a two-character escape stands for, or 0.
char PlainEscape(char letter) {
  switch (letter) {
    case '"':
    case '\\':
    case '/':
      return letter;
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return 0;
  }
}

}  // namespace

std::optional<std::size_t> UnescapeJson(std::string_view raw, char* out) {
  char* const begin = out;
  const char* p = raw.data();
  const char* const end = p + raw.size();
  while (p != end) {
    const void* const found = std::memchr(p, '\\', static_cast<std::size_t>(end - p));
    const char* const escape = found ? static_cast<const char*>(found) : end;
    std::memcpy(out, p, static_cast<std::size_t>(escape - p));
    out += escape - p;
    if (escape == end) break;
    if (end - escape < 2) return std::nullopt;
    p = escape + 2;
    if (escape[1] == 'u') {
      const std::int32_t c = ReadUnicodeEscape(p, end);
      if (c < 0) return std::nullopt;
      out = WriteUtf8(static_cast<std::uint32_t>(c), out);
    } else if (const char c = PlainEscape(escape[1])) {
      *out++ = c;
    } else {
      return std::nullopt;
    }
  }
  return static_cast<std::size_t>(out - begin);
}

bool IsJsonScalar(std::string_view token) {
  if (!token.empty() && token[0] >= 'f') {
    return token == "null" || token == "true" || token == "false";
  }
  const char* p = token.data();
  const char* const end = p + token.size();
  const auto digits = [&] {
    const char* const first = p;
    while (p != end && IsDigit(*p)) ++p;
    return p != first;
  };
  if (p != end && *p == '-') ++p;
  if (p != end && *p == '0') {
    ++p;
  } else if (!digits()) {
    return false;
  }
  if (p != end && *p == '.') {
    ++p;
    if (!digits()) return false;
  }
  if (p != end && (*p == 'e' || *p == 'E')) {
    ++p;
    if (p != end && (*p == '+' || *p == '-')) ++p;
    if (!digits()) return false;
  }
  return p == end;
}

}  // namespace k8sentry::internal
