// What tests of a transport need: a handler that notes what it gets, and a loop.
#pragma once

#include <poll.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "k8sentry/http_transport.h"
#include "k8sentry/testing/loopback_server.h"

namespace k8sentry {

// Notes a response. `on_body` may ask to pause, cancel or start another one.
class NotedResponse : public HttpHandler {
 public:
  void OnHead(const HttpResponseHead& h) override { head = h; }
  BodyFlow OnBody(std::string_view bytes) override {
    body.append(bytes);
    ++pieces;
    return on_body ? on_body() : BodyFlow::kContinue;
  }
  void OnSent() override {
    ++sents;
    if (on_sent) on_sent();
  }
  void OnDone(const Status& s) override {
    ++ends;
    status = s;
    if (on_done) on_done();
  }

  bool done() const { return ends > 0; }
  StatusCode code() const { return status ? status->code() : StatusCode::kCancelled; }

  std::optional<HttpResponseHead> head;
  std::string body;
  int pieces = 0;
  int ends = 0;
  int sents = 0;
  std::optional<Status> status;
  std::function<BodyFlow()> on_body;
  std::function<void()> on_done;
  std::function<void()> on_sent;
};

// Waits as a host does until `transport` is to be polled, and polls it. False when that
// is not so within `limit`.
inline bool PollWhenDue(HttpTransport& transport,
                        Duration limit = std::chrono::milliseconds(100)) {
  const SteadyTime now = std::chrono::steady_clock::now();
  const SteadyTime end = std::clamp(transport.NextDeadline(), now, now + limit);
  const auto ms = std::chrono::ceil<std::chrono::milliseconds>(end - now);
  pollfd ready = {transport.descriptor(), POLLIN, 0};
  poll(&ready, 1, static_cast<int>(ms.count()));
  const SteadyTime then = std::chrono::steady_clock::now();
  if (ready.revents == 0 && transport.NextDeadline() > then) return false;
  transport.Poll(then);
  return true;
}

// Polls `transport` whenever it is due; false when `finished` is not true after ten
// seconds.
inline bool RunUntil(HttpTransport& transport, const std::function<bool()>& finished) {
  const SteadyTime end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!finished()) {
    if (std::chrono::steady_clock::now() > end) return false;
    PollWhenDue(transport);
  }
  return true;
}

inline bool RunUntilDone(HttpTransport& transport, const NotedResponse& response) {
  return RunUntil(transport, [&] { return response.done(); });
}

inline std::unique_ptr<HttpTransport> Transport() { return *NewHttpTransport(); }

inline std::unique_ptr<testing::LoopbackServer> Serve(
    testing::LoopbackServer::Handler handler) {
  return *testing::NewLoopbackServer(std::move(handler));
}

inline std::unique_ptr<testing::LoopbackServer> ServeAlways(
    testing::LoopbackResponse response) {
  return Serve([response](const testing::LoopbackRequest&) { return response; });
}

}  // namespace k8sentry
