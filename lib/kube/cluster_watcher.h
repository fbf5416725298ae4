// A ClusterWatcher carries out what a WatchMachine decides, for one namespace or all.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "k8sentry/cluster_source.h"
#include "k8sentry/http_transport.h"
#include "kube/api_client.h"
#include "kube/watch_machine.h"

namespace k8sentry::internal {

// Adds `more` to `sum`, counter by counter.
void AddCounters(const DecoderCounters& more, DecoderCounters& sum);

class ClusterWatcher final : public HttpHandler {
 public:
  // Everything given must outlive it. `namespace_name` is empty for all.
  ClusterWatcher(const ClusterSourceOptions& options, const std::string& namespace_name,
                 ApiClient& api, Logger& logger, std::uint64_t seed, Resumption* left);
  ~ClusterWatcher();
  ClusterWatcher(const ClusterWatcher&) = delete;
  ClusterWatcher& operator=(const ClusterWatcher&) = delete;

  // Does what can be done now. At most 64 Events, valid until the next Poll.
  std::span<const Event> Poll(Now now);
  SteadyTime NextDeadline() const;
  // Something has come, or the last Poll gave Events.
  bool ready() const {
    return more_ || !inbox_.empty() || done_ || (head_ && !head_told_);
  }

  // Where it stands; no mark before the first list's end.
  const std::string& cluster_id() const { return machine_.cluster_id(); }
  std::optional<WatchMark> mark() const;

  // Of all responses so far, but for probes.
  DecoderCounters counters() const;
  std::string_view malformed_sample() const;

 private:
  // HttpHandler. Called between two Polls, when Events of the first may still be in
  // use: so these only take notes.
  void OnHead(const HttpResponseHead& head) override;
  BodyFlow OnBody(std::string_view bytes) override;
  void OnDone(const Status& status) override;

  bool StartNext(Now now);
  std::span<const Event> NextBatch(Time wall);
  // Feeds the decoder with what has come; false when nothing has.
  bool FeedInbox();
  void GiveUpWatch();
  void EndResponse(Now now);
  void ForgetResponse();
  void TellStatus();
  bool asks(Ask ask) const { return request_ && request_->ask == ask; }
  // Its frames are no Events of ours.
  bool probing() const { return asks(Ask::kProbe) || asks(Ask::kIdentify); }

  const ClusterSourceOptions& options_;
  const std::string name_;  // of its mark
  const std::string path_;
  const std::string label_;  // "namespace shop: ", for details
  ApiClient& api_;
  Logger& logger_;
  WatchMachine machine_;

  // The response under way.
  std::optional<WatchRequest> request_;
  HttpRequestId id_ = 0;
  std::optional<HttpResponseHead> head_;
  bool head_told_ = false;
  std::optional<WatchDecoder> decoder_;  // of this response alone
  std::string inbox_;                    // body bytes that the decoder has not got yet
  bool paused_ = false;
  std::string body_;  // of what is no list and no watch
  std::optional<Status> done_;
  bool decoder_ended_ = false;
  bool only_items_ = true;  // no Event of it stood outside of a List

  std::vector<Event> batch_;
  bool more_ = false;
  DecoderCounters past_;  // of responses that are over
  std::string past_sample_;
  WatchState told_ = WatchState::kConnecting;
  int told_resets_ = 0;
  std::uint64_t list_items_ = 0;
  std::uint64_t list_stale_ = 0;
};

}  // namespace k8sentry::internal
