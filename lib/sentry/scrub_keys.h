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

#include "sentry/scrub_values.h"

namespace k8sentry::internal {

// The words as one alternation of a regular expression, ignoring case.
std::string KeyPattern(const std::vector<std::string>& more_keys);

// `key` in lower case without `-`, `_`, `.` and spaces.
std::string NormalKey(std::string_view key);

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

}  // namespace k8sentry::internal
