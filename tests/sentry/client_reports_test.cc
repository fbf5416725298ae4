#include "tests/sentry/reporter_fixture.h"

namespace k8sentry {
namespace {

class ClientReportsTest : public SentryReporterTest {
 protected:
  ClientReportsTest() { Make(Plain()); }
  void LoseOne(Loss loss = Loss::kQueueFull) {
    reporter->Lost(StoryNamed("backoff"), loss, now());
  }
};

TEST_F(ClientReportsTest, RideWithWhateverGoesOut) {
  LoseOne(Loss::kQueueFull);
  LoseOne(Loss::kQueueFull);
  LoseOne(Loss::kGaveUp);
  LoseOne(Loss::kSpoolFull);
  EXPECT_THAT(http.requests(), IsEmpty()) << "one envelope per drop";
  Send({StoryNamed("failed"), StoryNamed("backoff")});
  ASSERT_THAT(http.requests(), SizeIs(2));
  EXPECT_EQ(LastItems(), "event");
  const auto first = testing::ParseEnvelope(http.requests()[0].body);
  ASSERT_THAT(first->items, SizeIs(2));
  EXPECT_EQ(first->items[1].type, "client_report");
  EXPECT_EQ(ReportOf(first->items[1].payload),
            "cache_overflow/error=1 network_error/error=1 queue_overflow/error=2");
  Poll();
  EXPECT_EQ(reporter->counters().client_reports, 1u);
}

TEST_F(ClientReportsTest, GoAloneAfterHalfAMinute) {
  LoseOne();
  EXPECT_EQ(reporter->NextDeadline(), now().steady + seconds(30));
  elapsed = seconds(29);
  LoseOne();
  Poll();
  EXPECT_THAT(http.requests(), IsEmpty());
  elapsed = seconds(30);
  Poll();
  ASSERT_THAT(http.requests(), SizeIs(1));
  EXPECT_EQ(LastItems(), "client_report");
  EXPECT_EQ(LastReport(), "queue_overflow/error=2");
  EXPECT_EQ(reporter->in_flight(), 0u);
  Poll();
  EXPECT_EQ(reporter->counters().client_reports, 1u);
  EXPECT_EQ(reporter->NextDeadline(), SteadyTime::max());
}

TEST_F(ClientReportsTest, GoOnFlushAndShortlyAfter) {
  LoseOne();
  EXPECT_TRUE(reporter->idle()) << "a report keeps nobody";
  reporter->Flush(now());
  ASSERT_THAT(http.requests(), SizeIs(1));
  EXPECT_FALSE(reporter->idle());
  Poll();
  EXPECT_TRUE(reporter->idle());
  LoseOne();
  EXPECT_FALSE(reporter->idle()) << "a drain has more to say";
  Poll();
  EXPECT_THAT(http.requests(), SizeIs(2));
  Poll();
  EXPECT_TRUE(reporter->idle());
}

TEST_F(ClientReportsTest, AreCountedAgainWhenTheirEnvelopeFails) {
  for (const FakeHttpAnswer& failure :
       {FakeHttpAnswer{.status = 0, .end = Status(StatusCode::kUnavailable, "reset")},
        FakeHttpAnswer{.status = 500},
        FakeHttpAnswer{.status = 429,
        .headers = {{"X-Sentry-Rate-Limits", "1:foo"}}}}) {
    Make(Plain());
    LoseOne();
    http.Answer(failure);
    Send(StoryNamed("backoff"));
    EXPECT_EQ(LastReport(), "queue_overflow/error=1");
    Poll();
    EXPECT_EQ(reporter->counters().client_reports, 0u);
    LoseOne();
    Send(StoryNamed("backoff"));
    EXPECT_EQ(LastReport(), "queue_overflow/error=2");
  }
}

// An envelope is refused as a whole: a report that Sentry dislikes must cost one issue
// at most.
TEST_F(ClientReportsTest, GoAloneOnceTheirEnvelopeWasRefused) {
  LoseOne();
  EXPECT_EQ(OutcomeAfter({.status = 400}).kind, Outcome::Kind::kRejected);
  Send(StoryNamed("backoff"));
  EXPECT_EQ(LastItems(), "event");
  Poll();
  elapsed = seconds(30);
  http.Answer({.status = 400});
  Poll();
  EXPECT_EQ(LastReport(), "queue_overflow/error=1 send_error/error=1");
  Poll();
  EXPECT_EQ(reporter->NextDeadline(), SteadyTime::max()) << "Sentry does not want it";
}

TEST_F(ClientReportsTest, WaitWhileEverythingOrTheyAreLimited) {
  for (const char* limit : {"60::organization", "60:internal:key"}) {
    Make(Plain());
    elapsed = seconds(0);
    http.Answer({.status = 200, .headers = {{"X-Sentry-Rate-Limits", limit}}});
    Send(StoryNamed("backoff"));
    Poll();
    const std::size_t before = http.requests().size();
    LoseOne();
    EXPECT_EQ(reporter->NextDeadline(), now().steady + seconds(60));
    elapsed = seconds(59);
    reporter->Flush(now());
    Poll();
    EXPECT_THAT(http.requests(), SizeIs(before));
    EXPECT_TRUE(reporter->idle()) << "a drain would wait for nothing";
    elapsed = seconds(60);
    Poll();
    EXPECT_THAT(http.requests(), SizeIs(before + 1));
  }
}

TEST_F(ClientReportsTest, CanBeSwitchedOff) {
  SentryOptions options = Plain();
  options.client_reports = false;
  Make(options);
  LoseOne();
  Send(StoryNamed("backoff"));
  EXPECT_EQ(LastItems(), "event");
  reporter->Flush(now());
  EXPECT_THAT(http.requests(), SizeIs(1));
}

TEST_F(ClientReportsTest, NameWhatCouldNotBeAskedFor) {
  http.RefuseNext(Status(StatusCode::kInvalidArgument, "that is no URL"));
  LoseOne();
  Send(StoryNamed("backoff"));
  Poll();
  EXPECT_EQ(last.kind, Outcome::Kind::kRejected);
  reporter->Flush(now());
  EXPECT_EQ(LastReport(), "internal_sdk_error/error=1 queue_overflow/error=1");
}

TEST_F(ClientReportsTest, NameWhatSentryRefusedButNothingThatItLimited) {
  OutcomeAfter({.status = 413});
  OutcomeAfter({.status = 403});
  OutcomeAfter({.status = 302});
  OutcomeAfter({.status = 500});
  OutcomeAfter({.status = 429, .headers = {{"X-Sentry-Rate-Limits", "0:error"}}});
  elapsed = seconds(40);
  Poll();
  EXPECT_EQ(LastReport(), "send_error/error=3");
}

}  // namespace
}  // namespace k8sentry
