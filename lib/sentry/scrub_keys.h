// Finds the value behind a key that looks secret: key=value, key: value, "key":"value",
// --flag value, <key>value</key>.
//
// An assignment is masked whatever it says. Prose is not: "secret "db" not found" and
// "failed to fetch token: unexpected status" are what an issue is about. So a value
// behind a colon and a space must look like no word, or stand alone on its line.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace k8sentry::internal {

inline constexpr std::string_view kFiltered = "[Filtered]";

struct Span {
  std::size_t begin = 0, end = 0;
};

// Texts are rewritten from the beginning to the end: `out` takes what of `text` lies
// behind `done` and before `span`, and the mark in place of that. What is empty, or
// masked already, stays.
void Replace(std::string_view text, Span span, std::size_t& done, std::string& out);
// Puts `out` and the rest in place of `text`, if anything was replaced.
void Finish(std::string& text, std::size_t done, std::string& out);

// The words as one alternation of a regular expression, ignoring case.
std::string KeyPattern(const std::vector<std::string>& more_keys);

// `key` in lower case without `-`, `_`, `.` and spaces.
std::string NormalKey(std::string_view key);

// Where quoted text ends that began before `from` with `backslashes` backslashes and
// `quote`: at its end quote, or the backslashes before that. The end of `text` if none.
std::size_t EndOfQuoted(std::string_view text, std::size_t from, char quote,
                        std::size_t backslashes);

class KeyRules {
 public:
  // `more_keys` as ScrubOptions has them.
  explicit KeyRules(const std::vector<std::string>& more_keys);

  // Whether the words in `key` mean a secret, and not its name, path or lifetime.
  bool IsSecret(std::string_view key) const;

  // What to mask behind the key at `key` of `text`, if anything. Linear in what it
  // looks at: itself, and at most the value.
  std::optional<Span> ValueOf(std::string_view text, Span key) const;

 private:
  enum class Strength { kNone, kShort, kWeak, kStrong };
  Strength StrengthOf(std::string_view key, const std::string& normal) const;

  std::vector<std::string> more_keys_;  // normal
};

// Whether `value` looks drawn from a hat rather than written: no word, no name of an
// object, no uid, no number of an error.
bool LooksRandom(std::string_view value);

}  // namespace k8sentry::internal
