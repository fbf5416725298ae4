// NewClusterSource watches the Events of a cluster, and keeps doing so.
//
// It lists once, page by page, then watches from the list's version; it resumes at its
// mark after every cut, joins each watch with the next one before it ends, lists again
// when the server has forgotten the mark (410 Gone), and backs off while the server is
// away. Each change of its state is told once. (Kubernetes API concepts, efficient
// detection of changes.)
//
// Threads: one at a time per instance, the Runner's.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "k8sentry/cluster_config.h"
#include "k8sentry/event_source.h"
#include "k8sentry/state.h"
#include "k8sentry/watch.h"

namespace k8sentry {

struct ClusterSourceOptions {
  ClusterConfig cluster = {};
  // Namespaces to watch, one watch each; empty: all, with one watch.
  std::vector<std::string> namespaces = {};
  // What the API server shall send at all, as kubectl's --field-selector; empty: all.
  // Of a filter that follows this is FieldSelectorOf(its options).
  std::string field_selector = {};
  // Where an earlier run stopped; an empty one when there was none. With it the uid of
  // the namespace kube-system (verb `get`) is asked for, which tells one cluster from
  // another; without it, or without that right, the versions alone must.
  std::optional<ResumePoint> resume = {};
  // Items of the first list that are older end in `stale`; 0 reports none of them.
  Duration lookback = std::chrono::minutes(15);
  WatchOptions watch = {};
};

// `transport` and `logger` must outlive the source.
// Errors: kInvalidArgument (a server URL that cannot be used).
Result<std::unique_ptr<EventSource>> NewClusterSource(
    const ClusterSourceOptions& options, HttpTransport& transport,
    Logger& logger = NullLogger());

}  // namespace k8sentry
