#include "k8sentry/testing/fake_sentry.h"

#include <zlib.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <utility>

#include "k8sentry/json_writer.h"
#include "k8sentry/testing/loopback_server.h"
#include "testing/fake_api_bodies.h"

namespace k8sentry::testing {
namespace {

constexpr std::string_view kKey = "0123456789abcdef0123456789abcdef";
constexpr std::string_view kTarget = "/api/42/envelope/";
constexpr std::size_t kMaxEnvelope = 20 << 20;
constexpr std::size_t kMaxEvent = 1 << 20;  // Relay's default

// The bytes of a gzip member, or nullopt: no gzip, cut off, too large.
std::optional<std::string> Gunzip(std::string_view bytes) {
  z_stream stream = {};
  if (inflateInit2(&stream, 15 + 16) != Z_OK) return std::nullopt;
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  std::string out;
  int state = Z_OK;
  while (state == Z_OK && out.size() <= kMaxEnvelope) {
    char piece[16384];
    stream.next_out = reinterpret_cast<Bytef*>(piece);
    stream.avail_out = sizeof piece;
    state = inflate(&stream, Z_NO_FLUSH);
    out.append(piece, sizeof piece - stream.avail_out);
  }
  const bool whole = state == Z_STREAM_END && stream.avail_in == 0;
  inflateEnd(&stream);
  if (!whole) return std::nullopt;
  return out;
}

LoopbackResponse Refusal(int status, std::string_view detail) {
  LoopbackResponse response;
  response.status = status;
  response.headers = {{"Content-Type", "application/json"}};
  JsonWriter json(response.body);
  json.BeginObject().Key("detail").String(detail).EndObject();
  return response;
}

class LoopbackSentry final : public FakeSentry {
 public:
  explicit LoopbackSentry(FakeSentryOptions options) : options_(std::move(options)) {}

  Status Listen() {
    Result<std::unique_ptr<LoopbackServer>> server = NewLoopbackServer(
        [this](const LoopbackRequest& request) { return Respond(request); });
    if (!server.ok()) return server.status();
    server_ = *std::move(server);
    return {};
  }

  int port() const override { return server_->port(); }
  std::string dsn() const override {
    return "http://" + std::string(kKey) + "@127.0.0.1:" + std::to_string(port()) +
           "/42";
  }
  void Answer(FakeSentryAnswer answer) override {
    const std::lock_guard lock(mutex_);
    answers_.push_back(std::move(answer));
  }
  std::vector<ReceivedEnvelope> envelopes() const override {
    const std::lock_guard lock(mutex_);
    return envelopes_;
  }
  std::vector<std::string> faults() const override {
    const std::lock_guard lock(mutex_);
    return faults_;
  }
  bool WaitForEnvelopes(std::size_t count, Duration limit) const override {
    std::unique_lock lock(mutex_);
    return arrived_.wait_for(lock, limit, [&] { return envelopes_.size() >= count; });
  }

 private:
  LoopbackResponse Respond(const LoopbackRequest& request);
  LoopbackResponse Fault(int status, std::string what);
  LoopbackResponse Take(ReceivedEnvelope envelope);

