// The items of an envelope beside the event itself, as Sentry reads them.
#include "sentry/items.h"

#include <gmock/gmock.h>

#include <cmath>
#include <functional>

#include "k8sentry/testing/fake_sentry.h"
#include "sentry/trim.h"
#include "simdjson.h"
#include "tests/sentry/stories.h"

namespace k8sentry {
namespace {

using internal::AppendCheckInEnvelope;
using internal::AppendClientReportEnvelope;
using internal::AppendClientReportItem;
using internal::AppendIssueEnvelope;
using internal::AppendLogEnvelope;
using internal::AppendLogPayload;
using internal::IssueToSend;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::ParseEnvelope;
using testing::ReceivedEnvelope;
using testing::SentryItem;
using ::testing::StartsWith;
using testing::StoryNamed;
using testing::StorySentAt;

const char kSmile[] = "\xF0\x9F\x98\x80";

std::string Repeated(std::string_view text, std::size_t times) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i) out += text;
  return out;
}

std::size_t Characters(std::string_view text) {
  std::size_t characters = 0;
  for (const char c : text)
    characters += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  return characters;
}

class Json {
 public:
  explicit Json(std::string_view text) : text_(text) {
    EXPECT_EQ(parser_.parse(text_).get(root_), simdjson::SUCCESS) << text_;
  }
  bool Has(std::string_view pointer) const {
    return root_.at_pointer(pointer).error() == simdjson::SUCCESS;
  }
  // The text of a string, the JSON of anything else, "<none>" if it is not there.
  std::string At(std::string_view pointer) const {
    simdjson::dom::element element;
    if (root_.at_pointer(pointer).get(element) != simdjson::SUCCESS) return "<none>";
    std::string_view text;
    if (element.get(text) == simdjson::SUCCESS) return std::string(text);
    return simdjson::minify(element);
  }

 private:
  std::string text_;
  simdjson::dom::parser parser_;
  simdjson::dom::element root_;
};

ReceivedEnvelope Parsed(const std::string& bytes) {
  Result<ReceivedEnvelope> envelope = ParseEnvelope(bytes);
  EXPECT_TRUE(envelope.ok()) << envelope.status().message();
  return envelope.ok() ? *std::move(envelope) : ReceivedEnvelope();
}

std::string PayloadOf(const SentryLog& log, const SentryOptions& options = {}) {
  std::string payload;
  AppendLogPayload(log, options, payload);
  return payload;
}

std::string CheckInJson(const CheckIn& check_in, const SentryOptions& options = {}) {
  std::string bytes;
  AppendCheckInEnvelope(check_in, options, StorySentAt(), bytes);
  const ReceivedEnvelope envelope = Parsed(bytes);
  EXPECT_EQ(envelope.items.size(), 1u);
  EXPECT_EQ(envelope.items.at(0).type, "check_in");
  EXPECT_EQ(envelope.event_id, "");
  return envelope.items.at(0).payload;
}

TEST(LogItem, HasWhatSentryAsksOfEachLog) {
  const Telling telling = StoryNamed("cluster-scoped");
  const Json log(PayloadOf(
      LogOf(telling.event.view()),
      {.environment = "stage", .release = "shop@1", .server_name = "agent-1"}));
  EXPECT_EQ(log.At("/timestamp"), "1795230905.0");
  EXPECT_EQ(log.At("/trace_id"), "3c82d12b8cf943a8aee8db9dc9cd9f49");
  EXPECT_EQ(log.At("/level"), "warn");
  EXPECT_EQ(log.At("/severity_number"), "13");
  EXPECT_THAT(log.At("/body"), StartsWith("SystemOOM: System OOM encountered"));
  EXPECT_EQ(log.At("/attributes/sentry.environment"),
            R"({"value":"stage","type":"string"})");
  EXPECT_EQ(log.At("/attributes/sentry.release/value"), "shop@1");
  EXPECT_EQ(log.At("/attributes/sentry.sdk.name/value"), "k8sentry");
  EXPECT_TRUE(log.Has("/attributes/sentry.sdk.version/value"));
  EXPECT_EQ(log.At("/attributes/server.address/value"), "agent-1");
  EXPECT_EQ(log.At("/attributes/sentry.origin/value"), "auto.k8s.event");
  EXPECT_EQ(log.At("/attributes/k8s.event.count"), R"({"value":1,"type":"integer"})");
}

