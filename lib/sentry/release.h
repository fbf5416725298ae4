// Which release an Event is about: what Sentry files its issue under.
#pragma once

#include <string>

#include "k8sentry/scrubber.h"
#include "k8sentry/sentry_options.h"

namespace k8sentry::internal {

// `options.release`; else, unless workload_release is off, what the owner's annotation
// says, "api@1.2.3" by its label, or the same of the image that the message names. By
// the rules of Sentry, or empty. (docs/semantics.md 10; Sentry developer docs, event
// payloads, release.)
std::string ReleaseOf(const Event& event, const SentryOptions& options,
                      const Scrubber& scrubber);

}  // namespace k8sentry::internal
