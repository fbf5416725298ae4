#include "tests/sentry/reporter_fixture.h"

namespace k8sentry {
namespace {

using std::chrono::milliseconds;

const FakeHttpAnswer kReset = {.status = 0,
                               .end = Status(StatusCode::kUnavailable, "reset")};
const FakeHttpAnswer kResetAfterAll = {.status = 0,
                                       .end = Status(StatusCode::kUnavailable, "reset"),
                                       .request_went_out = true};

class LogSenderTest : public SentryReporterTest {
 protected:
  LogSenderTest() { Make(Plain()); }
  void MakeWith(const std::function<void(SentryOptions&)>& change) {
    SentryOptions options = Plain();
    change(options);
    Make(options);
  }
  static SentryLog LogSaying(std::string body) {
    SentryLog log;
    log.timestamp = StorySentAt();
    log.trace_id.fill(7);
    log.body = std::move(body);
    return log;
  }
  void Capture(int count, const std::string& body = "hello") {
    for (int i = 0; i < count; ++i) reporter->CaptureLog(LogSaying(body), now());
  }
  const SentryCounters::Item& logs() const {
    const SentryCounters::Item& logs = reporter->counters().logs;
    EXPECT_EQ(logs.captured,
              logs.dropped + logs.rejected + logs.delivered + logs.waiting);
    return logs;
  }
  // How many logs the request held; 0 for one without.
  static std::size_t LogsIn(const HttpRequest& request) {
    const auto envelope = testing::ParseEnvelope(request.body);
    std::size_t logs = 0;
    for (const testing::SentryItem& item : envelope->items) {
      if (item.type != "log") continue;
      EXPECT_EQ(envelope->items.front().type, "log");
      const std::string_view payload = item.payload;
      for (std::size_t at = payload.find("\"body\""); at != payload.npos;
           at = payload.find("\"body\"", at + 1)) {
        ++logs;
      }
      EXPECT_THAT(item.headers, HasSubstr("\"item_count\":" + std::to_string(logs)));
    }
    return logs;
  }
  std::vector<std::size_t> Batches() const {
    std::vector<std::size_t> logs;
    for (const HttpRequest& request : http.requests()) logs.push_back(LogsIn(request));
    return logs;
  }
};

TEST_F(LogSenderTest, SendsFiveSecondsAfterTheFirst) {
  Capture(1);
  EXPECT_EQ(reporter->NextDeadline(), now().steady + seconds(5));
  elapsed = seconds(4);
  Capture(2);
  Poll();
  EXPECT_THAT(http.requests(), IsEmpty());
  EXPECT_FALSE(reporter->idle());
  elapsed = seconds(5);
  Poll();
  EXPECT_THAT(Batches(), ElementsAre(3u));
  EXPECT_EQ(http.requests()[0].repeat, HttpRepeat::kNever);
  Poll();
  EXPECT_EQ(logs().delivered, 3u);
  EXPECT_TRUE(reporter->idle());
  EXPECT_EQ(reporter->NextDeadline(), SteadyTime::max());
}

TEST_F(LogSenderTest, SendsAHundredAtOnceAndNeverMore) {
  Capture(250);
  Poll();
  EXPECT_THAT(Batches(), ElementsAre(100u, 100u));
  EXPECT_EQ(reporter->NextDeadline(), now().steady + seconds(5));
  Poll();
  EXPECT_EQ(logs().waiting, 50u);
}

TEST_F(LogSenderTest, KeepsAContainerBelowAMebibyte) {
  // The writer cuts bodies, but not attributes: 40 of them make about 42 KB.
  for (int i = 0; i < 60; ++i) {
    SentryLog log = LogSaying("x");
    for (int a = 0; a < 40; ++a) {
      log.attributes.push_back({"a" + std::to_string(a), std::string(1000, 'x')});
    }
    reporter->CaptureLog(std::move(log), now());
  }
  reporter->Flush(now());
  ASSERT_GE(http.requests().size(), 3u);
  std::size_t sum = 0;
  for (const HttpRequest& request : http.requests()) {
    EXPECT_LE(request.body.size(), 1u << 20);
    sum += LogsIn(request);
  }
  EXPECT_EQ(sum, 60u);
}

TEST_F(LogSenderTest, KeepsAThousandAndDropsWhatComesThen) {
  http.Answer({.status = 200, .stay_open = true});
  http.Answer({.status = 200, .stay_open = true});
  http.Answer({.status = 200, .stay_open = true});
  http.Answer({.status = 200, .stay_open = true});
  Capture(1100);
  EXPECT_EQ(logs().waiting, 1000u);
  EXPECT_EQ(logs().dropped, 100u);
  Poll();
  EXPECT_THAT(Batches(), SizeIs(4)) << "so many at once";
  // The report rode with the first of them.
  const auto first = testing::ParseEnvelope(http.requests()[0].body);
  ASSERT_THAT(first->items, SizeIs(2));
  EXPECT_THAT(ReportOf(first->items[1].payload),
              ::testing::MatchesRegex("buffer_overflow/log_byte=[0-9]+ "
                                      "buffer_overflow/log_item=100"));
}

TEST_F(LogSenderTest, TriesAgainWhatCannotHaveArrived) {
  for (const FakeHttpAnswer& failure : {kReset, FakeHttpAnswer{.status = 503}}) {
    Make(Plain());
    const std::size_t before = http.requests().size();
    Capture(200);
    http.Answer(failure);
    http.Answer(failure);
    reporter->Poll(now());
    EXPECT_THAT(http.requests(), SizeIs(before + 2));
    Poll();
    EXPECT_THAT(http.requests(), SizeIs(before + 2)) << "not at once";
    const SteadyTime next = reporter->NextDeadline();
    EXPECT_GE(next, now().steady + seconds(1));
    EXPECT_LE(next, now().steady + seconds(4));
    elapsed += seconds(4);
    Poll();
    EXPECT_THAT(http.requests(), SizeIs(before + 3)) << "one tries for all";
    Poll();
    Poll();
    Poll();
    EXPECT_EQ(logs().delivered, 200u);
  }
}

TEST_F(LogSenderTest, RepeatsNothingThatMayHaveArrived) {
  Capture(100);
  http.Answer(kResetAfterAll);
  reporter->Poll(now());
  Poll();
  elapsed = hours(1);
  Poll();
  EXPECT_EQ(logs().rejected, 100u);
  EXPECT_THAT(Batches(), ElementsAre(100u, 0u));
  EXPECT_THAT(LastReport(), HasSubstr("network_error/log_item=100"));
  EXPECT_THAT(logger.lines, ElementsAre("logs are lost logs=100 last=reset"));
}

TEST_F(LogSenderTest, GivesUpAfterTwelveAttempts) {
  Capture(100);
  for (int i = 0; i < 12; ++i) http.Answer(kReset);
  for (int i = 0; i < 40; ++i) {
    Poll();
    elapsed += std::chrono::minutes(1);
  }
  EXPECT_EQ(logs().rejected, 100u);
  EXPECT_THAT(Batches(), ::testing::Contains(100u).Times(12));
}

TEST_F(LogSenderTest, WaitsOutALimitWithWhatItHas) {
  Capture(100);
  http.Answer(
      {.status = 429, .headers = {{"X-Sentry-Rate-Limits", "60:log_item:key"}}});
  reporter->Poll(now());
  Poll();
  EXPECT_EQ(reporter->NextDeadline(), now().steady + seconds(60));
  Capture(950);
  reporter->Flush(now());
  Poll();
  EXPECT_THAT(Batches(), ElementsAre(100u, 0u)) << "only the report goes";
  EXPECT_EQ(LastReport().find("ratelimit_backoff/log_byte="), 0u);
  EXPECT_THAT(LastReport(), HasSubstr("ratelimit_backoff/log_item=50"));
  elapsed = seconds(60);
  for (int i = 0; i < 5; ++i) Poll();
  EXPECT_EQ(logs().delivered, 1000u);
  EXPECT_EQ(logs().dropped, 50u);
}

TEST_F(LogSenderTest, TakesALimitOnBytesForOneOnLogsAndOneOnErrorsForNone) {
  http.Answer({.status = 200, .headers = {{"X-Sentry-Rate-Limits", "60:error:key"}}});
  Capture(100);
  Poll();
  Poll();
  Capture(100);
  http.Answer(
      {.status = 200, .headers = {{"X-Sentry-Rate-Limits", "60:log_byte:key"}}});
  Poll();
  Poll();
  EXPECT_EQ(logs().delivered, 200u);
  Capture(100);
  Poll();
  EXPECT_THAT(http.requests(), SizeIs(2));
}

TEST_F(LogSenderTest, LeavesWhatSentryRefuses) {
  for (const int status : {400, 403, 413, 302}) {
    Make(Plain());
    Capture(100);
    http.Answer({.status = status});
    reporter->Poll(now());
    Poll();
    EXPECT_EQ(logs().rejected, 100u);
    Send(StoryNamed("backoff"));
    EXPECT_THAT(LastReport(), HasSubstr("send_error/log_item=100"));
    Poll();
  }
}

TEST_F(LogSenderTest, AsksTheHookAndTheSampleRate) {
  MakeWith([](SentryOptions& options) {
    options.before_send_log = [](SentryLog& log) {
      if (log.body == "no") return BeforeSend::kDrop;
      log.body = "changed";
      return BeforeSend::kSend;
    };
  });
  Capture(1, "no");
  Capture(1, "yes");
  reporter->Flush(now());
  EXPECT_THAT(LastEnvelope().items[0].payload, HasSubstr("\"body\":\"changed\""));
  EXPECT_THAT(LastReport(), HasSubstr("before_send/log_item=1"));
  EXPECT_EQ(logs().dropped, 1u);

  MakeWith([](SentryOptions& options) { options.logs_sample_rate = 0.5; });
  Capture(900);
  EXPECT_GT(logs().dropped, 350u);
  EXPECT_LT(logs().dropped, 550u);
  reporter->Flush(now());
  EXPECT_THAT(testing::ParseEnvelope(http.requests()[1].body)->items, SizeIs(2));
}

TEST_F(LogSenderTest, LogsTheEventOfEachTellingWhenAsked) {
  MakeWith([](SentryOptions& options) { options.logs = SentryLogs::kTold; });
  const Telling telling = StoryNamed("backoff");
  reporter->Admitted(telling.event.view(), now());
  reporter->Told(telling, now());
  EXPECT_EQ(logs().captured, 1u);
}

TEST_F(LogSenderTest, LogsEachEventButThoseOfAnEarlierRunWhenAsked) {
  MakeWith([](SentryOptions& options) { options.logs = SentryLogs::kAll; });
  const Telling telling = StoryNamed("backoff");
  reporter->Admitted(telling.event.view(), now());
  Event again = telling.event.view();
  again.retell = true;
  reporter->Admitted(again, now());
  reporter->Told(telling, now());
  EXPECT_EQ(logs().captured, 1u);
  MakeWith([](SentryOptions&) {});
  reporter->Admitted(telling.event.view(), now());
  reporter->Told(telling, now());
  EXPECT_EQ(logs().captured, 0u);
}

TEST_F(LogSenderTest, SendsAtOnceForAWhileAfterAFlush) {
  reporter->Flush(now());
  Capture(1);
  Poll();
  EXPECT_THAT(Batches(), ElementsAre(1u));
  elapsed = seconds(11);
  Capture(1);
  Poll();
  EXPECT_THAT(Batches(), SizeIs(1));
}

TEST_F(LogSenderTest, CancelsItsRequestsWhenItGoes) {
  Capture(100);
  reporter->Poll(now());
  reporter.reset();
  EXPECT_THAT(http.cancelled(), SizeIs(1));
  http.Poll(now().steady);
}

}  // namespace
}  // namespace k8sentry