TEST(LogItem, HasALevelOfLogsWithItsNumber) {
  const std::pair<Level, std::string> levels[] = {{Level::kFatal, "fatal 21"},
                                                  {Level::kError, "error 17"},
                                                  {Level::kWarning, "warn 13"},
                                                  {Level::kInfo, "info 9"},
                                                  {Level::kDebug, "debug 5"}};
  for (const auto& [level, expected] : levels) {
    const Json log(PayloadOf({.level = level}));
    EXPECT_EQ(log.At("/level") + " " + log.At("/severity_number"), expected);
  }
}

TEST(LogItem, OfSomebodyElseSaysNoOriginAndHasATraceAllTheSame) {
  const Json log(PayloadOf({.timestamp = StorySentAt(), .body = "hello"}));
  EXPECT_FALSE(log.Has("/attributes/sentry.origin"));
  EXPECT_FALSE(log.Has("/attributes/server.address"));
  EXPECT_EQ(log.At("/trace_id").size(), 32u);
  EXPECT_NE(log.At("/trace_id"), std::string(32, '0'));
}

TEST(LogItem, WritesEachKindOfValueWithItsType) {
  const Json log(PayloadOf({.attributes = {{"text", "a\n\"b"},
                                           {"yes", true},
                                           {"whole", std::int64_t{-9007199254740993}},
                                           {"broken", 2.5},
                                           {"none", std::nan("")},
                                           {"text", "again"},
                                           {"", "nameless"},
                                           {"sentry.environment", "mine"}}}));
  EXPECT_EQ(log.At("/attributes/text"), R"({"value":"a\n\"b","type":"string"})");
  EXPECT_EQ(log.At("/attributes/yes"), R"({"value":true,"type":"boolean"})");
  EXPECT_EQ(log.At("/attributes/whole"),
            R"({"value":-9007199254740993,"type":"integer"})");
  EXPECT_EQ(log.At("/attributes/broken"), R"({"value":2.5,"type":"double"})");
  EXPECT_FALSE(log.Has("/attributes/none"));
  EXPECT_EQ(log.At("/attributes/sentry.environment/value"), "mine");
}

TEST(LogItem, IsBoundedOnCharacterBordersWhateverIsInIt) {
  for (const std::string& character : {std::string(kSmile), std::string("\x01")}) {
    SentryLog log{.body = Repeated(character, 100000)};
    for (int i = 0; i < 1000; ++i) {
      log.attributes.push_back(
          {std::to_string(i) + Repeated(kSmile, 10000), Repeated(character, 10000)});
    }
    const std::string payload = PayloadOf(log);
    EXPECT_LT(payload.size(), 1u << 20);
    const Json json(payload);
    EXPECT_EQ(Characters(json.At("/body")), 8192u);
    EXPECT_THAT(json.At("/body"), EndsWith(character + "..."));
    EXPECT_THAT(payload, Not(HasSubstr("\xEF\xBF\xBD")));
    EXPECT_TRUE(json.Has("/attributes/sentry.sdk.name"));
  }
}

TEST(LogContainer, CountsWhatIsInIt) {
  const std::vector<std::string> payloads = {PayloadOf({.body = "a"}),
                                             PayloadOf({.body = "b\n"})};
  std::string bytes;
  AppendLogEnvelope(payloads, StorySentAt(), bytes);
  const ReceivedEnvelope envelope = Parsed(bytes);
  ASSERT_EQ(envelope.items.size(), 1u);
  EXPECT_EQ(envelope.items[0].type, "log");
  const Json headers(envelope.items[0].headers);
  EXPECT_EQ(headers.At("/item_count"), "2");
  EXPECT_EQ(headers.At("/content_type"), "application/vnd.sentry.items.log+json");
  EXPECT_FALSE(Json(envelope.headers).Has("/trace"));
  EXPECT_FALSE(Json(envelope.headers).Has("/event_id"));
  const Json container(envelope.items[0].payload);
  EXPECT_EQ(container.At("/version"), "2");
  EXPECT_EQ(container.At("/items/0/body"), "a");
  EXPECT_EQ(container.At("/items/1/body"), "b\n");
  EXPECT_FALSE(container.Has("/items/2"));
}

