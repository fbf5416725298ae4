// How the size of a message weighs in an issue, what scrubbing one costs, and how many
// issues a second go through a reporter. What is timed is checked first: a fast
// envelope that nobody can read is worth nothing.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "benchmarks/sentry/recorded.h"
#include "k8sentry/sentry_reporter.h"
#include "k8sentry/testing/fake_sentry.h"
#include "sentry/items.h"

namespace k8sentry::benchmarks {
namespace {

// A crash loop as the kubelet tells it, with a message of `message_bytes`.
Telling BackOff(std::size_t message_bytes) {
  std::string message =
      "Back-off restarting failed container c in pod bad-command_shop";
  message.resize(message_bytes, 'x');
  Event event;
  event.type = "Warning";
  event.name = "bad-command.18e9f0d7d9644269";
  event.namespace_ = "shop";
  event.uid = "d9780d6f-da75-4c3c-a869-c266e17ab1b7";
  event.resource_version = "736";
  event.involved_object = {.kind = "Pod",
                           .namespace_ = "shop",
                           .name = "bad-command",
                           .uid = "ac702fcd-de87-4b14-bebc-cfb3f54c1fbb",
                           .api_version = "v1",
                           .field_path = "spec.containers{c}"};
  event.reason = "BackOff";
  event.message = message;
  event.source_component = "kubelet";
  event.source_host = "localhost";
  event.reporting_component = "kubelet";
  event.last_timestamp = SentAt();
  Telling telling;
  telling.id.fill(0xAB);
  telling.workload_kind = "Pod";
  telling.event = OwnedEvent(event);
  telling.key = {.namespace_ = "shop",
                 .workload = "bad-command",
                 .container = "c",
                 .reason = "BackOff",
                 .message_class = "container"};
  telling.sightings = 1;
  telling.first_seen = telling.last_seen = SentAt();
  return telling;
}

void CheckEnvelope(const Telling& telling, const std::string& bytes) {
  const auto envelope = testing::ParseEnvelope(bytes);
  if (!envelope.ok()) Wrong(envelope.status().message());
  const std::string_view message = telling.event->message;
  if (envelope->event().find(message) == std::string_view::npos) {
    Wrong("the message is not in the event");
  }
}

void BM_WriteEnvelope(benchmark::State& state) {
  const Telling telling = BackOff(static_cast<std::size_t>(state.range(0)));
  const SentryOptions options;
  const Scrubber scrubber;
  const auto write = [&](std::string& out) {
    internal::AppendIssueEnvelope(internal::IssueToSend(telling, options, scrubber),
                                  options, SentAt(), out);
  };
  std::string once;
  write(once);
  CheckEnvelope(telling, once);
  for (auto _ : state) {
    std::string bytes;
    write(bytes);
    benchmark::DoNotOptimize(bytes);
  }
  state.SetItemsProcessed(state.iterations());
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(once.size()));
  state.counters["envelope_bytes"] = static_cast<double>(once.size());
}
BENCHMARK(BM_WriteEnvelope)->Arg(100)->Arg(1024)->Arg(8192);

// Messages as kubelets write them: nothing to mask, and words that look like it.
void BM_Scrub(benchmark::State& state, std::string_view text) {
  const Scrubber scrubber;
  if (scrubber.Scrub(text) != text) Wrong("there is nothing to mask");
  for (auto _ : state) benchmark::DoNotOptimize(scrubber.Scrub(text));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK_CAPTURE(
    BM_Scrub, probe,
    "Readiness probe failed: Get \"http://10.244.0.6:8080/healthz\": dial "
    "tcp 10.244.0.6:8080: connect: connection refused");
BENCHMARK_CAPTURE(BM_Scrub, secret,
                  "MountVolume.SetUp failed for volume \"v\" : secret "
                  "\"db-credentials\" not found");

// Answers 200 to everything, and forgets it.
class Yes final : public HttpTransport {
 public:
  Result<HttpRequestId> Start(HttpRequest request, HttpHandler& handler) override {
    wire_bytes = request.body.size();
    handler_ = &handler;
    return HttpRequestId{1};
  }
  void Cancel(HttpRequestId) override {}
  void Resume(HttpRequestId) override {}
  void Poll(SteadyTime) override {
    handler_->OnHead({.status = 200});
    handler_->OnDone({});
  }
  SteadyTime NextDeadline() const override { return SteadyTime::min(); }
  int descriptor() const override { return -1; }

  std::size_t wire_bytes = 0;

 private:
  HttpHandler* handler_ = nullptr;
};

// From the telling to the request and back to its outcome, without a network.
void BM_Report(benchmark::State& state) {
  const Telling telling = BackOff(100);
  Yes http;
  const SentryOptions options = {
      .dsn = *ParseDsn("http://0123456789abcdef0123456789abcdef@127.0.0.1/42"),
      .gzip_from_bytes = static_cast<std::size_t>(state.range(0))};
  auto reporter = NewSentryReporter(options, http);
  if (!reporter.ok()) Wrong(reporter.status().message());
  const Now now = {SteadyTime(std::chrono::hours(1)), SentAt()};
  std::int64_t delivered = 0;
  for (auto _ : state) {
    (*reporter)->Send({&telling, 1}, now, [&](std::size_t, const Outcome& outcome) {
      delivered += outcome.kind == Outcome::Kind::kDelivered;
    });
    http.Poll(now.steady);
    (*reporter)->Poll(now);
  }
  if (delivered != static_cast<std::int64_t>(state.iterations()))
    Wrong("not delivered");
  state.SetItemsProcessed(state.iterations());
  state.counters["wire_bytes"] = static_cast<double>(http.wire_bytes);
}
BENCHMARK(BM_Report)->ArgName("gzip_from")->Arg(1024)->Arg(1 << 20);

}  // namespace
}  // namespace k8sentry::benchmarks
