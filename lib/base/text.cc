#include "k8sentry/text.h"

#include <cstdio>

#include "base/utf8.h"

namespace k8sentry {

using internal::CodePoint;
using internal::DecodeUtf8;

bool IsUnsafeForTerminal(char32_t c) {
  return c < 0x20 || (c >= 0x7F && c <= 0x9F) || c == 0x2028 || c == 0x2029 ||
         (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
}

std::string EscapeForTerminal(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const CodePoint c = DecodeUtf8(text);
    if (!c.valid) {
      out += "\xEF\xBF\xBD";
    } else if (!IsUnsafeForTerminal(c.value)) {
      out += text.substr(0, c.bytes);
    } else if (c.value == '\n') {
      out += "\\n";
    } else if (c.value == '\r') {
      out += "\\r";
    } else if (c.value == '\t') {
      out += "\\t";
    } else {
      char escape[8];
      std::snprintf(escape, sizeof escape, c.value < 0x100 ? "\\x%02x" : "\\u%04x",
                    static_cast<unsigned>(c.value));
      out += escape;
    }
    text.remove_prefix(c.bytes);
  }
  return out;
}

std::string_view TruncateUtf8(std::string_view text, std::size_t max_bytes) {
  if (text.size() <= max_bytes) return text;
  std::size_t n = max_bytes;
  // Back over at most three continuation bytes to the start of the cut character.
  while (n > 0 && max_bytes - n < 3 && (static_cast<unsigned char>(text[n]) & 0xC0) == 0x80) {
    --n;
  }
  return text.substr(0, n);
}

std::string_view TruncateCharacters(std::string_view text, std::size_t max_characters) {
  if (text.size() <= max_characters) return text;  // a character has a byte or more
  std::size_t n = 0;
  for (std::size_t i = 0; i < max_characters && n < text.size(); ++i) {
    n += DecodeUtf8(text.substr(n)).bytes;
  }
  return text.substr(0, n);
}

std::string_view FirstLine(std::string_view text) {
  // Not find_first_of: that looks up each byte in the set.
  const std::string_view line = text.substr(0, text.find('\n'));
  return line.substr(0, line.find('\r'));
}

std::string RepairUtf8(std::string_view text) {
  std::string out;
  out.reserve(text.size() + 16);
  while (!text.empty()) {
    const CodePoint c = DecodeUtf8(text);
    out += c.valid ? text.substr(0, c.bytes) : std::string_view("\xEF\xBF\xBD");
    text.remove_prefix(c.bytes);
  }
  return out;
}

}  // namespace k8sentry
