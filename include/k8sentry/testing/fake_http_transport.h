// A FakeHttpTransport answers requests from memory, as a test's script says.
//
// It opens no socket: what is started is recorded, and Poll hands out the answers. With
// it, whatever stands on HttpTransport is tested without network, ports or waiting.
//
//   FakeHttpTransport http;
//   http.Answer({.status = 503, .headers = {{"Retry-After", "5"}}});
//   ... start requests, http.Poll(now), look at http.requests() ...
//
// Threads: one at a time per instance.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "k8sentry/http_transport.h"

namespace k8sentry::testing {

struct FakeHttpAnswer {
  int status = 200;  // 0: no response at all, only `end`
  std::vector<HttpHeader> headers = {};
  std::vector<std::string> body = {};  // handed out piece by piece
  Status end = {};                     // what OnDone says
  // With a status of 0: the request had gone out whole (OnSent) before it failed.
  bool request_went_out = false;
  // Leaves the response open after its pieces, as a watch: see Push and End.
  bool stay_open = false;
};

class FakeHttpTransport final : public HttpTransport {
 public:
  using Responder = std::function<FakeHttpAnswer(const HttpRequest&)>;

  // `responder` answers what no call of Answer spoke of; without it: 200, no body.
  explicit FakeHttpTransport(Responder responder = {});

  // The answer to the next request that has none yet; call again for the one after it.
  void Answer(FakeHttpAnswer answer);
  // The next call of Start fails with `error`.
  void RefuseNext(Status error);

  // Every request started, in order; the first has the id 1.
  const std::vector<HttpRequest>& requests() const { return requests_; }
  // The ids given to Cancel while their request was under way.
  const std::vector<HttpRequestId>& cancelled() const { return cancelled_; }
  // Requests under way.
  std::size_t open() const { return exchanges_.size(); }

  // More for a response that stays open: bytes, or its end. Handed out by Poll.
  // Unknown ids are ignored.
  void Push(HttpRequestId id, std::string bytes);
  void End(HttpRequestId id, Status status = {});

  Result<HttpRequestId> Start(HttpRequest request, HttpHandler& handler) override;
  void Cancel(HttpRequestId id) override;
  void Resume(HttpRequestId id) override;
  // Hands out all that can be handed out, in order of the ids; not what is started or
  // resumed meanwhile by a handler.
  void Poll(SteadyTime now) override;
  // min() while Poll has something to hand out.
  SteadyTime NextDeadline() const override;
  int descriptor() const override { return -1; }

 private:
  struct Exchange {
    HttpHandler* handler = nullptr;
    HttpResponseHead head;
    bool head_told = false;
    bool sent_told = true;
    bool paused = false;
    bool ends = true;
    std::deque<std::string> pieces;
    Status end;
  };

  bool HasWork(const Exchange& exchange) const;
  void Deliver(HttpRequestId id);

  Responder responder_;
  std::deque<FakeHttpAnswer> answers_;
  Status refusal_;
  std::vector<HttpRequest> requests_;
  std::vector<HttpRequestId> cancelled_;
  std::map<HttpRequestId, Exchange> exchanges_;
};

}  // namespace k8sentry::testing
