// What an item for Sentry costs, of each kind, over what the recorded clusters tell.
//   items_per_second    one thread
//   allocations         per item, buffers that a sender would make anew included
//   bytes, gzip_bytes   per item, on the wire; the latter is not timed
// Everything that is timed was read back and compared before.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <functional>

#include "benchmarks/sentry/recorded.h"
#include "delivery/gzip.h"
#include "json/json_reader.h"
#include "k8sentry/testing/fake_sentry.h"
#include "sentry/items.h"
#include "tests/alloc/counting_malloc.h"

namespace k8sentry::benchmarks {
namespace {

using internal::JsonReader;

constexpr std::size_t kBatch = 100;  // logs in one envelope, as LogSender has it

const std::vector<Telling>& Tellings() {
  static const std::vector<Telling> tellings = RecordedTellings();
  return tellings;
}

SentryOptions Options() {
  return {.dsn = *ParseDsn(
              "https://0123456789abcdef0123456789abcdef@o123.ingest.sentry.io/42"),
          .environment = "production",
          .release = "shop@2.1.0"};
}

Scrubber ScrubberFor(Scrubbing scrubbing) {
  return *NewScrubber({.scrubbing = scrubbing});
}

// The only item of an envelope that was well formed, compressed and not.
testing::SentryItem OnlyItem(const std::string& bytes, std::string_view type) {
  const Result<std::string> gzip = internal::Gzip().Compress(bytes);
  if (!gzip.ok() || Unzip(*gzip, bytes.size() + 1) != bytes) Wrong("another gzip");
  auto envelope = testing::ParseEnvelope(bytes);
  if (!envelope.ok()) Wrong(envelope.status().message());
  if (envelope->items.size() != 1 || envelope->items[0].type != type) {
    Wrong("not the one item that was written");
  }
  return envelope->items[0];
}

// `write` makes the i-th envelope, of `items` items; `i` goes from 0 to `envelopes`.
struct Work {
  std::function<void(std::size_t i, std::string& out)> write;
  std::size_t envelopes = 1;
  std::size_t items = 1;
};

void Run(benchmark::State& state, const Work& work) {
  // Once before, for what is made at first use: RE2's automata, and the tellings.
  std::size_t bytes = 0, gzip_bytes = 0;
  for (std::size_t i = 0; i < work.envelopes; ++i) {
    std::string envelope;
    work.write(i, envelope);
    bytes += envelope.size();
    gzip_bytes += internal::Gzip().Compress(envelope)->size();
  }
  testing::StartCounting();
  for (std::size_t i = 0; i < work.envelopes; ++i) {
    std::string envelope;
    work.write(i, envelope);
  }
  const std::size_t allocations = testing::StopCounting();
  std::size_t i = 0;
  for (auto _ : state) {
    std::string envelope;
    work.write(i, envelope);
    benchmark::DoNotOptimize(envelope);
    if (++i == work.envelopes) i = 0;
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(work.items));
  const auto per_item = [&](std::size_t count) {
    return static_cast<double>(count) /
           static_cast<double>(work.envelopes * work.items);
  };
  state.counters["allocations"] = per_item(allocations);
  state.counters["bytes"] = per_item(bytes);
  state.counters["gzip_bytes"] = per_item(gzip_bytes);
}

void CheckIssue(const Telling& telling, const Scrubber& scrubber,
                std::size_t breadcrumbs, const std::string& bytes) {
  const JsonReader event(OnlyItem(bytes, "event").payload);
  if (event.String({"event_id"}) != HexId(telling.id)) Wrong("another event_id");
  const std::string message = scrubber.Scrub(telling.event->message);
  if (telling.event->type == "Normal") {
    const std::string formatted = event.String({"logentry", "formatted"}).value_or("");
    if (!formatted.ends_with(message)) Wrong("another message");
  } else {
    const auto values = event.Elements({"exception", "values"});
    if (!values || values->size() != 1) Wrong("not one exception");
    if (internal::JsonStringAt((*values)[0], {"value"}) != message) {
      Wrong("another message");
    }
  }
  if (event.String({"contexts", "k8s_object", "name"}) !=
      telling.event->involved_object.name) {
    Wrong("another object");
  }
  const auto crumbs = event.Elements({"breadcrumbs", "values"});
  if ((crumbs ? crumbs->size() : 0) != breadcrumbs) Wrong("not all breadcrumbs");
}

// As Reporter::SendOne does it: the trail gives a copy of the breadcrumbs, which it has
// scrubbed once.
void BM_Issue(benchmark::State& state) {
  const auto scrubbing = state.range(0) != 0 ? Scrubbing::kOn : Scrubbing::kOff;
  const std::size_t breadcrumbs = static_cast<std::size_t>(state.range(1));
  const std::vector<Telling>& tellings = Tellings();
  const SentryOptions options = Options();
  const Scrubber scrubber = ScrubberFor(scrubbing);
  std::vector<Breadcrumb> trail;
  for (std::size_t i = 0; i < breadcrumbs; ++i) {
    trail.push_back(BreadcrumbOf(tellings[i].event.view()));
    internal::ScrubItem(scrubber, trail.back());
  }
  const auto write = [&](std::size_t i, std::string& out) {
    SentryIssue issue = internal::IssueToSend(tellings[i], options, scrubber);
    issue.breadcrumbs = trail;
    internal::AppendIssueEnvelope(issue, options, SentAt(), out);
  };
  for (std::size_t i = 0; i < tellings.size(); ++i) {
    std::string once;
    write(i, once);
    CheckIssue(tellings[i], scrubber, breadcrumbs, once);
  }
  Run(state, {.write = write, .envelopes = tellings.size()});
}
BENCHMARK(BM_Issue)->ArgNames({"scrub", "breadcrumbs"})->ArgsProduct({{0, 1}, {0, 20}});

void CheckLogs(std::size_t first, const Scrubber& scrubber, const std::string& bytes) {
  const testing::SentryItem item = OnlyItem(bytes, "log");
  const JsonReader container(item.payload);
  const auto logs = container.Elements({"items"});
  if (!logs || logs->size() != kBatch) Wrong("not all logs");
  for (std::size_t i = 0; i < kBatch; ++i) {
    const JsonReader log((*logs)[i]);
    const Event& event = Tellings()[(first + i) % Tellings().size()].event.view();
    const std::string body = log.String({"body"}).value_or("");
    if (!body.ends_with(scrubber.Scrub(event.message))) Wrong("another body");
    if (log.String({"attributes", "k8s.event.uid", "value"}) != event.uid) {
      Wrong("another Event");
    }
  }
}

// From the Event to one envelope of 100, as Reporter and LogSender do it together.
void BM_Logs(benchmark::State& state) {
  const auto scrubbing = state.range(0) != 0 ? Scrubbing::kOn : Scrubbing::kOff;
  const std::vector<Telling>& tellings = Tellings();
  const SentryOptions options = Options();
  const Scrubber scrubber = ScrubberFor(scrubbing);
  const auto write = [&](std::size_t batch, std::string& out) {
    std::vector<std::string> payloads;
    for (std::size_t i = 0; i < kBatch; ++i) {
      const Telling& telling = tellings[(batch * kBatch + i) % tellings.size()];
      SentryLog log = LogOf(telling.event.view());
      internal::ScrubItem(scrubber, log);
      std::string payload;
      internal::AppendLogPayload(log, options, payload);
      payloads.push_back(std::move(payload));
    }
    internal::AppendLogEnvelope(payloads, SentAt(), out);
  };
  const std::size_t batches = tellings.size() / kBatch;
  for (std::size_t i = 0; i < batches; ++i) {
    std::string once;
    write(i, once);
    CheckLogs(i * kBatch, scrubber, once);
  }
  Run(state, {.write = write, .envelopes = batches, .items = kBatch});
}
BENCHMARK(BM_Logs)->ArgName("scrub")->Arg(0)->Arg(1);

// The start of a run, with the monitor's schedule.
void BM_CheckIn(benchmark::State& state) {
  const SentryOptions options = Options();
  CheckIn check_in{.id = CheckInIdOf("c607f0ff-edda-468c-8160-ef1aa6fe056e"),
                   .monitor_slug = MonitorSlug("batch-jobs", "nightly-report"),
                   .status = CheckInStatus::kInProgress,
                   .config = *MonitorConfigOf("*/5 * * * *", "Europe/Berlin")};
  check_in.trace_id = check_in.id;
  const auto write = [&](std::size_t, std::string& out) {
    internal::AppendCheckInEnvelope(check_in, options, SentAt(), out);
  };
  std::string once;
  write(0, once);
  const JsonReader read(OnlyItem(once, "check_in").payload);
  if (read.String({"check_in_id"}) != HexId(check_in.id) ||
      read.String({"monitor_slug"}) != check_in.monitor_slug ||
      read.String({"monitor_config", "schedule", "value"}) != "*/5 * * * *") {
    Wrong("another check-in");
  }
  Run(state, {.write = write});
}
BENCHMARK(BM_CheckIn);

void BM_ClientReport(benchmark::State& state) {
  const internal::DiscardedEvents discarded[] = {
      {"queue_overflow", "error", 23},
      {"ratelimit_backoff", "log_item", 100},
      {"ratelimit_backoff", "log_byte", 51200},
      {"before_send", "monitor", 1}};
  const auto write = [&](std::size_t, std::string& out) {
    internal::AppendClientReportEnvelope(discarded, SentAt(), out);
  };
  std::string once;
  write(0, once);
  const JsonReader report(OnlyItem(once, "client_report").payload);
  const auto lines = report.Elements({"discarded_events"});
  if (!lines || lines->size() != 4) Wrong("not all of a client report");
  for (std::size_t i = 0; i < 4; ++i) {
    const JsonReader line((*lines)[i]);
    if (line.String({"reason"}) != discarded[i].reason ||
        line.Integer({"quantity"}) !=
            static_cast<std::int64_t>(discarded[i].quantity)) {
      Wrong("another client report");
    }
  }
  Run(state, {.write = write});
}
BENCHMARK(BM_ClientReport);

}  // namespace
}  // namespace k8sentry::benchmarks
