// A Scrubber takes out of text what must not leave the cluster: passwords, tokens,
// keys, connection strings.
//
//   Scrubber scrubber;
//   scrubber.Scrub("dial postgres://app:hunter2@db");
//   // "dial postgres://[Filtered]@db"
//
// Nothing is certain in free text. An assignment (password=..., "token":"...") is
// masked whatever it says, and so is what a token's shape gives away; prose that only
// speaks of secrets stays, for it is what an issue is about. Linear in the text.
//
// Threads: const after construction.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "k8sentry/status.h"

namespace k8sentry {

enum class Scrubbing : std::uint8_t { kOn, kOff };

struct ScrubOptions {
  Scrubbing scrubbing = Scrubbing::kOn;
  // A value behind a key that contains one of these words is masked, in any case; they
  // join the built-in ones (password, secret, token, api_key, ...).
  std::vector<std::string> more_keys = {};
  // What matches is masked (RE2); they join the built-in patterns.
  std::vector<std::string> more_patterns = {};
};

class Scrubber {
 public:
  Scrubber();  // with the defaults
  ~Scrubber();
  Scrubber(Scrubber&&) noexcept;
  Scrubber& operator=(Scrubber&&) noexcept;

  // `text` with "[Filtered]" in place of what is secret. Same in, same out.
  std::string Scrub(std::string_view text) const;
  // Whether a value under this key is secret, whatever it is.
  bool IsSecretKey(std::string_view key) const;

 private:
  friend Result<Scrubber> NewScrubber(const ScrubOptions& options);
  class Impl;
  std::unique_ptr<const Impl> impl_;
};

// Errors: kInvalidArgument (a pattern that RE2 refuses).
Result<Scrubber> NewScrubber(const ScrubOptions& options);

}  // namespace k8sentry
