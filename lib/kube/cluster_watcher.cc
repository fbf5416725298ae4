#include "kube/cluster_watcher.h"

#include <algorithm>
#include <utility>

namespace k8sentry::internal {
namespace {

constexpr char kClusterPath[] = "/api/v1/namespaces/kube-system";
// How long the old watch may take to bring what the new one has brought, before it
// counts as stalled.
constexpr Duration kStallGrace = std::chrono::milliseconds(500);

bool IsGood(WatchState state) {
  return state == WatchState::kListing || state == WatchState::kWatching ||
         state == WatchState::kConnecting;
}

}  // namespace

void AddCounters(const DecoderCounters& more, DecoderCounters& sum) {
  sum.events += more.events;
  sum.malformed += more.malformed;
  sum.deleted += more.deleted;
  sum.bookmarks += more.bookmarks;
  sum.errors += more.errors;
  sum.blank_lines += more.blank_lines;
  sum.bytes += more.bytes;
}

ClusterWatcher::ClusterWatcher(const WatchOptions& options,
                               const WatchedResource& resource, DecodedObjects objects,
                               Duration lookback, ApiClient& api, Logger& logger,
                               std::uint64_t seed, Resumption* left)
    : options_(options),
      name_(WatchName(resource)),
      path_(PathOf(resource)),
      objects_(objects),
      api_(api),
      logger_(logger),
      machine_(options, resource, lookback, seed, left) {
  status_.watch = name_;
}

SteadyTime ClusterWatcher::NextDeadline() const {
  SteadyTime next = machine_.NextDeadline();
  if (api_.pending()) next = std::max(next, api_.NextDeadline());
  if (ahead_since_) next = std::min(next, *ahead_since_ + kStallGrace);
  return next;
}

std::span<const Event> ClusterWatcher::Poll(Now now) {
  more_ = false;
  for (;;) {
    if (!response_ && !StartNext(now)) return {};
    StartRotation(now);
    if (const std::optional<int> status = response_->TakeHead()) {
      machine_.Head(*status, now.steady);
      TellStatus();
    }
    if (const std::span<const Event> events = NextBatch(now.wall); !events.empty()) {
      more_ = true;
      return events;
    }
    if (response_->Feed()) continue;
    response_->GiveUpHopeless();
    if (response_->done() && response_->EndInput()) continue;
    if (Rotate(now)) continue;
    if (!response_->done()) return {};
    EndResponse(now);
  }
}

std::unique_ptr<WatchResponse> ClusterWatcher::Send(WatchRequest request,
                                                    const Status& prepared) {
  std::string path = request.ask == Ask::kIdentify ? kClusterPath : path_;
  return std::make_unique<WatchResponse>(std::move(request), std::move(path), objects_,
                                         options_.http_version, prepared, api_);
}

bool ClusterWatcher::StartNext(Now now) {
  if (now.steady < machine_.NextDeadline()) return false;
  const Status prepared = api_.Prepare(now);
  if (api_.pending()) return false;
  std::optional<WatchRequest> next = machine_.Next(now.steady);
  if (!next) return false;
  response_ = Send(*std::move(next), prepared);
  return true;
}

std::span<const Event> ClusterWatcher::NextBatch(Time wall) {
  // Those of a watch that has taken over were read before it did.
  std::span<const Event> events;
  if (!next_) events = std::exchange(next_events_, {});
  if (events.empty()) events = response_->NextEvents();
  batch_.assign(events.begin(), events.end());
  for (Event& event : batch_) {
    const Reading reading = machine_.Judge(event, wall);
    event.stale = reading == Reading::kStale;
    event.retell = reading == Reading::kRetell;
    if (machine_.watching()) continue;
    ++list_items_;
    list_stale_ += event.stale ? 1 : 0;
  }
  if (machine_.watching())
    machine_.Advance(response_->decoder().last_resource_version());
  return batch_;
}

// --- rotation ---

void ClusterWatcher::StartRotation(Now now) {
  if (next_ || now.steady < machine_.NextDeadline()) return;
  const Status prepared = api_.Prepare(now);
  if (api_.pending()) return;
  std::optional<WatchRequest> next = machine_.NextRotation(now.steady);
  if (next) next_ = Send(*std::move(next), prepared);
}

bool ClusterWatcher::Rotate(Now now) {
  if (!next_) return false;
  next_->TakeHead();
  // Whatever ended the old watch, the new one began at or below its mark.
  if (response_->done()) return TakeOver(false, now);
  if (next_events_.empty()) {
    next_events_ = next_->NextEvents();
    if (next_events_.empty() && next_->Feed()) next_events_ = next_->NextEvents();
  }
  next_->GiveUpHopeless();
  if (next_->done() && next_events_.empty()) {
    // The old one goes on, and tells at its end what is the matter.
    Remember(*next_);
    next_.reset();
    ahead_since_.reset();
    machine_.RotationFailed();
    return true;
  }
  const std::string_view version = next_events_.empty()
                                       ? next_->decoder().last_resource_version()
                                       : next_events_.front().resource_version;
  if (version.empty()) return false;  // nothing has come yet
  if (!machine_.IsNews(version)) return TakeOver(false, now);
  if (!ahead_since_) ahead_since_ = now.steady;
  if (now.steady < *ahead_since_ + kStallGrace) return false;
  return TakeOver(true, now);
}

bool ClusterWatcher::TakeOver(bool stalled, Now now) {
  Remember(*response_);
  response_ = std::move(next_);
  ahead_since_.reset();
  machine_.Rotated(stalled, now.steady);
  TellStatus();
  if (stalled) {
    machine_.Head(200, now.steady);
    TellStatus();
  }
  return true;
}

void ClusterWatcher::EndResponse(Now now) {
  const ResponseEnd end = response_->End(now.wall);
  const bool first_list = machine_.mark().empty();
  machine_.End(end, now.steady);
  Remember(*response_);
  response_.reset();
  if (first_list && !machine_.mark().empty()) {
    logger_.Log(LogLevel::kInfo, "first list read",
                {{"watch", name_},
                 {"items", std::to_string(list_items_)},
                 {"older than lookback", std::to_string(list_stale_)}});
  }
  TellStatus();
}

void ClusterWatcher::Remember(const WatchResponse& response) {
  if (response.probes()) return;
  const DecoderCounters& read = response.decoder().counters();
  AddCounters(read, past_);
  if (read.malformed > 0) past_sample_ = response.decoder().malformed_sample();
}

void ClusterWatcher::TellStatus() {
  if (machine_.storage_resets() != told_resets_) {
    told_resets_ = machine_.storage_resets();
    list_items_ = list_stale_ = 0;
    logger_.Log(LogLevel::kError,
                "the cluster's storage is another one than was read; reading all anew",
                {{"cluster", api_.cluster().origin}});
  }
  const WatchStatus& status = machine_.status();
  if (status.state == status_.state) return;
  status_ = status;
  status_.watch = name_;
  if (options_.on_status) return options_.on_status(status_);
  logger_.Log(IsGood(status.state) ? LogLevel::kInfo : LogLevel::kWarning, "watch",
              {{"watch", name_},
               {"state", std::string(WatchStateName(status.state))},
               {"detail", status.detail}});
}

std::optional<WatchMark> ClusterWatcher::mark() const {
  if (machine_.observed().empty()) return std::nullopt;
  return WatchMark{name_, machine_.observed(), machine_.mark()};
}

DecoderCounters ClusterWatcher::counters() const {
  DecoderCounters sum = past_;
  if (response_ && !response_->probes()) {
    AddCounters(response_->decoder().counters(), sum);
  }
  return sum;
}

std::string_view ClusterWatcher::malformed_sample() const {
  const bool fresh = response_ && !response_->probes() &&
                     response_->decoder().counters().malformed > 0;
  return fresh ? response_->decoder().malformed_sample() : past_sample_;
}

}  // namespace k8sentry::internal
