// A Secret is a string that does not want to be seen.
//
// DSN keys, bearer tokens, private keys and passwords travel in it: whatever prints or
// logs one gets "***", and reading the value takes a call that stands out in review.
//
// Threads: as std::string.
#pragma once

#include <ostream>
#include <string>
#include <utility>

namespace k8sentry {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}

  bool empty() const { return value_.empty(); }
  // The value itself. For the wire only; never for a log, a message or a file name.
  const std::string& Reveal() const { return value_; }

  friend bool operator==(const Secret&, const Secret&) = default;
  friend std::ostream& operator<<(std::ostream& out, const Secret& secret) {
    return out << (secret.empty() ? "" : "***");
  }

 private:
  std::string value_;
};

}  // namespace k8sentry
