// Text from the cluster is hostile until it went through here.
//
// Anybody who may create an Event chooses its message, and a terminal obeys escape
// sequences in it (CVE-2021-25743 was exactly that). These functions make such text
// safe to show, and cut it without breaking a character.
//
// Threads: pure functions.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace k8sentry {

// `text` as a table, a terminal or a text log may show it: control characters (C0, DEL,
// C1), U+2028/9 and bidi controls (U+202A-E, U+2066-9) become visible escapes such as
// "\n", "\x1b" and "\u202e"; bytes that are not UTF-8 become U+FFFD.
std::string EscapeForTerminal(std::string_view text);

// Whether a terminal must not see `code_point` as it is.
bool IsUnsafeForTerminal(char32_t code_point);

// The longest prefix of at most `max_bytes` bytes that ends on a character's border.
std::string_view TruncateUtf8(std::string_view text, std::size_t max_bytes);

// As TruncateUtf8, but counts characters (code points).
std::string_view TruncateCharacters(std::string_view text, std::size_t max_characters);

// Up to the first CR or LF.
std::string_view FirstLine(std::string_view text);

// `text` with every maximal ill-formed part replaced by U+FFFD, as Python's and the
// browsers' decoders do ("substitution of maximal subparts", Unicode 15, section 3.9).
std::string RepairUtf8(std::string_view text);

}  // namespace k8sentry
