#include "k8sentry/testing/fake_http_transport.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace k8sentry::testing {

FakeHttpTransport::FakeHttpTransport(Responder responder)
    : responder_(std::move(responder)) {}

void FakeHttpTransport::Answer(FakeHttpAnswer answer) {
  answers_.push_back(std::move(answer));
}

void FakeHttpTransport::RefuseNext(Status error) { refusal_ = std::move(error); }

void FakeHttpTransport::Push(HttpRequestId id, std::string bytes) {
  const auto found = exchanges_.find(id);
  if (found != exchanges_.end()) found->second.pieces.push_back(std::move(bytes));
}

void FakeHttpTransport::End(HttpRequestId id, Status status) {
  const auto found = exchanges_.find(id);
  if (found == exchanges_.end()) return;
  found->second.ends = true;
  found->second.end = std::move(status);
}

Result<HttpRequestId> FakeHttpTransport::Start(HttpRequest request,
                                               HttpHandler& handler) {
  if (!refusal_.ok()) return std::exchange(refusal_, {});
  FakeHttpAnswer answer;
  if (!answers_.empty()) {
    answer = std::move(answers_.front());
    answers_.pop_front();
  } else if (responder_) {
    answer = responder_(request);
  }
  requests_.push_back(std::move(request));
  const HttpRequestId id = requests_.size();
  Exchange& exchange = exchanges_[id];
  exchange.handler = &handler;
  exchange.head = {answer.status, std::move(answer.headers)};
  exchange.head_told = answer.status == 0;
  exchange.sent_told =
      requests_.back().body.empty() || (answer.status == 0 && !answer.request_went_out);
  exchange.ends = !answer.stay_open;
  std::move(answer.body.begin(), answer.body.end(),
            std::back_inserter(exchange.pieces));
  exchange.end = std::move(answer.end);
  return id;
}

void FakeHttpTransport::Cancel(HttpRequestId id) {
  if (exchanges_.erase(id) > 0) cancelled_.push_back(id);
}

void FakeHttpTransport::Resume(HttpRequestId id) {
  const auto found = exchanges_.find(id);
  if (found != exchanges_.end()) found->second.paused = false;
}

bool FakeHttpTransport::HasWork(const Exchange& exchange) const {
  if (exchange.paused) return false;
  return !exchange.head_told || !exchange.pieces.empty() || exchange.ends;
}

void FakeHttpTransport::Poll(SteadyTime /*now*/) {
  std::vector<HttpRequestId> ids;
  for (const auto& [id, exchange] : exchanges_) {
    if (HasWork(exchange)) ids.push_back(id);
  }
  for (const HttpRequestId id : ids) Deliver(id);
}

// A handler may cancel its request or start others, so nothing is held over a call.
void FakeHttpTransport::Deliver(HttpRequestId id) {
  const auto find = [&]() -> Exchange* {
    const auto found = exchanges_.find(id);
    return found == exchanges_.end() ? nullptr : &found->second;
  };
  if (Exchange* exchange = find(); exchange && !exchange->sent_told) {
    exchange->sent_told = true;
    exchange->handler->OnSent();
  }
  if (Exchange* exchange = find(); exchange && !exchange->head_told) {
    exchange->head_told = true;
    const HttpResponseHead head = exchange->head;
    exchange->handler->OnHead(head);
  }
  for (Exchange* exchange = find();
       exchange && !exchange->paused && !exchange->pieces.empty(); exchange = find()) {
    const std::string piece = std::move(exchange->pieces.front());
    exchange->pieces.pop_front();
    const BodyFlow flow = exchange->handler->OnBody(piece);
    if (Exchange* still = find(); still && flow == BodyFlow::kPause)
      still->paused = true;
  }
  if (Exchange* exchange = find(); exchange && !exchange->paused && exchange->ends) {
    const Status end = std::move(exchange->end);
    HttpHandler* handler = exchange->handler;
    exchanges_.erase(id);
    handler->OnDone(end);
  }
}

SteadyTime FakeHttpTransport::NextDeadline() const {
  const bool work =
      std::any_of(exchanges_.begin(), exchanges_.end(),
                  [&](const auto& entry) { return HasWork(entry.second); });
  return work ? SteadyTime::min() : SteadyTime::max();
}

}  // namespace k8sentry::testing
