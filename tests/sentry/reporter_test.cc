#include "tests/sentry/reporter_fixture.h"

namespace k8sentry {
namespace {

TEST_F(SentryReporterTest, PostsOneEnvelopeForEachTelling) {
  Send({StoryNamed("backoff"), StoryNamed("failed")});
  EXPECT_EQ(reporter->in_flight(), 2u);
  ASSERT_THAT(http.requests(), SizeIs(2));
  const HttpRequest& request = http.requests()[0];
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.url, "http://127.0.0.1:9000/api/42/envelope/");
  EXPECT_EQ(request.auth_header_name, "X-Sentry-Auth");
  EXPECT_THAT(request.auth_header_value.Reveal(),
              HasSubstr("sentry_key=0123456789abcdef0123456789abcdef"));
  EXPECT_EQ(request.group, ConnectionGroup::kPost);
  EXPECT_EQ(request.deadline, seconds(30));
  ASSERT_FALSE(request.headers.empty());
  EXPECT_EQ(request.headers[0].name, "Content-Type");
  EXPECT_EQ(request.headers[0].value, "application/x-sentry-envelope");
  for (const HttpHeader& header : request.headers) {
    EXPECT_THAT(header.value, Not(HasSubstr("0123456789abcdef")));
  }
  Poll();
  EXPECT_THAT(endings, ElementsAre(Ending{0, Outcome::Kind::kDelivered},
                                   Ending{1, Outcome::Kind::kDelivered}));
  EXPECT_EQ(reporter->in_flight(), 0u);
}

TEST_F(SentryReporterTest, NeverCompletesInsideSend) {
  http.RefuseNext(Status(StatusCode::kInvalidArgument, "that is no URL"));
  Send(StoryNamed("backoff"));
  EXPECT_THAT(endings, IsEmpty());
  EXPECT_EQ(reporter->NextDeadline(), SteadyTime::min());
  Poll();
  EXPECT_THAT(endings, ElementsAre(Ending{0, Outcome::Kind::kRejected}));
  EXPECT_EQ(last.detail, "that is no URL");
  // The client report of it can wait.
  EXPECT_EQ(reporter->NextDeadline(), now().steady + seconds(30));
}

TEST_F(SentryReporterTest, SaysWhenItHasSomethingToComplete) {
  Send(StoryNamed("backoff"));
  EXPECT_EQ(reporter->NextDeadline(), SteadyTime::max());
  http.Poll(now().steady);
  EXPECT_EQ(reporter->NextDeadline(), SteadyTime::min());
  reporter->Poll(now());
  EXPECT_EQ(reporter->NextDeadline(), SteadyTime::max());
}

TEST_F(SentryReporterTest, SendsTheEnvelopeAsItIsBelowTheSizeForGzip) {
  Make({.dsn = *ParseDsn(kDsn), .gzip_from_bytes = 1 << 20});
  Send(StoryNamed("backoff"));
  EXPECT_EQ(
      http.requests().back().body,
      SentryEnvelope(StoryNamed("backoff"), {.dsn = *ParseDsn(kDsn)}, StorySentAt()));
  EXPECT_THAT(http.requests().back().headers, SizeIs(1));
}

TEST_F(SentryReporterTest, CompressesFromThatSizeOn) {
  const std::size_t size =
      SentryEnvelope(StoryNamed("backoff"), {.dsn = *ParseDsn(kDsn)}, StorySentAt())
          .size();
  Make({.dsn = *ParseDsn(kDsn), .gzip_from_bytes = size + 1});
  Send(StoryNamed("backoff"));
  EXPECT_THAT(http.requests().back().headers, SizeIs(1));
  Make({.dsn = *ParseDsn(kDsn), .gzip_from_bytes = size});
  Send(StoryNamed("backoff"));
  ASSERT_THAT(http.requests().back().headers, SizeIs(2));
  EXPECT_EQ(http.requests().back().headers[1].name, "Content-Encoding");
  EXPECT_EQ(http.requests().back().headers[1].value, "gzip");
  EXPECT_LT(http.requests().back().body.size(), size);
}

TEST_F(SentryReporterTest, TakesTlsProxyAndTimeoutFromTheOptions) {
  Make({.dsn = *ParseDsn(kDsn),
        .proxy = "http://proxy:3128",
        .tls = {.ca_file = "/ca.pem"},
        .timeout = seconds(7)});
  Send(StoryNamed("backoff"));
  EXPECT_EQ(http.requests().back().proxy, "http://proxy:3128");
  EXPECT_EQ(http.requests().back().tls.ca_file, "/ca.pem");
  EXPECT_EQ(http.requests().back().deadline, seconds(7));
}

TEST_F(SentryReporterTest, TakesEvery2xxForDelivered) {
  for (const int status : {200, 201, 202, 204}) {
    EXPECT_EQ(OutcomeAfter({.status = status}).kind, Outcome::Kind::kDelivered);
  }
  EXPECT_THAT(logger.lines, IsEmpty());
}

TEST_F(SentryReporterTest, GoesByTheStatusCodeEvenIfTheBodyIsCutOff) {
  const Status cut(StatusCode::kUnavailable, "connection reset");
  EXPECT_EQ(OutcomeAfter({.status = 200, .end = cut}).kind, Outcome::Kind::kDelivered);
  EXPECT_EQ(OutcomeAfter({.status = 400, .end = cut}).kind, Outcome::Kind::kRejected);
}

TEST_F(SentryReporterTest, RetriesEvery5xx) {
  for (const int status : {500, 501, 502, 503, 504, 507, 599}) {
    const Outcome outcome = OutcomeAfter({.status = status});
    EXPECT_EQ(outcome.kind, Outcome::Kind::kRetry) << status;
    EXPECT_EQ(outcome.retry_at, SteadyTime::min());
  }
  EXPECT_EQ(reporter->limited_until(), SteadyTime::min());
}

TEST_F(SentryReporterTest, RetriesA503NotBeforeItsRetryAfter) {
  const Outcome outcome =
      OutcomeAfter({.status = 503, .headers = {{"retry-after", "17"}}});
  EXPECT_EQ(outcome.kind, Outcome::Kind::kRetry);
  EXPECT_EQ(outcome.retry_at, now().steady + seconds(17));
}

TEST_F(SentryReporterTest, RetriesWhenTheNetworkFails) {
  for (const StatusCode code : {StatusCode::kUnavailable, StatusCode::kDeadlineExceeded,
                                StatusCode::kConfiguration}) {
    const Outcome outcome = OutcomeAfter({.status = 0, .end = Status(code, "no way")});
    EXPECT_EQ(outcome.kind, Outcome::Kind::kRetry);
    EXPECT_EQ(outcome.detail, "no way");
  }
}

TEST_F(SentryReporterTest, RejectsWhatIsRefusedForGoodAndSaysWhy) {
  for (const int status : {301, 302, 307, 400, 401, 403, 404, 408, 413, 422}) {
    const Outcome outcome =
        OutcomeAfter({.status = status,
                      .headers = {{"Location", "http://elsewhere/"}},
                      .body = {"{\"detail\":\"project ", "rejected\"}"}});
    EXPECT_EQ(outcome.kind, Outcome::Kind::kRejected) << status;
    const std::string code = std::to_string(status);
    const std::string detail = "status " + code + " for " +
                               std::to_string(http.requests().back().body.size()) +
                               " bytes: {\"detail\":\"project rejected\"}";
    EXPECT_EQ(outcome.detail.substr(0, detail.size()), detail);
    EXPECT_EQ(outcome.detail.size() > detail.size(), status == 413) << outcome.detail;
  }
  // Nobody follows a redirect with our key.
  EXPECT_THAT(http.requests(), SizeIs(10));
}

TEST_F(SentryReporterTest, KeepsFourKilobytesOfAnErrorsBody) {
  const Outcome outcome = OutcomeAfter(
      {.status = 400,
       .body = {std::string(4095, 'x'), "\xC3\xA9", std::string(1000000, 'y')}});
  EXPECT_TRUE(outcome.detail.ends_with(" bytes: " + std::string(4095, 'x')))
      << outcome.detail.size();
}

TEST_F(SentryReporterTest, NamesSentrysErrorHeaderWhenThereIsNoBody) {
  const Outcome outcome =
      OutcomeAfter({.status = 400, .headers = {{"X-Sentry-Error", "bad"}}});
  EXPECT_THAT(outcome.detail, ::testing::EndsWith(" bytes: bad"));
}

TEST_F(SentryReporterTest, WaitsOutA429AndSendsNothingMeanwhile) {
  const Outcome outcome =
      OutcomeAfter({.status = 429, .headers = {{"Retry-After", "60"}}});
  EXPECT_EQ(outcome.kind, Outcome::Kind::kLimited);
  EXPECT_EQ(outcome.retry_at, now().steady + seconds(60));
  EXPECT_EQ(reporter->limited_until(), now().steady + seconds(60));

  elapsed = seconds(59);
  endings.clear();
  Send({StoryNamed("failed"), StoryNamed("unhealthy")});
  EXPECT_THAT(http.requests(), SizeIs(1));
  EXPECT_THAT(endings, IsEmpty());
  Poll();
  EXPECT_THAT(endings, ElementsAre(Ending{0, Outcome::Kind::kLimited},
                                   Ending{1, Outcome::Kind::kLimited}));
  EXPECT_EQ(last.retry_at, SteadyTime(hours(1000)) + seconds(60));

  elapsed = seconds(60);
  Send(StoryNamed("failed"));
  EXPECT_THAT(http.requests(), SizeIs(2));
  Poll();
  EXPECT_EQ(last.kind, Outcome::Kind::kDelivered);
}

TEST_F(SentryReporterTest, ObeysALimitThatComesWithA200) {
  const Outcome outcome =
      OutcomeAfter({.status = 200,
                    .headers = {{"X-Sentry-Rate-Limits", "30:default:organization"}}});
  EXPECT_EQ(outcome.kind, Outcome::Kind::kDelivered);
  EXPECT_EQ(reporter->limited_until(), now().steady + seconds(30));
}

TEST_F(SentryReporterTest, ObeysALimitThatArrivedButWasNotPolledYet) {
  http.Answer({.status = 429, .headers = {{"Retry-After", "60"}}});
  Send(StoryNamed("backoff"));
  http.Poll(now().steady);
  Send(StoryNamed("failed"));
  EXPECT_THAT(http.requests(), SizeIs(1));
  EXPECT_THAT(endings, IsEmpty());
  reporter->Poll(now());
  EXPECT_THAT(endings, ElementsAre(Ending{0, Outcome::Kind::kLimited},
                                   Ending{0, Outcome::Kind::kLimited}));
}

TEST_F(SentryReporterTest, IgnoresLimitsOfOtherCategories) {
  EXPECT_EQ(
      OutcomeAfter({.status = 200,
                    .headers = {{"X-Sentry-Rate-Limits", "60:transaction;monitor"}}})
          .kind,
      Outcome::Kind::kDelivered);
  EXPECT_LE(reporter->limited_until(), now().steady);
}

// Otherwise it would knock again at once, and for ever.
TEST_F(SentryReporterTest, BacksOffAfterA429WithoutALimitOnEvents) {
  for (const char* limits : {"60:transaction:key", "0:error:key", ""}) {
    const Outcome outcome =
        OutcomeAfter({.status = 429, .headers = {{"X-Sentry-Rate-Limits", limits}}});
    EXPECT_EQ(outcome.kind, Outcome::Kind::kRetry) << limits;
  }
}

TEST_F(SentryReporterTest, MayBeGivenMoreFromACompletion) {
  const std::vector<Telling> first = {StoryNamed("backoff")};
  reporter->Send(first, now(),
                 [&](std::size_t, const Outcome&) { Send(StoryNamed("failed")); });
  Poll();
  EXPECT_THAT(http.requests(), SizeIs(2));
  EXPECT_EQ(reporter->in_flight(), 1u);
  Poll();
  EXPECT_THAT(endings, ElementsAre(Ending{0, Outcome::Kind::kDelivered}));
}

TEST_F(SentryReporterTest, SendsMoreThanMaxInFlightWhenItIsGivenMore) {
  Make({.dsn = *ParseDsn(kDsn), .max_in_flight = 1});
  Send({StoryNamed("backoff"), StoryNamed("failed"), StoryNamed("unhealthy")});
  EXPECT_EQ(reporter->max_in_flight(), 1u);
  EXPECT_EQ(reporter->in_flight(), 3u);
}

TEST_F(SentryReporterTest, CancelsWhatIsUnderWayWhenItGoes) {
  Send({StoryNamed("backoff"), StoryNamed("failed")});
  reporter.reset();
  EXPECT_THAT(http.cancelled(), ElementsAre(1u, 2u));
  http.Poll(now().steady);
  EXPECT_THAT(endings, IsEmpty());
}

TEST_F(SentryReporterTest, SendsARetryUnderTheSameId) {
  Send(StoryNamed("backoff"));
  elapsed = seconds(5);
  Make({.dsn = *ParseDsn(kDsn), .gzip_from_bytes = 1 << 20});
  Send(StoryNamed("backoff"));
  elapsed = seconds(10);
  Send(StoryNamed("backoff"));
  const auto first = testing::ParseEnvelope(http.requests()[1].body);
  const auto second = testing::ParseEnvelope(http.requests()[2].body);
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_EQ(first->event_id, second->event_id);
  EXPECT_EQ(first->event(), second->event());
  EXPECT_THAT(first->headers, HasSubstr("04:00:05Z"));
  EXPECT_THAT(second->headers, HasSubstr("04:00:10Z"));
}

TEST(NewSentryReporter, RefusesWhatSentryWouldDrop) {
  FakeHttpTransport http;
  const auto refused = [&](SentryOptions options) {
    const auto reporter = NewSentryReporter(options, http);
    EXPECT_TRUE(reporter.ok() ||
                reporter.status().code() == StatusCode::kConfiguration);
    return !reporter.ok();
  };
  const Dsn dsn = *ParseDsn(kDsn);
  EXPECT_TRUE(refused({}));
  EXPECT_FALSE(refused({.dsn = dsn}));
  EXPECT_TRUE(refused({.dsn = dsn, .max_in_flight = 0}));
  for (const std::string& environment :
       {std::string("a/b"), std::string("a b"), std::string("a\n"), std::string("None"),
        std::string(65, 'x')}) {
    EXPECT_TRUE(refused({.dsn = dsn, .environment = environment})) << environment;
  }
  EXPECT_FALSE(refused({.dsn = dsn, .environment = ""}));
  EXPECT_FALSE(refused({.dsn = dsn, .environment = std::string(64, 'x')}));
  for (const std::string& release :
       {std::string("a/b"), std::string("a\\b"), std::string("a\tb"),
        std::string("a\n"), std::string("."), std::string(".."), std::string("  "),
        std::string(201, 'x')}) {
    EXPECT_TRUE(refused({.dsn = dsn, .release = release})) << release;
  }
  EXPECT_FALSE(refused({.dsn = dsn, .release = "api@1.2.3+4"}));
}

TEST(NewSentryReporter, WarnsOfADsnThatSentryItselfWouldNotTake) {
  FakeHttpTransport http;
  MemoryLogger logger;
  ASSERT_TRUE(NewSentryReporter({.dsn = *ParseDsn(kDsn)}, http, logger).ok());
  EXPECT_THAT(logger.lines, IsEmpty());
  ASSERT_TRUE(
      NewSentryReporter({.dsn = *ParseDsn("http://sesame@h/abc")}, http, logger).ok());
  EXPECT_THAT(logger.lines, ElementsAre(HasSubstr("not a number"),
                                        HasSubstr("does not have 32 characters")));
  for (const std::string& line : logger.lines)
    EXPECT_THAT(line, Not(HasSubstr("sesame")));
}

}  // namespace
}  // namespace k8sentry
