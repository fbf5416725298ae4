// NewOwnerSource names the workload behind each Event, by asking the cluster.
//
// A name only hints at its owner: "api-7fcc74b976-bwxc2" is most likely a Pod of a
// Deployment "api". The API server knows. The source reads from another one and gives
// the same Events in the same order, with `Event::owner` set where the answer is known:
// Pod, ReplicaSet, Deployment, and whatever controls that. An Event waits a moment for
// an answer that is under way; what then is still unknown is read from the name, as it
// would be without this source. Its key holds the owner's name and never its kind, so
// an answer that comes late regroups nothing where the name told the same.
//
//   auto cluster = *NewClusterSource({.cluster = config}, *transport);
//   auto source = *NewOwnerSource(*cluster, {.cluster = config}, *transport);
//
// `Event::owner` also brings what the objects on the way say of their release.
//
// Needs `get` for pods, replicasets, deployments and the like (metadata only); a rule
// that is missing is told once. Answers are kept for ten minutes, refusals for one, and
// a server that fails is left alone.
//
// Threads: one at a time per instance, the Runner's.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>

#include "k8sentry/cluster_config.h"
#include "k8sentry/event_source.h"
#include "k8sentry/filter.h"
#include "k8sentry/http_transport.h"
#include "k8sentry/logger.h"

namespace k8sentry {

struct OwnerSourceOptions {
  ClusterConfig cluster = {};
  // What an Event waits for at most, from its arrival on, and with it all behind it. An
  // answer takes milliseconds. 0: nothing waits, and only answers of before count; at
  // most 1 h.
  Duration max_wait = std::chrono::milliseconds(500);
  // What may wait; beyond, the oldest goes as it is.
  std::size_t max_waiting_events = 4096;
  std::size_t max_waiting_bytes = 16 << 20;
  // Objects whose owner is remembered, 1 to 2 KB each; least recently used out.
  std::size_t max_objects = 8192;
  std::size_t max_requests = 4;  // at a time
  // When given, only what it admits is worth asking for; all Events pass. Must outlive
  // the source.
  Filter* filter = nullptr;
};

// `inner`, `transport` and `logger` must outlive the source; nobody else may poll
// `inner`. Errors: kInvalidArgument (a server URL that cannot be used, a limit of 0).
Result<std::unique_ptr<EventSource>> NewOwnerSource(EventSource& inner,
                                                    const OwnerSourceOptions& options,
                                                    HttpTransport& transport,
                                                    Logger& logger = NullLogger());

}  // namespace k8sentry
