// How a watch of an API server goes, and what it tells of itself: what NewClusterSource
// and NewResourceWatcher share.
//
// Threads: values.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "k8sentry/http_transport.h"
#include "k8sentry/time.h"

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
  // a resumed watch or, after kRelisting, by a list. With kRelisting: the same so far;
  // nothing where a watch that was quiet for long ended in peace.
  Duration gap = {};
};

struct WatchOptions {
  std::size_t page_size = 500;
  // A watch is asked to last a random time of this range, below the API server's
  // compaction period of 5 minutes, so that its mark is still known at the end.
  Duration min_watch = std::chrono::seconds(240);
  Duration max_watch = std::chrono::seconds(300);
  // So long before its end a watch is joined by the next one, which takes its place
  // with its first frame: a stream that has died in silence is found out. 0: never.
  Duration overlap = std::chrono::seconds(10);
  // Delay after the first failure and the longest one; doubling, with full jitter.
  Duration min_backoff = std::chrono::milliseconds(800);
  Duration max_backoff = std::chrono::seconds(30);
  // Over HTTP/2 several watches share one connection; over HTTP/1.1 each has its own,
  // and none can stall the others.
  HttpVersion http_version = HttpVersion::k1_1;
  // Called at each change of state. When it is empty, the logger is told instead.
  std::function<void(const WatchStatus&)> on_status = {};
};

}  // namespace k8sentry