TEST(CheckInItem, SaysHowARunBegan) {
  const CheckIn check_in{.id = CheckInIdOf("c607f0ff-edda-468c-8160-ef1aa6fe056e"),
                         .monitor_slug = "shop_nightly",
                         .status = CheckInStatus::kInProgress,
                         .duration = std::chrono::seconds(7),
                         .config = *MonitorConfigOf("0 3 * * ?"),
                         .trace_id = {1, 2, 3}};
  const Json json(CheckInJson(check_in, {.environment = "stage"}));
  EXPECT_EQ(json.At("/check_in_id"), "c607f0ffedda468c8160ef1aa6fe056e");
  EXPECT_EQ(json.At("/monitor_slug"), "shop_nightly");
  EXPECT_EQ(json.At("/status"), "in_progress");
  EXPECT_EQ(json.At("/environment"), "stage");
  EXPECT_FALSE(json.Has("/duration")) << "only what has ended has a duration";
  EXPECT_EQ(json.At("/monitor_config"),
            R"({"schedule":{"type":"crontab","value":"0 3 * * *"},"timezone":"UTC"})");
  EXPECT_EQ(json.At("/contexts/trace/trace_id"), "01020300000000000000000000000000");
}

TEST(CheckInItem, SaysHowARunEnded) {
  const Json json(CheckInJson(
      {.status = CheckInStatus::kError, .duration = std::chrono::milliseconds(1500)}));
  EXPECT_EQ(json.At("/status"), "error");
  EXPECT_EQ(json.At("/duration"), "1.5");
  EXPECT_FALSE(json.Has("/monitor_config"));
  EXPECT_FALSE(json.Has("/contexts"));
  EXPECT_EQ(Json(CheckInJson({.status = CheckInStatus::kOk})).At("/status"), "ok");
}

TEST(CheckInItem, StaysInTheRangesThatSentryTakes) {
  using std::chrono::hours;
  const MonitorConfig config{.schedule = MonitorConfig::Interval{0, "hour"},
                             .timezone = "Europe/Berlin",
                             .checkin_margin = std::chrono::seconds(61),
                             .max_runtime = hours(24 * 365),
                             .failure_issue_threshold = 0,
                             .recovery_threshold = 1000};
  const Json json(CheckInJson({.monitor_slug = std::string(60, 's'),
                               .duration = hours(24 * 365),
                               .config = config}));
  EXPECT_EQ(json.At("/monitor_slug"), std::string(50, 's'));
  EXPECT_EQ(json.At("/duration"), "2147483.647");
  EXPECT_EQ(json.At("/monitor_config/schedule"),
            R"({"type":"interval","value":1,"unit":"hour"})");
  EXPECT_EQ(json.At("/monitor_config/timezone"), "Europe/Berlin");
  EXPECT_EQ(json.At("/monitor_config/checkin_margin"), "2");
  EXPECT_EQ(json.At("/monitor_config/max_runtime"), "40320");
  EXPECT_EQ(json.At("/monitor_config/failure_issue_threshold"), "1");
  EXPECT_EQ(json.At("/monitor_config/recovery_threshold"), "720");
  const Json least(CheckInJson(
      {.duration = -hours(1), .config = MonitorConfig{.checkin_margin = Duration(0)}}));
  EXPECT_EQ(least.At("/duration"), "0");
  EXPECT_EQ(least.At("/monitor_config/checkin_margin"), "1");
}

TEST(ClientReport, NamesWhatWasLostAndNothingElse) {
  const internal::DiscardedEvents discarded[] = {{"queue_overflow", "error", 23},
                                                 {"before_send", "log_item", 0},
                                                 {"before_send", "log_byte", 512}};
  std::string bytes;
  AppendClientReportEnvelope(discarded, StorySentAt(), bytes);
  const ReceivedEnvelope envelope = Parsed(bytes);
  ASSERT_EQ(envelope.items.size(), 1u);
  EXPECT_EQ(envelope.items[0].type, "client_report");
  EXPECT_EQ(envelope.items[0].payload,
            R"({"timestamp":1795233600.000000,"discarded_events":[)"
            R"({"reason":"queue_overflow","category":"error","quantity":23},)"
            R"({"reason":"before_send","category":"log_byte","quantity":512}]})");
}

