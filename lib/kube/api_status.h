// What an API server says when it says no: a Status object, or whatever a proxy made
// up.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "k8sentry/time.h"

namespace k8sentry::internal {

// Error bodies are read up to here.
inline constexpr std::size_t kMaxErrorBytes = 4096;

// (Kubernetes API reference, meta/v1 Status.)
struct ApiStatus {
  int code = 0;         // 0: unknown
  std::string reason;   // "Expired", "Forbidden", ...
  std::string message;  // hostile text, at most 300 bytes and one line
  std::optional<Duration> retry_after;

  bool expired() const {
    return code == 410 || reason == "Expired" || reason == "Gone";
  }
};

// Reads `body`, which need not be JSON: its first line is the message then.
ApiStatus ParseApiStatus(std::string_view body);

}  // namespace k8sentry::internal
