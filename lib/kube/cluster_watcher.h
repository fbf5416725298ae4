// A ClusterWatcher carries out what a WatchMachine decides, for one resource in one
// namespace or in all.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "k8sentry/logger.h"
#include "k8sentry/resource_watcher.h"
#include "kube/watch_response.h"

namespace k8sentry::internal {

// Adds `more` to `sum`, counter by counter.
void AddCounters(const DecoderCounters& more, DecoderCounters& sum);

class ClusterWatcher {
 public:
  // Everything given must outlive it. For the other parameters see WatchMachine.
  ClusterWatcher(const WatchOptions& options, const WatchedResource& resource,
                 DecodedObjects objects, Duration lookback, ApiClient& api,
                 Logger& logger, std::uint64_t seed, Resumption* left = nullptr);
  ClusterWatcher(const ClusterWatcher&) = delete;
  ClusterWatcher& operator=(const ClusterWatcher&) = delete;

  // Does what can be done now. At most 64 Events, valid until the next Poll.
  std::span<const Event> Poll(Now now);
  // As of the last Poll.
  const WatchStatus& status() const { return status_; }
  SteadyTime NextDeadline() const;
  // Something has come, or the last Poll gave Events.
  bool ready() const {
    return more_ || (response_ && response_->ready()) || (next_ && next_->ready());
  }

  // Where it stands; no mark before the first list's end.
  const std::string& cluster_id() const { return machine_.cluster_id(); }
  std::optional<WatchMark> mark() const;

  // Of all responses so far, but for probes.
  DecoderCounters counters() const;
  std::string_view malformed_sample() const;

 private:
  std::unique_ptr<WatchResponse> Send(WatchRequest request, const Status& prepared);
  bool StartNext(Now now);
  std::span<const Event> NextBatch(Time wall);
  void EndResponse(Now now);
  // Adds up what it read.
  void Remember(const WatchResponse& response);

  void StartRotation(Now now);
  // Looks after the watch that shall take the other's place; true when it did.
  bool Rotate(Now now);
  bool TakeOver(bool stalled, Now now);
  void TellStatus();

  const WatchOptions& options_;
  const std::string name_;  // of its mark
  const std::string path_;
  const DecodedObjects objects_;
  ApiClient& api_;
  Logger& logger_;
  WatchMachine machine_;

  std::unique_ptr<WatchResponse> response_;  // under way
  // The watch that shall take the place of `response_`, its first Events, and since
  // when it has had something that the other did not bring.
  std::unique_ptr<WatchResponse> next_;
  std::span<const Event> next_events_;
  std::optional<SteadyTime> ahead_since_;

  std::vector<Event> batch_;
  bool more_ = false;
  DecoderCounters past_;  // of responses that are over
  std::string past_sample_;
  WatchStatus status_;  // the last one told
  int told_resets_ = 0;
  std::uint64_t list_items_ = 0;
  std::uint64_t list_stale_ = 0;
};

}  // namespace k8sentry::internal
