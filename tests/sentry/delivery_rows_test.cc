// What becomes of an envelope, for each way in which Sentry and the network between can
// answer: the real reporter and the real transport against a scripted Sentry.
// (Sentry developer docs, rate limiting and transport; docs/semantics.md 11.)
#include <gmock/gmock.h>

#include "k8sentry/sentry_reporter.h"
#include "k8sentry/testing/fake_sentry.h"
#include "tests/http/exchange.h"
#include "tests/sentry/stories.h"

namespace k8sentry {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::FakeFault;
using testing::FakeSentry;
using testing::FakeSentryAnswer;
using testing::StoryNamed;

class DeliveryRowsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    sentry = *testing::NewFakeSentry();
    http = *NewHttpTransport();
    Make({});
  }
  void Make(Duration timeout, std::size_t gzip_from_bytes = 1) {
    SentryOptions options = {.dsn = *ParseDsn(sentry->dsn()),
                             .gzip_from_bytes = gzip_from_bytes};
    if (timeout > Duration()) options.timeout = timeout;
    reporter = *NewSentryReporter(options, *http);
  }
  static Now Present() {
    return {std::chrono::steady_clock::now(),
            std::chrono::time_point_cast<std::chrono::microseconds>(
                std::chrono::system_clock::now())};
  }
  bool Drive(const std::function<bool()>& finished) {
    return RunUntil(*http, [&] {
      reporter->Poll(Present());
      return finished();
    });
  }
  Outcome SendOne() {
    std::optional<Outcome> outcome;
    const std::vector<Telling> batch = {StoryNamed("backoff")};
    reporter->Send(batch, Present(),
                   [&](std::size_t, const Outcome& o) { outcome = o; });
    EXPECT_TRUE(Drive([&] { return outcome.has_value(); }));
    return outcome.value_or(Outcome{});
  }
  Outcome OutcomeAfter(FakeSentryAnswer answer) {
    sentry->Answer(std::move(answer));
    return SendOne();
  }
  // The rest of a limit on events in whole seconds, rounded up; 0: none.
  long LimitedFor() const {
    const Duration left = reporter->limited_until() - Present().steady;
    if (reporter->limited_until() == SteadyTime::min() || left <= Duration()) return 0;
    return std::chrono::ceil<seconds>(left).count();
  }
  const SentryCounters::Item& SendLog(FakeSentryAnswer answer) {
    sentry->Answer(std::move(answer));
    SentryLog log;
    log.timestamp = Present().wall;
    log.trace_id.fill(7);
    log.body = "hello";
    reporter->CaptureLog(log, Present());
    reporter->Flush(Present());
    EXPECT_TRUE(Drive([&] { return reporter->counters().logs.waiting == 0; }));
    return reporter->counters().logs;
  }

  std::unique_ptr<FakeSentry> sentry;
  std::unique_ptr<HttpTransport> http;
  std::unique_ptr<SentryReporter> reporter;
};

using Kind = Outcome::Kind;

TEST_F(DeliveryRowsTest, EveryStatusHasItsEnd) {
  const std::vector<std::pair<int, Kind>> rows = {
      {200, Kind::kDelivered}, {201, Kind::kDelivered}, {202, Kind::kDelivered},
      {204, Kind::kDelivered}, {301, Kind::kRejected},  {302, Kind::kRejected},
      {303, Kind::kRejected},  {307, Kind::kRejected},  {308, Kind::kRejected},
      {400, Kind::kRejected},  {401, Kind::kRejected},  {403, Kind::kRejected},
      {404, Kind::kRejected},  {405, Kind::kRejected},  {408, Kind::kRejected},
      {413, Kind::kRejected},  {422, Kind::kRejected},  {500, Kind::kRetry},
      {502, Kind::kRetry},     {503, Kind::kRetry},     {504, Kind::kRetry},
  };
  std::size_t sent = 0;
  for (const auto& [status, kind] : rows) {
    EXPECT_EQ(OutcomeAfter(
                  {.status = status, .headers = {{"Location", "http://127.0.0.1:1/"}}})
                  .kind,
              kind)
        << status;
    EXPECT_EQ(sentry->envelopes().size(), ++sent) << "no redirect is followed";
  }
  EXPECT_THAT(sentry->faults(), ::testing::IsEmpty());
}

struct LimitRow {
  int status;
  std::vector<HttpHeader> headers;
  long error;  // seconds
  Kind kind;
};

