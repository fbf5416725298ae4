#include "k8sentry/testing/fake_sentry.h"

#include <gmock/gmock.h>

#include <chrono>

#include "k8sentry/sentry_reporter.h"
#include "tests/http/exchange.h"

namespace k8sentry::testing {
namespace {

using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

Telling SomeTelling(std::uint8_t id) {
  Event event;
  event.type = "Warning";
  event.reason = "BackOff";
  event.message = "Back-off restarting failed container";
  event.involved_object = {.kind = "Pod", .namespace_ = "shop", .name = "api"};
  Telling telling;
  telling.id.fill(id);
  telling.event = OwnedEvent(event);
  telling.workload_kind = "Pod";
  telling.key = {.namespace_ = "shop", .workload = "api", .reason = "BackOff"};
  return telling;
}

Now Present() {
  return {std::chrono::steady_clock::now(),
          std::chrono::time_point_cast<std::chrono::microseconds>(
              std::chrono::system_clock::now())};
}

// The real reporter and the real transport against the fake, over the loopback.
class FakeSentryTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto fake = NewFakeSentry();
    ASSERT_TRUE(fake.ok()) << fake.status().message();
    sentry = *std::move(fake);
    auto transport = NewHttpTransport();
    ASSERT_TRUE(transport.ok()) << transport.status().message();
    http = *std::move(transport);
  }

  std::vector<Outcome> Report(SentryOptions options, std::vector<Telling> tellings) {
    auto reporter = NewSentryReporter(options, *http);
    EXPECT_TRUE(reporter.ok()) << reporter.status().message();
    std::vector<Outcome> outcomes(tellings.size());
    std::size_t ended = 0;
    (*reporter)->Send(tellings, Present(),
                      [&](std::size_t index, const Outcome& outcome) {
                        outcomes[index] = outcome;
                        ++ended;
                      });
    EXPECT_TRUE(RunUntil(*http, [&] {
      (*reporter)->Poll(Present());
      return ended == tellings.size();
    }));
    return outcomes;
  }
  SentryOptions Options() { return {.dsn = *ParseDsn(sentry->dsn())}; }

  // A request as it should be; a test spoils one thing.
  HttpRequest GoodRequest() {
    const Dsn dsn = *ParseDsn(sentry->dsn());
    return {.method = "POST",
            .url = dsn.envelope_url(),
            .headers = {{"Content-Type", "application/x-sentry-envelope"}},
            .auth_header_name = "X-Sentry-Auth",
            .auth_header_value = dsn.auth_header(),
            .body = SentryEnvelope(SomeTelling(0xAB), Options(), Present().wall)};
  }
  int StatusOf(HttpRequest request) {
    NotedResponse response;
    EXPECT_TRUE(http->Start(std::move(request), response).ok());
    EXPECT_TRUE(RunUntilDone(*http, response));
    return response.head ? response.head->status : 0;
  }

  std::unique_ptr<FakeSentry> sentry;
  std::unique_ptr<HttpTransport> http;
};

TEST_F(FakeSentryTest, TakesWhatTheReporterSends) {
  SentryOptions options = Options();
  options.gzip_from_bytes = 1 << 20;
  EXPECT_THAT(Report(options, {SomeTelling(0xAB), SomeTelling(0xCD)}), SizeIs(2));
  const std::vector<ReceivedEnvelope> envelopes = sentry->envelopes();
  ASSERT_THAT(envelopes, SizeIs(2));
  std::vector<std::string> ids;
  for (const ReceivedEnvelope& envelope : envelopes) {
    ids.push_back(envelope.event_id);
    EXPECT_EQ(envelope.status, 200);
    EXPECT_FALSE(envelope.compressed);
    EXPECT_THAT(std::string(envelope.event()), HasSubstr("\"type\":\"BackOff\""));
  }
  EXPECT_THAT(ids, ::testing::UnorderedElementsAre(HexId(SomeTelling(0xAB).id),
                                                   HexId(SomeTelling(0xCD).id)));
  EXPECT_THAT(sentry->faults(), IsEmpty());
}

TEST_F(FakeSentryTest, ReadsWhatWasCompressed) {
  SentryOptions options = Options();
  options.gzip_from_bytes = 0;
  const std::vector<Outcome> outcomes = Report(options, {SomeTelling(0xAB)});
  EXPECT_EQ(outcomes[0].kind, Outcome::Kind::kDelivered);
  ASSERT_TRUE(sentry->WaitForEnvelopes(1, seconds(1)));
  const ReceivedEnvelope envelope = sentry->envelopes()[0];
  EXPECT_TRUE(envelope.compressed);
  EXPECT_LT(envelope.wire_bytes, envelope.event().size());
  EXPECT_THAT(sentry->faults(), IsEmpty());
}