TEST(ClientReport, RidesBehindAnyOtherItem) {
  const Telling telling = StoryNamed("backoff");
  std::string bytes;
  AppendIssueEnvelope(IssueToSend(telling, {}, Scrubber()), {}, StorySentAt(), bytes);
  const internal::DiscardedEvents discarded[] = {{"network_error", "error", 1}};
  AppendClientReportItem(discarded, StorySentAt(), bytes);
  const ReceivedEnvelope envelope = Parsed(bytes);
  ASSERT_EQ(envelope.items.size(), 2u);
  EXPECT_EQ(envelope.items[1].type, "client_report");
}

// The event of an issue that `change` has changed.
std::string EventOf(const std::function<void(SentryIssue&)>& change) {
  const Telling telling = StoryNamed("backoff");
  SentryIssue issue = IssueToSend(telling, {}, Scrubber());
  change(issue);
  std::string bytes;
  AppendIssueEnvelope(issue, {}, StorySentAt(), bytes);
  return std::string(Parsed(bytes).event());
}

TEST(IssueItem, CarriesBreadcrumbsOldestFirst) {
  const Json event(EventOf([](SentryIssue& issue) {
    issue.breadcrumbs = {BreadcrumbOf(StoryNamed("failed-mount").event.view()),
                         {.message = "second"}};
  }));
  EXPECT_EQ(event.At("/breadcrumbs/values/0"),
            R"({"timestamp":1795230732.0,"type":"error","category":"k8s.event",)"
            R"("level":"error","message":"FailedMount: MountVolume.SetUp failed for )"
            R"(volume \"v\" : configmap \"missing-config\" not found",)"
            R"("data":{"kind":"Pod","name":"needs-config","component":"kubelet",)"
            R"("node":"localhost"}})");
  EXPECT_EQ(
      event.At("/breadcrumbs/values/1"),
      R"({"timestamp":1795233600.0,"type":"default","level":"info","message":"second"})");
  EXPECT_FALSE(Json(EventOf([](SentryIssue&) {})).Has("/breadcrumbs"));
}

TEST(IssueItem, KeepsTheNewestBreadcrumbsWhenThereAreTooMany) {
  const std::string event = EventOf([](SentryIssue& issue) {
    for (int i = 0; i < 1000; ++i) {
      Breadcrumb breadcrumb{.message = std::to_string(i) + Repeated(kSmile, 20000),
                            .data = {}};
      for (int j = 0; j < 100; ++j) {
        breadcrumb.data.emplace_back(std::to_string(j), Repeated(kSmile, 1000));
      }
      issue.breadcrumbs.push_back(std::move(breadcrumb));
    }
  });
  EXPECT_LT(event.size(), 1000000u);
  EXPECT_THAT(event, Not(HasSubstr("\xEF\xBF\xBD")));
  const Json json(event);
  EXPECT_EQ(Characters(json.At("/breadcrumbs/values/0/message")), 8192u);
  EXPECT_LE(json.At("/breadcrumbs/values/0/data").size(), 2048u);
  std::size_t count = 0;
  while (json.Has("/breadcrumbs/values/" + std::to_string(count))) ++count;
  EXPECT_GT(count, 5u);
  EXPECT_THAT(json.At("/breadcrumbs/values/" + std::to_string(count - 1) + "/message"),
              StartsWith("999"));
  EXPECT_LE(Json(EventOf([](SentryIssue& issue) {
              issue.breadcrumbs.resize(1000, {.message = "x"});
            })).Has("/breadcrumbs/values/100"),
            false);
}

