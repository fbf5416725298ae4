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

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "k8sentry/cluster_config.h"
#include "k8sentry/event_source.h"
#include "k8sentry/state.h"

namespace k8sentry {

enum class WatchState {
  kConnecting,    // nothing has been read yet
  kListing,       // reading pages
  kWatching,      // live
  kRelisting,     // the mark was forgotten; the gap is being closed
  kUnavailable,   // refused, reset, timed out, 5xx or 429; backing off
  kUnauthorized,  // 401
  kForbidden,     // 403: a rule is missing
  kStalled,       // the connection was up and silent, though there was something to say
};
std::string_view WatchStateName(WatchState state);

struct WatchStatus {
  std::string watch;  // "events", or "events in NAMESPACE"
  WatchState state = WatchState::kConnecting;
  std::string detail;  // why, in one line; hostile text
  SteadyTime since;
  // With kWatching: how long before nothing was read live, which was made up for now by
  // a resumed watch or, after kRelisting, by a list.
  Duration gap = {};
};

struct ClusterSourceOptions {
  ClusterConfig cluster = {};
  // Namespaces to watch, one watch each; empty: all, with one watch.
  std::vector<std::string> namespaces = {};
  // Where an earlier run stopped; an empty one when there was none but there will be a
  // next. It costs a look at the namespace kube-system (verb `get`), whose uid tells one
  // cluster from another; without that right the versions alone must.
  std::optional<ResumePoint> resume = {};
  // Items of the first list that are older end in `stale`; 0 reports none of them.
  Duration lookback = std::chrono::minutes(15);
  std::size_t page_size = 500;
  // A watch is asked to last a random time of this range, below the API server's
  // compaction period of 5 minutes, so that its mark is still known at the end.
  Duration min_watch = std::chrono::seconds(240);
  Duration max_watch = std::chrono::seconds(300);
  // So long before its end a watch is joined by the next one, which takes its place with
  // its first frame: a stream that has died in silence is found out. 0: never.
  Duration overlap = std::chrono::seconds(10);
  // Delay after the first failure and the longest one; doubling, with full jitter.
  Duration min_backoff = std::chrono::milliseconds(800);
  Duration max_backoff = std::chrono::seconds(30);
  // Called at each change of state. When it is empty, the logger is told instead.
  std::function<void(const WatchStatus&)> on_status = {};
};

// `transport` and `logger` must outlive the source.
// Errors: kInvalidArgument (a server URL that cannot be used).
Result<std::unique_ptr<EventSource>> NewClusterSource(
    const ClusterSourceOptions& options, HttpTransport& transport,
    Logger& logger = NullLogger());

}  // namespace k8sentry