TEST_F(FakeSentryTest, AnswersAsItsScriptSaysAndThen200) {
  sentry->Answer({.status = 503, .headers = {{"Retry-After", "30"}}});
  sentry->Answer(
      {.status = 429, .headers = {{"X-Sentry-Rate-Limits", "60:error:key"}}});
  sentry->Answer({.status = 403, .body = "{\"detail\":\"no\"}"});
  EXPECT_EQ(Report(Options(), {SomeTelling(1)})[0].kind, Outcome::Kind::kRetry);
  EXPECT_EQ(Report(Options(), {SomeTelling(2)})[0].kind, Outcome::Kind::kLimited);
  const Outcome refused = Report(Options(), {SomeTelling(3)})[0];
  EXPECT_EQ(refused.kind, Outcome::Kind::kRejected);
  EXPECT_THAT(refused.detail, HasSubstr("{\"detail\":\"no\"}"));
  EXPECT_EQ(Report(Options(), {SomeTelling(4)})[0].kind, Outcome::Kind::kDelivered);
  std::vector<int> statuses;
  for (const ReceivedEnvelope& envelope : sentry->envelopes()) {
    statuses.push_back(envelope.status);
  }
  EXPECT_THAT(statuses, ElementsAre(503, 429, 403, 200));
}

TEST_F(FakeSentryTest, SaysTheIdToWhoeverSentIt) {
  NotedResponse response;
  ASSERT_TRUE(http->Start(GoodRequest(), response).ok());
  ASSERT_TRUE(RunUntilDone(*http, response));
  EXPECT_EQ(response.body, "{\"id\":\"abababababababababababababababab\"}");
}

TEST_F(FakeSentryTest, RefusesWhatSentryWouldRefuse) {
  const auto status_after = [&](auto spoil) {
    HttpRequest request = GoodRequest();
    spoil(request);
    return StatusOf(std::move(request));
  };
  EXPECT_EQ(status_after([](HttpRequest&) {}), 200);
  EXPECT_THAT(sentry->faults(), IsEmpty());
  EXPECT_EQ(status_after([](HttpRequest& r) { r.url += "x"; }), 404);
  EXPECT_EQ(status_after([](HttpRequest& r) { r.auth_header_name = "X-Other"; }), 403);
  EXPECT_EQ(status_after([](HttpRequest& r) {
              r.auth_header_value = Secret(
                  "Sentry sentry_version=7, sentry_client=x/1, "
                  "sentry_key=another");
            }),
            403);
  EXPECT_EQ(status_after([](HttpRequest& r) { r.headers[0].value = "text/plain"; }),
            400);
  EXPECT_EQ(status_after([](HttpRequest& r) {
              r.headers.push_back({"Content-Encoding", "gzip"});
            }),
            400);
  EXPECT_EQ(status_after([](HttpRequest& r) {
              r.headers.push_back({"Content-Encoding", "zstd"});
            }),
            400);
  EXPECT_EQ(status_after([](HttpRequest& r) { r.body = "{}\nno item"; }), 400);
  EXPECT_EQ(status_after([](HttpRequest& r) {
              const std::string id =
                  "\"event_id\":\"abababababababababababababababab\"";
              const std::string event =
                  "{" + id + ",\"x\":\"" + std::string(1 << 20, 'x') + "\"}";
              r.body = "{" + id + "}\n{\"type\":\"event\"}\n" + event;
            }),
            413);
  EXPECT_THAT(sentry->faults(), SizeIs(8));
  EXPECT_THAT(sentry->envelopes(), SizeIs(1));
}

TEST_F(FakeSentryTest, BreaksItsAnswerWhereItIsAskedTo) {
  const auto end_after = [&](FakeSentryAnswer answer) {
    sentry->Answer(std::move(answer));
    return StatusOf(GoodRequest());
  };
  const std::size_t status_line = std::string("HTTP/1.1 418 Scripted\r\n").size();
  for (const FakeFault::Then then : {FakeFault::kReset, FakeFault::kClose}) {
    EXPECT_EQ(end_after({.status = 418, .fault = {.then = then}}), 0);
    EXPECT_EQ(
        end_after({.status = 418, .fault = {.after_bytes = status_line, .then = then}}),
        0)
        << "the head is not whole";
    EXPECT_EQ(end_after({.status = 418,
                         .body = std::string(100, 'x'),
                         .fault = {.after_bytes = status_line + 60, .then = then}}),
              418);
  }
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(end_after({.status = 418, .fault = {.drip = std::chrono::milliseconds(1)}}),
            418);
  EXPECT_EQ(end_after({.status = 418, .delay = std::chrono::milliseconds(50)}), 418);
  EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(90));
  EXPECT_THAT(sentry->envelopes(), SizeIs(8));
}

}  // namespace
}  // namespace k8sentry::testing