TEST(IssueItem, CarriesAttachmentsInItsEnvelope) {
  const Telling telling = StoryNamed("backoff");
  SentryIssue issue = IssueToSend(telling, {}, Scrubber());
  issue.attachments = {{.filename = "/etc/\npod.yaml",
                        .content_type = "text/yaml",
                        .bytes = "a: b\n\n{\"type\":\"event\"}\n"},
                       {.filename = "", .content_type = "", .bytes = "x"},
                       {.filename = "empty"},
                       {.filename = Repeated(kSmile, 1000), .bytes = "\xFF\0"}};
  std::string bytes;
  EXPECT_EQ(AppendIssueEnvelope(issue, {}, StorySentAt(), bytes), 0u);
  const ReceivedEnvelope envelope = Parsed(bytes);
  ASSERT_EQ(envelope.items.size(), 4u);
  EXPECT_EQ(envelope.items[1].payload, issue.attachments[0].bytes);
  EXPECT_EQ(envelope.items[1].headers,
            R"({"type":"attachment","length":23,"content_type":"text/yaml",)"
            R"("filename":"pod.yaml","attachment_type":"event.attachment"})");
  EXPECT_EQ(Json(envelope.items[2].headers).At("/filename"), "attachment");
  EXPECT_EQ(Json(envelope.items[2].headers).At("/content_type"),
            "application/octet-stream");
  EXPECT_EQ(Characters(Json(envelope.items[3].headers).At("/filename")), 128u);
}

TEST(IssueItem, LeavesOutAttachmentsThatWouldCostTheWholeEnvelope) {
  const Telling telling = StoryNamed("backoff");
  SentryIssue issue = IssueToSend(telling, {}, Scrubber());
  issue.attachments = {{.filename = "large", .bytes = std::string((20 << 20) + 1, 'x')},
                       {.filename = "small", .bytes = "ok"}};
  issue.attachments.resize(40, {.filename = "more", .bytes = "123"});
  std::string bytes;
  EXPECT_EQ(AppendIssueEnvelope(issue, {}, StorySentAt(), bytes),
            (20u << 20) + 1 + 9 * 3);
  EXPECT_EQ(Parsed(bytes).items.size(), 31u);
}

TEST(IssueItem, LinksTheObjectsItemsByItsTrace) {
  const Telling telling = StoryNamed("backoff");
  const auto envelope = [&](std::string_view dsn, TraceId trace_id) {
    const SentryOptions options{.dsn = *ParseDsn(dsn), .release = "shop@1"};
    SentryIssue issue = IssueToSend(telling, options, Scrubber());
    if (trace_id != TraceId()) issue.trace_id = {};
    std::string bytes;
    AppendIssueEnvelope(issue, options, StorySentAt(), bytes);
    return Parsed(bytes);
  };
  const ReceivedEnvelope ours = envelope("https://key@o42.ingest.de.sentry.io/1", {});
  EXPECT_EQ(Json(ours.headers).At("/trace"),
            R"({"trace_id":"ac702fcdde874b14bebccfb3f54c1fbb","public_key":"key",)"
            R"("release":"shop@1","environment":"production","org_id":"42"})");
  EXPECT_EQ(Json(ours.event()).At("/contexts/trace"),
            R"({"trace_id":"ac702fcdde874b14bebccfb3f54c1fbb",)"
            R"("span_id":"0101010101014101"})");
  for (const char* dsn : {"https://key@sentry.local/1", "https://key@o/1",
                          "https://key@o42/1", "https://key@o4x.local/1"}) {
    EXPECT_FALSE(Json(envelope(dsn, {}).headers).Has("/trace/org_id")) << dsn;
  }
  const ReceivedEnvelope none = envelope("https://key@o42.sentry.io/1", {1});
  EXPECT_FALSE(Json(none.headers).Has("/trace"));
  EXPECT_FALSE(Json(none.event()).Has("/contexts/trace"));
}