  const FakeSentryOptions options_;
  mutable std::mutex mutex_;
  mutable std::condition_variable arrived_;
  std::deque<FakeSentryAnswer> answers_;
  std::vector<ReceivedEnvelope> envelopes_;
  std::vector<std::string> faults_;
  // Last: its thread, which uses the rest, ends first.
  std::unique_ptr<LoopbackServer> server_;
};

LoopbackResponse LoopbackSentry::Fault(int status, std::string what) {
  LoopbackResponse response = Refusal(status, what);
  const std::lock_guard lock(mutex_);
  faults_.push_back(std::move(what));
  return response;
}

LoopbackResponse LoopbackSentry::Respond(const LoopbackRequest& request) {
  if (request.method != "POST") return Fault(405, "method " + request.method);
  if (request.target != kTarget) return Fault(404, "path " + request.target);
  const std::string_view auth = request.header("X-Sentry-Auth");
  if (!auth.starts_with("Sentry ") ||
      auth.find("sentry_version=7") == std::string_view::npos ||
      auth.find("sentry_client=") == std::string_view::npos) {
    return Fault(403, "X-Sentry-Auth is missing or incomplete");
  }
  if (auth.find("sentry_key=" + std::string(kKey)) == std::string_view::npos) {
    return Fault(403, "project rejected: unknown key");
  }
  if (request.header("Content-Type") != "application/x-sentry-envelope") {
    return Fault(400, "wrong Content-Type");
  }
  if (request.header("User-Agent").empty()) return Fault(400, "no User-Agent");
  const std::string_view encoding = request.header("Content-Encoding");
  std::optional<std::string> body = request.body;
  if (encoding == "gzip") {
    body = Gunzip(request.body);
    if (!body) return Fault(400, "the body is not the gzip that its header says");
  } else if (!encoding.empty()) {
    return Fault(400, "Content-Encoding is not gzip");
  }
  Result<ReceivedEnvelope> envelope = ParseEnvelope(*body);
  if (!envelope.ok()) return Fault(400, envelope.status().message());
  if (envelope->event().size() > kMaxEvent) return Fault(413, "the event is too large");
  envelope->compressed = !encoding.empty();
  envelope->wire_bytes = request.body.size();
  return Take(*std::move(envelope));
}

// Holds a response back for a while.
class LateBody final : public LoopbackBody {
 public:
  LateBody(std::shared_ptr<LoopbackBody> body, Duration delay)
      : body_(std::move(body)), delay_(delay) {}
  Piece Next(SteadyTime now) override {
    if (!begins_) begins_ = now + delay_;
    if (now < *begins_) return {"", LoopbackThen::kWait, *begins_};
    return body_->Next(now);
  }

 private:
  const std::shared_ptr<LoopbackBody> body_;
  const Duration delay_;
  std::optional<SteadyTime> begins_;
};

// The bytes of `response`, broken as `answer` says.
void Spoil(const FakeSentryAnswer& answer, LoopbackResponse& response) {
  const FakeFault& fault = answer.fault;
  response.never_answer = fault.no_answer;
  response.stop_reading = fault.stop_reading;
  if (fault.then == FakeFault::kGoOn && fault.drip == Duration() &&
      answer.delay == Duration()) {
    return;
  }
  std::string bytes = "HTTP/1.1 " + std::to_string(response.status) + " Scripted\r\n";
  for (const HttpHeader& header : response.headers) {
    bytes += header.name + ": " + header.value + "\r\n";
  }
  bytes += "Content-Length: " + std::to_string(response.body.size()) + "\r\n\r\n";
  response.raw =
      internal::NewFaultyBody(internal::NewTextBody(bytes + response.body), fault);
  if (answer.delay > Duration()) {
    response.raw = std::make_shared<LateBody>(std::move(response.raw), answer.delay);
  }
}

LoopbackResponse LoopbackSentry::Take(ReceivedEnvelope envelope) {
  FakeSentryAnswer answer;
  {
    const std::lock_guard lock(mutex_);
    if (!answers_.empty()) {
      answer = std::move(answers_.front());
      answers_.pop_front();
    }
  }
  LoopbackResponse response;
  response.status = envelope.status = answer.status;
  response.headers = answer.headers;
  response.body = answer.body;
  if (response.body.empty() && answer.status == 200) {
    response.headers.push_back({"Content-Type", "application/json"});
    response.body = "{\"id\":\"" + envelope.event_id + "\"}";
  }
  Spoil(answer, response);
  if (options_.on_envelope) options_.on_envelope(envelope);
  const std::lock_guard lock(mutex_);
  envelopes_.push_back(std::move(envelope));
  arrived_.notify_all();
  return response;
}

}  // namespace

Result<std::unique_ptr<FakeSentry>> NewFakeSentry(FakeSentryOptions options) {
  auto sentry = std::make_unique<LoopbackSentry>(std::move(options));
  if (Status s = sentry->Listen(); !s.ok()) return s;
  return std::unique_ptr<FakeSentry>(std::move(sentry));
}

}  // namespace k8sentry::testing