// The vectors of the specification over a real socket.
TEST_F(DeliveryRowsTest, EveryLimitIsObeyed) {
  const std::string name = "X-Sentry-Rate-Limits";
  const std::vector<LimitRow> rows = {
      {200,
       {{name, "60:transaction:key, 2700:default;error;security:organization"}},
       2700,
       Kind::kDelivered},
      {200, {{name, "60::organization"}}, 60, Kind::kDelivered},
      {200,
       {{name, "60:error:organization:quota_exceeded:custom"}},
       60,
       Kind::kDelivered},
      {200, {{name, "10:foo:key"}}, 0, Kind::kDelivered},
      {200, {{name, ""}}, 0, Kind::kDelivered},
      {200, {{name, "2.5:error:key"}}, 3, Kind::kDelivered},
      {200, {{name, "abc:error:key, 7:error:key"}}, 7, Kind::kDelivered},
      {200, {{name, "999999999:error:key"}}, 86400, Kind::kDelivered},
      {429, {{name, "60:error:key"}}, 60, Kind::kLimited},
      {429, {{name, "60:error:key"}, {"Retry-After", "5"}}, 60, Kind::kLimited},
      {429, {{name, "60:monitor:key"}}, 0, Kind::kRetry},
      {429, {{"Retry-After", "13"}}, 13, Kind::kLimited},
      {429, {{"Retry-After", "Sun, 06 Nov 1994 08:49:37 GMT"}}, 0, Kind::kRetry},
      {429, {{"Retry-After", "nonsense"}}, 60, Kind::kLimited},
      {429, {}, 60, Kind::kLimited},
      {503, {{name, "30:error:key"}}, 30, Kind::kRetry},
      {503, {{"Retry-After", "30"}}, 0, Kind::kRetry},
      {413, {{name, "30:error:key"}}, 30, Kind::kRejected},
  };
  for (const LimitRow& row : rows) {
    Make({});
    const std::string what = std::to_string(row.status) + " " +
                             (row.headers.empty() ? "" : row.headers[0].value);
    const Outcome outcome =
        OutcomeAfter({.status = row.status, .headers = row.headers});
    EXPECT_EQ(outcome.kind, row.kind) << what;
    EXPECT_EQ(LimitedFor(), row.error) << what;
    if (row.error == 0) continue;
    const std::size_t before = sentry->envelopes().size();
    EXPECT_EQ(SendOne().kind, Kind::kLimited) << what;
    EXPECT_EQ(sentry->envelopes().size(), before) << "sent in spite of " << what;
  }
}

TEST_F(DeliveryRowsTest, AResetAtAnyByteOfTheAnswerIsTriedAgainOrDone) {
  std::size_t delivered = 0, retried = 0;
  // Longer than the answer: the last rounds break nothing.
  for (std::uint64_t bytes = 0; bytes < 160; ++bytes) {
    for (const FakeFault::Then then : {FakeFault::kReset, FakeFault::kClose}) {
      http = nullptr;  // each on a connection of its own
      reporter = nullptr;
      http = *NewHttpTransport();
      Make({});
      const Outcome outcome =
          OutcomeAfter({.status = 200, .fault = {.after_bytes = bytes, .then = then}});
      ASSERT_TRUE(outcome.kind == Kind::kDelivered || outcome.kind == Kind::kRetry)
          << bytes << ": " << outcome.detail;
      ++(outcome.kind == Kind::kDelivered ? delivered : retried);
      // Once the head is whole, the envelope is known to have arrived.
      if (bytes < 17) {
        EXPECT_EQ(outcome.kind, Kind::kRetry) << bytes;
      }
    }
  }
  EXPECT_GT(delivered, 100u);
  EXPECT_GT(retried, 60u);
  EXPECT_THAT(sentry->faults(), ::testing::IsEmpty());
}

TEST_F(DeliveryRowsTest, AStallEndsWithTheDeadline) {
  Make(milliseconds(150));
  EXPECT_EQ(OutcomeAfter({.fault = {.no_answer = true}}).kind, Kind::kRetry);
  EXPECT_EQ(
      OutcomeAfter({.fault = {.after_bytes = 5, .then = FakeFault::kSilence}}).kind,
      Kind::kRetry);
  EXPECT_EQ(OutcomeAfter({.delay = seconds(20)}).kind, Kind::kRetry);
  // The head came in time, and says what became of the envelope.
  EXPECT_EQ(OutcomeAfter({.status = 400,
                          .body = "x",
                          .fault = {.after_bytes = 65, .then = FakeFault::kSilence}})
                .kind,
            Kind::kRejected);
}

