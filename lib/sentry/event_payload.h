// The payload of an `event` item: one issue as the JSON that Sentry reads.
// (Sentry developer docs, event payloads.)
#pragma once

#include <string>

#include "k8sentry/sentry_options.h"
#include "sentry/trim.h"

namespace k8sentry::internal {

// Appends the event to `out`.
void AppendEventPayload(const SentryIssue& issue, Time sent_at, std::string& out);

// The node whose kubelet emitted it, or that it is about.
inline std::string_view NodeOf(const Event& event) {
  return event.involved_object.kind == "Node" ? event.involved_object.name
                                              : event.source_host;
}

}  // namespace k8sentry::internal