TEST(IssueItem, StaysWholeWhateverAHookPutsIntoIt) {
  const std::string long_text = Repeated(kSmile, 20000);
  const std::string event = EventOf([&](SentryIssue& issue) {
    issue.tags = {{"a key!", "x"},    {"user", "x"},    {"twice", "1"},
                  {"twice", "2"},     {"empty", " \n"}, {long_text, "x"},
                  {"long", long_text}};
    for (int i = 0; i < 1000; ++i) issue.tags.emplace_back(std::to_string(i), "x");
    issue.fingerprint.assign(1000, long_text);
    issue.reason = issue.message = issue.environment = issue.release = long_text;
    issue.server_name = issue.issue.culprit = long_text;
    issue.issue.level = Level::kFatal;
  });
  EXPECT_LT(event.size(), 1000000u);
  EXPECT_THAT(event, Not(HasSubstr("\xEF\xBF\xBD")));
  const Json json(event);
  EXPECT_EQ(json.At("/tags/a-key-"), "x");
  EXPECT_EQ(json.At("/tags/twice"), "1");
  EXPECT_FALSE(json.Has("/tags/user"));
  EXPECT_FALSE(json.Has("/tags/empty"));
  EXPECT_EQ(Characters(json.At("/tags/long")), 200u);
  EXPECT_EQ(json.At("/level"), "fatal");
  EXPECT_EQ(Characters(json.At("/exception/values/0/type")), 128u);
  EXPECT_EQ(Characters(json.At("/exception/values/0/value")), 8192u);
  EXPECT_EQ(Characters(json.At("/environment")), 64u);
  EXPECT_EQ(Characters(json.At("/release")), 200u);
  EXPECT_EQ(Characters(json.At("/transaction")), 200u);
}

TEST(Scrubbing, ReachesEveryPartOfAnIssue) {
  Telling telling = testing::TellingOf("token=abcdef", "dial db: password=hunter2");
  telling.key.message_class = "dial db: password=hunter2";
  telling.key.reason = "token=abcdef";
  const SentryIssue issue = IssueToSend(telling, {}, Scrubber());
  std::string bytes;
  AppendIssueEnvelope(issue, {}, StorySentAt(), bytes);
  EXPECT_THAT(bytes, Not(HasSubstr("hunter2")));
  EXPECT_THAT(bytes, Not(HasSubstr("abcdef")));
  EXPECT_EQ(issue.issue.title, "token=[Filtered]: dial db: password=[Filtered]");
  EXPECT_THAT(issue.fingerprint,
              ::testing::Contains("class:dial db: password=[Filtered]"));

  const Result<Scrubber> off = NewScrubber({.scrubbing = Scrubbing::kOff});
  EXPECT_EQ(IssueToSend(telling, {}, *off).message, "dial db: password=hunter2");
}

TEST(Scrubbing, ReachesLogsBreadcrumbsAndTextOfAttachments) {
  const Scrubber scrubber;
  SentryLog log{
      .body = "password=hunter2",
      .attributes = {{"note", "token=abcdef"}, {"api_key", "x"}, {"n", true}}};
  internal::ScrubItem(scrubber, log);
  EXPECT_EQ(log.body, "password=[Filtered]");
  EXPECT_EQ(std::get<std::string>(log.attributes[0].value), "token=[Filtered]");
  EXPECT_EQ(std::get<std::string>(log.attributes[1].value), "[Filtered]");

  Breadcrumb breadcrumb{.message = "password=hunter2",
                        .data = {{"note", "token=abcdef"}, {"password", "x"}}};
  internal::ScrubItem(scrubber, breadcrumb);
  EXPECT_EQ(breadcrumb.message, "password=[Filtered]");
  EXPECT_EQ(breadcrumb.data[0].second, "token=[Filtered]");
  EXPECT_EQ(breadcrumb.data[1].second, "[Filtered]");

  for (const char* type : {"text/plain", "application/json", "application/yaml"}) {
    Attachment text{.content_type = type, .bytes = "password=hunter2"};
    internal::ScrubItem(scrubber, text);
    EXPECT_EQ(text.bytes, "password=[Filtered]") << type;
  }
  Attachment image{.content_type = "image/png", .bytes = "password=hunter2"};
  internal::ScrubItem(scrubber, image);
  EXPECT_EQ(image.bytes, "password=hunter2");
}

TEST(Scrubbing, CutsNoSecretInTwo) {
  // The key lies before the limit, and its value across it.
  for (std::size_t size = 8170; size < 8192; ++size) {
    const Telling telling =
        testing::TellingOf("R", std::string(size, 'x') + " password=hunter2hunter2");
    EXPECT_THAT(IssueToSend(telling, {}, Scrubber()).message, Not(HasSubstr("=h")));
  }
}

}  // namespace
}  // namespace k8sentry
