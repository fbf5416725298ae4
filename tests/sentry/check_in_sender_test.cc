#include "tests/sentry/reporter_fixture.h"

namespace k8sentry {
namespace {

const FakeHttpAnswer kReset = {.status = 0,
                               .end = Status(StatusCode::kUnavailable, "reset")};

class CheckInSenderTest : public SentryReporterTest {
 protected:
  CheckInSenderTest() { Make(Plain()); }
  static CheckIn CheckInOf(std::string slug = "shop-cleanup") {
    CheckIn check_in;
    check_in.id.fill(9);
    check_in.monitor_slug = std::move(slug);
    return check_in;
  }
  void Capture(CheckIn check_in = CheckInOf()) {
    reporter->CaptureCheckIn(std::move(check_in), now());
  }
  const SentryCounters::Item& check_ins() const {
    const SentryCounters::Item& item = reporter->counters().check_ins;
    EXPECT_EQ(item.captured,
              item.dropped + item.rejected + item.delivered + item.waiting);
    return item;
  }
};

TEST_F(CheckInSenderTest, SendsEachAtOnceInAnEnvelopeOfItsOwn) {
  CheckIn start = CheckInOf();
  start.status = CheckInStatus::kInProgress;
  start.config = *MonitorConfigOf("*/5 * * * *");
  Capture(start);
  EXPECT_THAT(LastEnvelope().items[0].payload, HasSubstr("monitor_config"));
  EXPECT_THAT(LastEnvelope().items[0].payload, HasSubstr("in_progress"));
  Capture();
  EXPECT_THAT(LastEnvelope().items[0].payload, Not(HasSubstr("monitor_config")));
  ASSERT_THAT(http.requests(), SizeIs(2));
  EXPECT_EQ(LastItems(), "check_in");
  EXPECT_FALSE(reporter->idle());
  Poll();
  EXPECT_EQ(check_ins().delivered, 2u);
  EXPECT_TRUE(reporter->idle());
}

TEST_F(CheckInSenderTest, SendsNoneThatIsLate) {
  CheckIn late = CheckInOf();
  late.not_after = now().steady;
  Capture(late);
  EXPECT_THAT(http.requests(), IsEmpty());
  EXPECT_EQ(check_ins().dropped, 1u);
  CheckIn soon_late = CheckInOf();
  soon_late.not_after = now().steady + seconds(3);
  Capture(soon_late);
  EXPECT_EQ(http.requests().back().deadline, seconds(3)) << "it must arrive until then";
}

TEST_F(CheckInSenderTest, TriesAgainUntilItIsLate) {
  CheckIn check_in = CheckInOf();
  check_in.not_after = now().steady + seconds(20);
  for (int i = 0; i < 50; ++i) http.Answer(kReset);
  Capture(check_in);
  std::size_t before_the_end = 0;
  for (int second = 0; second < 60; ++second) {
    elapsed = seconds(second);
    Poll();
    if (second < 20) before_the_end = http.requests().size();
  }
  EXPECT_GE(before_the_end, 3u);
  EXPECT_EQ(check_ins().rejected, 1u);
  int late = 0;
  for (std::size_t i = before_the_end; i < http.requests().size(); ++i) {
    late += http.requests()[i].body.find("check_in_id") == std::string::npos ? 0 : 1;
  }
  EXPECT_EQ(late, 0);
}

TEST_F(CheckInSenderTest, ArrivesAfterATroubleThatPasses) {
  http.Answer({.status = 503});
  Capture();
  Poll();
  EXPECT_GE(reporter->NextDeadline(), now().steady + seconds(1));
  elapsed = seconds(2);
  Poll();
  Poll();
  EXPECT_EQ(check_ins().delivered, 1u);
  EXPECT_THAT(http.requests(), SizeIs(2));
}

TEST_F(CheckInSenderTest, DropsWhatALimitForbids) {
  http.Answer({.status = 429, .headers = {{"X-Sentry-Rate-Limits", "60:monitor:key"}}});
  Capture();
  Poll();
  EXPECT_EQ(check_ins().rejected, 1u);
  Capture();
  EXPECT_EQ(check_ins().dropped, 1u);
  EXPECT_THAT(http.requests(), SizeIs(1));
  Send(StoryNamed("backoff"));
  EXPECT_EQ(LastReport(), "ratelimit_backoff/monitor=1") << "Sentry counts its 429s";
  elapsed = seconds(60);
  Capture();
  EXPECT_THAT(http.requests(), SizeIs(3));
}

TEST_F(CheckInSenderTest, SendsSixAMinuteForEachMonitor) {
  for (int i = 0; i < 10; ++i) Capture();
  Capture(CheckInOf("another"));
  EXPECT_THAT(http.requests(), SizeIs(7));
  EXPECT_EQ(check_ins().dropped, 4u);
  Poll();
  elapsed = seconds(59);
  Capture();
  EXPECT_EQ(check_ins().dropped, 5u);
  elapsed = seconds(60);
  Capture();
  EXPECT_EQ(check_ins().dropped, 5u);
  EXPECT_EQ(LastReport(), "ratelimit_backoff/monitor=1");
}

TEST_F(CheckInSenderTest, AsksTheHook) {
  SentryOptions options = Plain();
  options.before_send_check_in = [](CheckIn& check_in) {
    return check_in.monitor_slug == "no" ? BeforeSend::kDrop : BeforeSend::kSend;
  };
  Make(options);
  Capture(CheckInOf("no"));
  Capture(CheckInOf("yes"));
  EXPECT_EQ(LastItems(), "check_in client_report");
  EXPECT_EQ(LastReport(), "before_send/monitor=1");
  EXPECT_EQ(check_ins().dropped, 1u);
}

TEST_F(CheckInSenderTest, LeavesWhatSentryRefuses) {
  http.Answer({.status = 400, .body = {"bad slug"}});
  Capture();
  Poll();
  EXPECT_EQ(check_ins().rejected, 1u);
  ASSERT_THAT(logger.lines, SizeIs(1));
  EXPECT_THAT(logger.lines[0], HasSubstr("bad slug"));
  reporter->Flush(now());
  EXPECT_EQ(LastReport(), "send_error/monitor=1");
}

TEST_F(CheckInSenderTest, KeepsEightUnderWayAndTheRestInLine) {
  for (int i = 0; i < 20; ++i) Capture(CheckInOf("monitor-" + std::to_string(i)));
  EXPECT_THAT(http.requests(), SizeIs(8));
  for (int i = 0; i < 4; ++i) Poll();
  EXPECT_EQ(check_ins().delivered, 20u);
}

}  // namespace
}  // namespace k8sentry
