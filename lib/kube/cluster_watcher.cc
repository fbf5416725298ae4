#include "kube/cluster_watcher.h"

#include <algorithm>
#include <utility>

#include "base/retry_after.h"
#include "json/json_reader.h"

namespace k8sentry::internal {
namespace {

// Beyond this the request is paused until the decoder has caught up.
constexpr std::size_t kMaxInboxBytes = 2 << 20;
// Of the metadata of one namespace.
constexpr std::size_t kMaxObjectBytes = 256 << 10;
constexpr char kClusterPath[] = "/api/v1/namespaces/kube-system";

std::string EventsPath(const std::string& namespace_name) {
  return namespace_name.empty() ? "/api/v1/events"
                                : "/api/v1/namespaces/" + namespace_name + "/events";
}

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

ClusterWatcher::ClusterWatcher(const ClusterSourceOptions& options,
                               const std::string& namespace_name, ApiClient& api,
                               Logger& logger, std::uint64_t seed, Resumption* left)
    : options_(options),
      name_(namespace_name.empty() ? "events" : "events in " + namespace_name),
      path_(EventsPath(namespace_name)),
      label_(namespace_name.empty() ? "" : "namespace " + namespace_name + ": "),
      api_(api),
      logger_(logger),
      machine_(options, seed, name_, left) {}

ClusterWatcher::~ClusterWatcher() {
  if (request_ && !done_) api_.transport().Cancel(id_);
}

SteadyTime ClusterWatcher::NextDeadline() const {
  const SteadyTime next = machine_.NextDeadline();
  return api_.pending() ? std::max(next, api_.NextDeadline()) : next;
}

std::span<const Event> ClusterWatcher::Poll(Now now) {
  more_ = false;
  for (;;) {
    if (!request_ && !StartNext(now)) return {};
    if (head_ && !std::exchange(head_told_, true)) {
      machine_.Head(head_->status, now.steady);
      TellStatus();
    }
    if (const std::span<const Event> events = NextBatch(now.wall); !events.empty()) {
      more_ = true;
      return events;
    }
    if (FeedInbox()) continue;
    GiveUpWatch();
    if (!done_) return {};
    if (!std::exchange(decoder_ended_, true)) {
      decoder_->End(StreamEnd::kWatch);
    } else {
      EndResponse(now);
    }
  }
}

// Ends a watch that can bring nothing more.
void ClusterWatcher::GiveUpWatch() {
  if (!machine_.watching() || done_) return;
  // A server ends its watch after an ERROR frame; should it not, we do.
  if (decoder_->counters().errors > 0) {
    done_ = Status();
  } else if (head_ && head_->status == 200 &&
             !head_->header("Content-Encoding").empty()) {
    done_ = Status(StatusCode::kUnavailable,
                   "a proxy compresses the watch, which was asked for plain");
  } else {
    return;
  }
  api_.transport().Cancel(id_);
}

bool ClusterWatcher::StartNext(Now now) {
  if (now.steady < machine_.NextDeadline()) return false;
  const Status prepared = api_.Prepare(now);
  if (api_.pending()) return false;
  std::optional<WatchRequest> next = machine_.Next(now.steady);
  if (!next) return false;
  const bool watch = next->ask == Ask::kWatch;
  request_ = std::move(next);
  decoder_.emplace();
  if (!prepared.ok()) {
    done_ = prepared;
    return true;
  }
  std::string path = asks(Ask::kIdentify) ? kClusterPath : path_;
  if (!request_->query.empty()) path += "?" + request_->query;
  HttpRequest request =
      api_.Get(path, asks(Ask::kIdentify) ? kAcceptMetadata : kAcceptJson);
  request.group = watch ? ConnectionGroup::kWatch : ConnectionGroup::kList;
  request.accept_gzip = !watch;
  request.deadline = request_->deadline;
  Result<HttpRequestId> id = api_.Start(std::move(request), *this);
  if (id.ok()) {
    id_ = *id;
  } else {
    done_ = id.status();
  }
  return true;
}

std::span<const Event> ClusterWatcher::NextBatch(Time wall) {
  std::span<const Event> events = decoder_->NextEvents();
  if (!machine_.watching()) {
    for (const Event& event : events) {
      only_items_ = only_items_ && event.frame_type == FrameType::kListItem;
    }
  }
  if (probing()) {
    while (!events.empty()) events = decoder_->NextEvents();
    return {};
  }
  batch_.assign(events.begin(), events.end());
  for (Event& event : batch_) {
    const Reading reading = machine_.Judge(event, wall);
    event.stale = reading == Reading::kStale;
    event.retell = reading == Reading::kRetell;
    if (machine_.watching()) continue;
    ++list_items_;
    list_stale_ += event.stale ? 1 : 0;
  }
  if (machine_.watching()) machine_.Advance(decoder_->last_resource_version());
  return batch_;
}

bool ClusterWatcher::FeedInbox() {
  if (inbox_.empty()) return false;
  decoder_->Feed(inbox_);
  inbox_.clear();
  if (std::exchange(paused_, false)) api_.transport().Resume(id_);
  return true;
}

void ClusterWatcher::EndResponse(Now now) {
  ResponseEnd end;
  end.transport = *std::move(done_);
  if (head_) {
    end.http_status = head_->status;
    end.retry_after = ParseRetryAfter(head_->header("Retry-After"), now.wall);
  }
  const DecoderCounters& read = decoder_->counters();
  if (end.http_status == 401) api_.Refused();
  if (end.http_status != 200) {
    end.error = ParseApiStatus(body_);
  } else if (asks(Ask::kIdentify)) {
    end.cluster_id = JsonStringAt(body_, {"metadata", "uid"}).value_or("");
  } else if (read.errors > 0) {
    end.error_frame = true;
    end.error = ParseApiStatus(decoder_->last_error());
  } else if (request_->ask != Ask::kWatch) {
    end.list_version = decoder_->last_resource_version();
    end.list_continue = decoder_->list_continue();
    // Only a List's end has a version here; frames of a watch would have one, too.
    end.list_ended =
        !end.list_version.empty() && only_items_ && read.deleted + read.bookmarks == 0;
  }
  if (!probing()) {
    AddCounters(read, past_);
    if (read.malformed > 0) past_sample_ = decoder_->malformed_sample();
  }
  const bool first_list = machine_.mark().empty();
  machine_.End(end, now.steady);
  ForgetResponse();
  if (first_list && !machine_.mark().empty()) {
    logger_.Log(LogLevel::kInfo, "first list read",
                {{"items", std::to_string(list_items_)},
                 {"older than lookback", std::to_string(list_stale_)}});
  }
  TellStatus();
}

void ClusterWatcher::ForgetResponse() {
  request_.reset();
  head_.reset();
  head_told_ = false;
  decoder_.reset();
  decoder_ended_ = false;
  only_items_ = true;
  inbox_.clear();
  body_.clear();
  paused_ = false;
  done_.reset();
}

void ClusterWatcher::TellStatus() {
  if (machine_.storage_resets() != told_resets_) {
    told_resets_ = machine_.storage_resets();
    list_items_ = list_stale_ = 0;
    logger_.Log(LogLevel::kError,
                "the cluster's storage is older than what was read; reading all anew",
                {{"cluster", options_.cluster.origin}});
  }
  WatchStatus status = machine_.status();
  if (status.state == told_) return;
  told_ = status.state;
  status.detail.insert(0, label_);
  if (options_.on_status) return options_.on_status(status);
  logger_.Log(
      IsGood(told_) ? LogLevel::kInfo : LogLevel::kWarning, "watch",
      {{"state", std::string(WatchStateName(told_))}, {"detail", status.detail}});
}

void ClusterWatcher::OnHead(const HttpResponseHead& head) { head_ = head; }

BodyFlow ClusterWatcher::OnBody(std::string_view bytes) {
  const bool failed = head_ && head_->status != 200;
  if (failed || asks(Ask::kIdentify)) {
    const std::size_t limit = failed ? kMaxErrorBytes : kMaxObjectBytes;
    body_.append(bytes.substr(0, limit - body_.size()));
    return BodyFlow::kContinue;
  }
  inbox_.append(bytes);
  paused_ = inbox_.size() > kMaxInboxBytes;
  return paused_ ? BodyFlow::kPause : BodyFlow::kContinue;
}

void ClusterWatcher::OnDone(const Status& status) { done_ = status; }

std::optional<WatchMark> ClusterWatcher::mark() const {
  if (machine_.observed().empty()) return std::nullopt;
  return WatchMark{name_, machine_.observed(), machine_.mark()};
}

DecoderCounters ClusterWatcher::counters() const {
  DecoderCounters sum = past_;
  if (decoder_ && !probing()) AddCounters(decoder_->counters(), sum);
  return sum;
}

std::string_view ClusterWatcher::malformed_sample() const {
  const bool fresh = decoder_ && !probing() && decoder_->counters().malformed > 0;
  return fresh ? decoder_->malformed_sample() : past_sample_;
}

}  // namespace k8sentry::internal
