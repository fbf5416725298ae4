#include "kube/watch_response.h"

#include <utility>

#include "base/retry_after.h"
#include "json/json_reader.h"

namespace k8sentry::internal {
namespace {

// Beyond this the request is paused until the decoder has caught up.
constexpr std::size_t kMaxInboxBytes = 128 << 10;
// Of the metadata of one namespace.
constexpr std::size_t kMaxObjectBytes = 256 << 10;
// So many in a row are no accident: the stream has lost its way.
constexpr std::uint64_t kMaxMalformedInARow = 10;

std::uint64_t GoodFrames(const DecoderCounters& read) {
  return read.events + read.deleted + read.bookmarks;
}

}  // namespace

WatchResponse::WatchResponse(WatchRequest request, std::string path,
                             DecodedObjects objects, HttpVersion version,
                             const Status& prepared, ApiClient& api)
    : request_(std::move(request)), api_(api), decoder_({.objects = objects}) {
  if (!prepared.ok()) {
    done_ = prepared;
    return;
  }
  const bool watch = asks(Ask::kWatch);
  if (!request_.query.empty()) path += "?" + request_.query;
  HttpRequest get =
      api_.Get(path, asks(Ask::kIdentify) ? kAcceptMetadata : kAcceptJson);
  get.group = watch ? ConnectionGroup::kWatch : ConnectionGroup::kList;
  get.version = version;
  get.accept_gzip = !watch;
  get.deadline = request_.deadline;
  const Result<HttpRequestId> id = api_.Start(std::move(get), *this);
  started_ = id.ok();
  if (started_) {
    id_ = *id;
  } else {
    done_ = id.status();
  }
}

WatchResponse::~WatchResponse() { Cancel(); }

void WatchResponse::Cancel() {
  if (started_ && !done_) api_.transport().Cancel(id_);
  started_ = false;
}

std::optional<int> WatchResponse::TakeHead() {
  if (!head_ || std::exchange(head_told_, true)) return std::nullopt;
  return head_->status;
}

BodyFlow WatchResponse::OnBody(std::string_view bytes) {
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

std::span<const Event> WatchResponse::NextEvents() {
  std::span<const Event> events = decoder_.NextEvents();
  if (!asks(Ask::kWatch)) {
    for (const Event& event : events) {
      only_items_ = only_items_ && event.frame_type == FrameType::kListItem;
    }
  }
  if (probes()) {
    while (!events.empty()) events = decoder_.NextEvents();
  }
  return events;
}

bool WatchResponse::Feed() {
  if (inbox_.empty()) return false;
  decoder_.Feed(inbox_);
  inbox_.clear();
  if (std::exchange(paused_, false)) api_.transport().Resume(id_);
  return true;
}

void WatchResponse::GiveUpHopeless() {
  if (!asks(Ask::kWatch) || done_) return;
  const DecoderCounters& read = decoder_.counters();
  if (GoodFrames(read) != good_before_) {
    good_before_ = GoodFrames(read);
    malformed_before_ = read.malformed;
  }
  Status why;
  if (read.errors > 0) {
    // A server ends its watch after an ERROR frame; should it not, we do.
  } else if (read.malformed >= malformed_before_ + kMaxMalformedInARow) {
    why = Status(StatusCode::kUnavailable,
                 "ten frames in a row could not be read; asking for them again");
  } else if (ok() && !head_->header("Content-Encoding").empty()) {
    why = Status(StatusCode::kUnavailable,
                 "a proxy compresses the watch, which was asked for plain");
  } else {
    return;
  }
  Cancel();
  done_ = why;
}

bool WatchResponse::EndInput() {
  if (std::exchange(input_ended_, true)) return false;
  decoder_.End(StreamEnd::kWatch);
  return true;
}

ResponseEnd WatchResponse::End(Time wall) {
  ResponseEnd end;
  end.transport = *done_;
  if (head_) {
    end.http_status = head_->status;
    end.retry_after = ParseRetryAfter(head_->header("Retry-After"), wall);
  }
  const DecoderCounters& read = decoder_.counters();
  if (end.http_status == 401) api_.Refused();
  if (end.http_status != 200) {
    end.error = ParseApiStatus(body_);
  } else if (asks(Ask::kIdentify)) {
    end.cluster_id = JsonStringAt(body_, {"metadata", "uid"}).value_or("");
  } else if (read.errors > 0) {
    end.error_frame = true;
    end.error = ParseApiStatus(decoder_.last_error());
  } else if (!asks(Ask::kWatch)) {
    end.list_version = decoder_.last_resource_version();
    end.list_continue = decoder_.list_continue();
    // Only a List's end has a version here; frames of a watch would have one, too.
    end.list_ended =
        !end.list_version.empty() && only_items_ && read.deleted + read.bookmarks == 0;
  }
  return end;
}

}  // namespace k8sentry::internal
