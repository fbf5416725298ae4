#include "kube/cluster_source.h"

#include <algorithm>

namespace k8sentry {

std::string_view WatchStateName(WatchState state) {
  switch (state) {
    case WatchState::kConnecting:
      return "connecting";
    case WatchState::kListing:
      return "listing";
    case WatchState::kWatching:
      return "watching";
    case WatchState::kRelisting:
      return "relisting";
    case WatchState::kUnavailable:
      return "unavailable";
    case WatchState::kUnauthorized:
      return "unauthorized";
    case WatchState::kForbidden:
      return "forbidden";
    case WatchState::kStalled:
      return "stalled";
  }
  return "unknown";
}

namespace internal {

ClusterSource::ClusterSource(const ClusterSourceOptions& options,
                             HttpTransport& transport, Logger& logger,
                             std::uint64_t seed)
    : options_(options), api_(options_.cluster, transport), logger_(logger) {
  std::vector<std::string> names = options_.namespaces;
  if (names.empty()) names.emplace_back();
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  if (options_.resume) left_.emplace(*options_.resume);
  Random seeds(seed);
  for (const std::string& name : names) {
    watchers_.push_back(std::make_unique<ClusterWatcher>(
        options_.watch,
        WatchedResource{.resource = "events",
                        .namespace_ = name,
                        .field_selector = options_.field_selector},
        DecodedObjects::kEvents, options_.lookback, api_, logger, seeds.Next(),
        left_ ? &*left_ : nullptr));
  }
}

// One line each time the number has doubled.
void ClusterSource::TellFailures() {
  const std::uint64_t failures = api_.credential_failures();
  if (failures < failures_to_tell_) return;
  failures_to_tell_ = failures * 2;
  logger_.Log(LogLevel::kWarning,
              "the credential cannot be fetched anew; the last good one stays",
              {{"credential", CredentialKind(options_.cluster)},
               {"times", std::to_string(failures)}});
}

EventBatch ClusterSource::Poll(Now now) {
  TellFailures();
  for (std::size_t i = 0; i < watchers_.size(); ++i) {
    ClusterWatcher& watcher = *watchers_[next_];
    next_ = (next_ + 1) % watchers_.size();
    const std::span<const Event> events = watcher.Poll(now);
    if (!events.empty()) return {SourceState::kEvents, events};
  }
  return {SourceState::kIdle, {}};
}

SteadyTime ClusterSource::NextDeadline() const {
  SteadyTime next = SteadyTime::max();
  for (const auto& watcher : watchers_) next = std::min(next, watcher->NextDeadline());
  return next;
}

bool ClusterSource::ready() const {
  return std::any_of(watchers_.begin(), watchers_.end(),
                     [](const auto& watcher) { return watcher->ready(); });
}

const DecoderCounters& ClusterSource::counters() const {
  counters_ = {};
  for (const auto& watcher : watchers_) AddCounters(watcher->counters(), counters_);
  return counters_;
}

std::optional<ResumePoint> ClusterSource::position() const {
  ResumePoint point;
  bool catching_up = false;  // with an earlier run
  for (const auto& watcher : watchers_) {
    if (!watcher->cluster_id().empty()) point.cluster_id = watcher->cluster_id();
    std::optional<WatchMark> mark = watcher->mark();
    catching_up = catching_up || !mark || mark->observed != mark->acknowledged;
    if (mark) point.marks.push_back(*std::move(mark));
  }
  if (left_ && catching_up) point.unacknowledged = left_->left();
  return point;
}

std::string_view ClusterSource::malformed_sample() const {
  for (const auto& watcher : watchers_) {
    if (const std::string_view s = watcher->malformed_sample(); !s.empty()) return s;
  }
  return {};
}

}  // namespace internal
}  // namespace k8sentry
