// How text from the cluster may stand in a key (docs/semantics.md 15, Parts).
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

#include "k8sentry/text.h"

namespace k8sentry::internal {

inline constexpr std::size_t kMaxPartBytes = 256;

// Control characters become a space, braces parentheses: no part may look like one of
// Sentry's {{ variables }}.
inline char KeyCharacter(char c) {
  if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) return ' ';
  return c == '{' ? '(' : c == '}' ? ')' : c;
}

// `text` as a part: itself where it fits, and else rewritten into `buffer`.
// Requires: `buffer` has kMaxPartBytes bytes, which outlive the result.
inline std::string_view KeyPart(std::string_view text, char* buffer) {
  text = TruncateUtf8(text, kMaxPartBytes);
  if (std::all_of(text.begin(), text.end(),
                  [](char c) { return KeyCharacter(c) == c; })) {
    return text;
  }
  std::transform(text.begin(), text.end(), buffer, KeyCharacter);
  return {buffer, text.size()};
}

}  // namespace k8sentry::internal