TEST_F(DeliveryRowsTest, ASlowLorisHoldsNobodyLongerThanTheDeadline) {
  Make(milliseconds(200));
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(OutcomeAfter({.fault = {.drip = milliseconds(50)}}).kind, Kind::kRetry);
  EXPECT_LT(std::chrono::steady_clock::now() - start, seconds(5));
  Make(seconds(10));
  EXPECT_EQ(OutcomeAfter({.fault = {.drip = std::chrono::microseconds(100)}}).kind,
            Kind::kDelivered);
}

TEST_F(DeliveryRowsTest, ALateAnswerCounts) {
  EXPECT_EQ(OutcomeAfter({.delay = milliseconds(100)}).kind, Kind::kDelivered);
}

TEST_F(DeliveryRowsTest, BodiesAreGzipAndSmaller) {
  EXPECT_EQ(SendOne().kind, Kind::kDelivered);
  Make({}, 1 << 20);
  EXPECT_EQ(SendOne().kind, Kind::kDelivered);
  const auto envelopes = sentry->envelopes();
  EXPECT_TRUE(envelopes[0].compressed);
  EXPECT_FALSE(envelopes[1].compressed);
  EXPECT_LT(envelopes[0].wire_bytes, envelopes[1].wire_bytes);
  EXPECT_EQ(envelopes[0].event_id, envelopes[1].event_id);
  EXPECT_THAT(sentry->faults(), ::testing::IsEmpty());
}

TEST_F(DeliveryRowsTest, NothingIsLostWithoutASentry) {
  const std::string dsn = sentry->dsn();
  sentry = nullptr;
  reporter = *NewSentryReporter({.dsn = *ParseDsn(dsn)}, *http);
  EXPECT_EQ(SendOne().kind, Kind::kRetry);
}

TEST_F(DeliveryRowsTest, ASentryThatSpeaksNoTlsIsTriedAgain) {
  std::string dsn = sentry->dsn();
  dsn.insert(4, "s");
  reporter = *NewSentryReporter({.dsn = *ParseDsn(dsn)}, *http);
  const Outcome outcome = SendOne();
  EXPECT_EQ(outcome.kind, Kind::kRetry);
  EXPECT_THAT(outcome.detail, ::testing::StartsWith("TLS: "));
}

TEST_F(DeliveryRowsTest, AnAddressThatIsRefusedIsNamedAndNotAsked) {
  reporter = *NewSentryReporter(
      {.dsn = *ParseDsn(sentry->dsn()),
       .addresses = {.private_addresses = AddressPolicy::Private::kRefuse}},
      *http);
  const Outcome outcome = SendOne();
  EXPECT_EQ(outcome.kind, Kind::kRetry);
  EXPECT_EQ(outcome.detail, "the policy on addresses refuses 127.0.0.1");
  EXPECT_THAT(sentry->envelopes(), ::testing::IsEmpty());
}

TEST_F(DeliveryRowsTest, ALogThatMayHaveArrivedIsNotRepeated) {
  EXPECT_EQ(SendLog({.fault = {.then = FakeFault::kReset}}).rejected, 1u);
  EXPECT_EQ(reporter->counters().logs.waiting, 0u);
  std::size_t logs = 0;
  for (const auto& envelope : sentry->envelopes()) {
    logs += envelope.items[0].type == "log" ? 1 : 0;
  }
  EXPECT_EQ(logs, 1u);
}

TEST_F(DeliveryRowsTest, ALogIsNotRepeatedByTheTransportEither) {
  EXPECT_EQ(SendLog({}).delivered, 1u);
  // On the connection that was kept.
  EXPECT_EQ(SendLog({.fault = {.then = FakeFault::kReset}}).rejected, 1u);
  std::size_t logs = 0;
  for (const auto& envelope : sentry->envelopes()) {
    logs += envelope.items[0].type == "log" ? 1 : 0;
  }
  EXPECT_EQ(logs, 2u);
}

TEST_F(DeliveryRowsTest, ARequestUnderWayCanBeAborted) {
  sentry->Answer({.fault = {.no_answer = true}});
  const std::vector<Telling> batch = {StoryNamed("backoff")};
  bool ended = false;
  reporter->Send(batch, Present(), [&](std::size_t, const Outcome&) { ended = true; });
  ASSERT_TRUE(Drive([&] { return sentry->envelopes().size() == 1; }));
  const auto start = std::chrono::steady_clock::now();
  reporter.reset();
  http.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - start, seconds(2));
  EXPECT_FALSE(ended);
}

}  // namespace
}  // namespace k8sentry
