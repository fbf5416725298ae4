// The class of a message: what it says without what changes (docs/semantics.md 15).
#pragma once

#include <cstddef>
#include <string_view>

#include "k8sentry/event.h"

namespace k8sentry::internal {

inline constexpr std::size_t kMaxClassBytes = 120;

struct MessageClass {
  std::string_view text;  // may be empty
  bool masked = false;    // made from the message, so there may be many of them
};

// Requires: `buffer` has kMaxClassBytes bytes, which outlive the result.
MessageClass ClassOf(const Event& event, std::string_view workload, char* buffer);

// `text` with names, numbers, hashes and addresses replaced by "*".
// Requires: as ClassOf.
std::string_view Mask(std::string_view text, std::string_view object,
                      std::string_view workload, char* buffer);

}  // namespace k8sentry::internal
