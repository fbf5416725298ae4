// Values behind keys, or behind other marks of a secret: where they end, what they look
// like, and how they are masked.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace k8sentry::internal {

inline constexpr std::string_view kFiltered = "[Filtered]";

struct Span {
  std::size_t begin = 0, end = 0;
};

inline std::string_view Of(std::string_view text, Span span) {
  return text.substr(span.begin, span.end - span.begin);
}

// Texts are rewritten from the beginning to the end: `out` takes what of `text` lies
// behind `done` and before `span`, and the mark in place of that. What is empty, or
// masked already, stays.
void Replace(std::string_view text, Span span, std::size_t& done, std::string& out);
// Puts `out` and the rest in place of `text`, if anything was replaced.
void Finish(std::string& text, std::size_t done, std::string& out);

bool IsUpper(char c);
bool IsSpace(char c);  // or the end of a line
bool IsQuote(char c);
// The first byte from `at` on that is no blank.
std::size_t SkipBlanks(std::string_view text, std::size_t at);

struct Value {
  Span span;
  bool quoted = false;
  std::size_t behind = 0;  // the first byte after it and its quote
};

// The value at `at`, which may be quoted, with backslashes before the quote where JSON
// stands inside of JSON. Linear in the value.
Value ReadValue(std::string_view text, std::size_t at);

// Where quoted text ends that began before `from` with `backslashes` backslashes and
// `quote`: at its end quote, or the backslashes before that. The end of `text` if none.
std::size_t EndOfQuoted(std::string_view text, std::size_t from, char quote,
                        std::size_t backslashes);

// Whether nothing but the end of a line or of a list follows.
bool EndsClause(std::string_view text, std::size_t at);
// Whether a line, a list or a member of one begins at `at`.
bool StartsClause(std::string_view text, std::size_t at);

// What stands for having no value, or is the name of one.
bool SaysNothing(std::string_view value);
bool IsNumber(std::string_view value);
// "v1.2.3", "1.2.3-rc1", "latest": what stands behind the colon of an image.
bool IsTag(std::string_view value);
// Nothing but characters of names in Kubernetes, and slashes.
bool IsObjectName(std::string_view value);
// Whether `value` looks drawn from a hat rather than written: no word, no name of an
// object, no uid, no number of an error.
bool LooksRandom(std::string_view value);

}  // namespace k8sentry::internal
