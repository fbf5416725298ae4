// A WatchResponse is one request of a WatchMachine and what has come back so far.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "k8sentry/http_transport.h"
#include "k8sentry/watch_decoder.h"
#include "kube/api_client.h"
#include "kube/watch_machine.h"

namespace k8sentry::internal {

class WatchResponse final : public HttpHandler {
 public:
  // Sends `request` for `path`. `prepared` is what ApiClient::Prepare said; `api` must
  // outlive it.
  WatchResponse(WatchRequest request, std::string path, DecodedObjects objects,
                HttpVersion version, const Status& prepared, ApiClient& api);
  ~WatchResponse();
  WatchResponse(const WatchResponse&) = delete;
  WatchResponse& operator=(const WatchResponse&) = delete;

  bool asks(Ask ask) const { return request_.ask == ask; }
  // Its frames are no Events of ours.
  bool probes() const { return asks(Ask::kProbe) || asks(Ask::kIdentify); }
  const WatchRequest& request() const { return request_; }

  // Something has come that was not looked at yet.
  bool ready() const { return !inbox_.empty() || done_ || (head_ && !head_told_); }
  // The head's status code, once; nullopt before it has come and from then on.
  std::optional<int> TakeHead();
  bool ok() const { return head_ && head_->status == 200; }

  // The next Events, of a probe none. Valid until the next call of Feed.
  std::span<const Event> NextEvents();
  // Gives the decoder what has come; false when nothing has.
  bool Feed();
  // Ends a watch that can bring nothing more, although it is open.
  void GiveUpHopeless();
  bool done() const { return done_.has_value(); }
  // At the end of all bytes; true when NextEvents may have a last one.
  bool EndInput();
  // What became of it. Requires: done, and all its Events were taken.
  ResponseEnd End(Time wall);
  void Cancel();

  const WatchDecoder& decoder() const { return decoder_; }

 private:
  // HttpHandler. Called between two Polls, when Events of the first may still be in
  // use: so these only take notes.
  void OnHead(const HttpResponseHead& head) override { head_ = head; }
  BodyFlow OnBody(std::string_view bytes) override;
  void OnDone(const Status& status) override { done_ = status; }

  const WatchRequest request_;
  ApiClient& api_;
  HttpRequestId id_ = 0;
  bool started_ = false;
  std::optional<HttpResponseHead> head_;
  bool head_told_ = false;
  WatchDecoder decoder_;
  std::string inbox_;  // body bytes that the decoder has not got yet
  bool paused_ = false;
  std::string body_;  // of what is no list and no watch
  std::optional<Status> done_;
  bool input_ended_ = false;
  bool only_items_ = true;  // no Event of it stood outside of a List
  // Frames that could not be read since the last that could.
  std::uint64_t malformed_before_ = 0;
  std::uint64_t good_before_ = 0;
};

}  // namespace k8sentry::internal
