// What an issue is on its way: hooks, samples, attachments, breadcrumbs.
#include "tests/sentry/reporter_fixture.h"

namespace k8sentry {
namespace {

class IssuesTest : public SentryReporterTest {
 protected:
  IssuesTest() { Make(Plain()); }
  void MakeWith(const std::function<void(SentryOptions&)>& change) {
    SentryOptions options = Plain();
    change(options);
    Make(options);
  }
};

TEST_F(IssuesTest, MayBeChangedByTheHook) {
  MakeWith([](SentryOptions& options) {
    options.before_send = [](SentryIssue& issue) {
      issue.tags.emplace_back("team", "shop");
      issue.fingerprint = {"mine"};
      issue.attachments.push_back({.filename = "pod.yaml", .bytes = "kind: Pod"});
      return BeforeSend::kSend;
    };
  });
  Send(StoryNamed("backoff"));
  EXPECT_EQ(LastItems(), "event attachment");
  EXPECT_THAT(LastEnvelope().event(), HasSubstr("\"team\":\"shop\""));
  EXPECT_THAT(LastEnvelope().event(), HasSubstr("\"fingerprint\":[\"mine\"]"));
  EXPECT_EQ(LastEnvelope().items[1].payload, "kind: Pod");
}

TEST_F(IssuesTest, AreRejectedAndReportedWhenTheHookDropsThem) {
  MakeWith([](SentryOptions& options) {
    options.before_send = [](SentryIssue&) { return BeforeSend::kDrop; };
  });
  Send(StoryNamed("backoff"));
  Poll();
  EXPECT_EQ(last.kind, Outcome::Kind::kRejected);
  EXPECT_EQ(last.detail, "before_send");
  EXPECT_THAT(http.requests(), IsEmpty());
  reporter->Flush(now());
  EXPECT_EQ(LastReport(), "before_send/error=1");
}

TEST_F(IssuesTest, AreSampledByTheirId) {
  MakeWith([](SentryOptions& options) { options.sample_rate = 0.25; });
  int sent = 0;
  for (int i = 0; i < 256; ++i) {
    Telling telling = StoryNamed("backoff");
    telling.id[0] = static_cast<std::uint8_t>(i);
    Send(telling);
    Poll();
    const Outcome::Kind first = last.kind;
    Send(telling);
    Poll();
    EXPECT_EQ(last.kind, first) << "a repeat fares alike";
    sent += first == Outcome::Kind::kDelivered ? 1 : 0;
    EXPECT_TRUE(first == Outcome::Kind::kDelivered ||
                first == Outcome::Kind::kSampledOut);
  }
  EXPECT_EQ(sent, 64);
  reporter->Flush(now());
  Poll();
  int reported = 0;
  for (const HttpRequest& request : http.requests()) {
    const auto envelope = testing::ParseEnvelope(request.body);
    for (const auto& item : envelope->items) {
      std::string rows;
      if (item.type == "client_report") rows = ReportOf(item.payload);
      if (!rows.empty()) reported += std::stoi(rows.substr(rows.find('=') + 1));
    }
  }
  EXPECT_EQ(reported, 2 * 192);
}

TEST_F(IssuesTest, AreAllOrNoneAtTheEndsOfTheRate) {
  for (const double rate : {0.0, 1.0}) {
    MakeWith([&](SentryOptions& options) { options.sample_rate = rate; });
    for (const std::uint8_t byte : {0x00, 0xFF}) {
      Telling telling = StoryNamed("backoff");
      telling.id.fill(byte);
      Send(telling);
      Poll();
      EXPECT_EQ(last.kind,
                rate == 0 ? Outcome::Kind::kSampledOut : Outcome::Kind::kDelivered);
    }
  }
}

TEST_F(IssuesTest, GoWithoutTheirAttachmentsWhileTheseAreLimited) {
  MakeWith([](SentryOptions& options) {
    options.before_send = [](SentryIssue& issue) {
      issue.attachments.push_back({.filename = "a.txt", .bytes = "12345"});
      return BeforeSend::kSend;
    };
  });
  http.Answer(
      {.status = 200, .headers = {{"X-Sentry-Rate-Limits", "60:attachment:key"}}});
  Send(StoryNamed("backoff"));
  EXPECT_EQ(LastItems(), "event attachment");
  Poll();
  Send(StoryNamed("backoff"));
  EXPECT_EQ(LastItems(), "event client_report");
  EXPECT_EQ(LastReport(), "ratelimit_backoff/attachment=5");
  Poll();
  EXPECT_EQ(last.kind, Outcome::Kind::kDelivered);
  elapsed = seconds(60);
  Send(StoryNamed("backoff"));
  EXPECT_EQ(LastItems(), "event attachment");
}

TEST_F(IssuesTest, TakeTheirAttachmentsAlongWhenTheyAreLimitedThemselves) {
  http.Answer({.status = 200, .headers = {{"X-Sentry-Rate-Limits", "60:error:key"}}});
  Send(StoryNamed("backoff"));
  Poll();
  Send(StoryNamed("backoff"));
  EXPECT_THAT(http.requests(), SizeIs(1));
  Poll();
  EXPECT_EQ(last.kind, Outcome::Kind::kLimited);
}

TEST_F(IssuesTest, AreToldOfWithSizeAndItemsWhenTheyAreTooLarge) {
  MakeWith([](SentryOptions& options) {
    options.before_send = [](SentryIssue& issue) {
      issue.attachments.push_back({.filename = "a.txt", .bytes = "12345"});
      return BeforeSend::kSend;
    };
  });
  const Outcome outcome = OutcomeAfter({.status = 413, .body = {"too large"}});
  EXPECT_EQ(outcome.kind, Outcome::Kind::kRejected);
  const std::string bytes = std::to_string(http.requests().back().body.size());
  EXPECT_EQ(outcome.detail, "status 413 for " + bytes +
                                " bytes: too large (an event and 1 attachments of 5 "
                                "bytes, uncompressed " +
                                bytes + ")");
  reporter->Flush(now());
  EXPECT_EQ(LastReport(), "send_error/attachment=5 send_error/error=1");
}

Event EventOf(const Telling& telling, std::string_view uid, std::string_view message,
              Duration before) {
  Event event = telling.event.view();
  event.uid = uid;
  event.message = message;
  const Time time = *event.occurrence_time() -
                    std::chrono::duration_cast<std::chrono::microseconds>(before);
  event.event_time = time;
  event.series_last_observed = {};
  event.last_timestamp = time;
  return event;
}

TEST_F(IssuesTest, ShowWhatCameBeforeTheirEvent) {
  const Telling telling = StoryNamed("backoff");
  reporter->Admitted(EventOf(telling, "u2", "second", seconds(10)), now());
  reporter->Admitted(EventOf(telling, "u1", "first", seconds(20)), now());
  reporter->Admitted(EventOf(telling, "u0", "too old", hours(2)), now());
  reporter->Admitted(EventOf(telling, "u3", "later", seconds(-10)), now());
  reporter->Admitted(telling.event.view(), now());
  Event other = EventOf(telling, "u4", "elsewhere", seconds(5));
  other.involved_object.namespace_ = "elsewhere";
  reporter->Admitted(other, now());
  Send(telling);
  const std::string event(LastEnvelope().event());
  const std::size_t first = event.find("first"), second = event.find("second");
  ASSERT_NE(first, std::string::npos) << event;
  ASSERT_NE(second, std::string::npos);
  EXPECT_LT(first, second);
  EXPECT_THAT(event, Not(HasSubstr("too old")));
  EXPECT_THAT(event, Not(HasSubstr("later")));
  EXPECT_THAT(event, Not(HasSubstr("elsewhere")));
}

TEST_F(IssuesTest, ShowNothingWhenNoBreadcrumbsAreWanted) {
  MakeWith([](SentryOptions& options) { options.max_breadcrumbs = 0; });
  const Telling telling = StoryNamed("backoff");
  reporter->Admitted(EventOf(telling, "u1", "first", seconds(20)), now());
  Send(telling);
  EXPECT_THAT(std::string(LastEnvelope().event()), Not(HasSubstr("breadcrumbs")));
}

TEST_F(IssuesTest, NeedAllAdmittedEventsForTrailsAndLogsOnly) {
  EXPECT_TRUE(reporter->wants_admitted());
  MakeWith([](SentryOptions& options) { options.max_breadcrumbs = 0; });
  EXPECT_FALSE(reporter->wants_admitted());
  MakeWith([](SentryOptions& options) {
    options.max_breadcrumbs = 0;
    options.logs = SentryLogs::kAll;
  });
  EXPECT_TRUE(reporter->wants_admitted());
}

TEST_F(IssuesTest, HaveAFolderNameThatTellsNoSecret) {
  const std::string name = reporter->spool_name();
  EXPECT_THAT(name, ::testing::MatchesRegex("sentry-[0-9a-f]{16}"));
  const auto with = [&](const char* dsn) {
    MakeWith([&](SentryOptions& options) { options.dsn = *ParseDsn(dsn); });
    return reporter->spool_name();
  };
  EXPECT_EQ(with(kDsn), name);
  EXPECT_EQ(with("http://0123456789abcdef0123456789abcdef:sec@127.0.0.1:9000/42"),
            name);
  EXPECT_NE(with("http://0123456789abcdef0123456789abcdee@127.0.0.1:9000/42"), name);
  EXPECT_NE(with("http://0123456789abcdef0123456789abcdef@127.0.0.1:9000/43"), name);
}

}  // namespace
}  // namespace k8sentry
