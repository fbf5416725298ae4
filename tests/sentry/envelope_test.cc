#include <gmock/gmock.h>

#include <map>
#include <set>

#include "k8sentry/sentry_reporter.h"
#include "k8sentry/testing/fake_sentry.h"
#include "k8sentry/version.h"
#include "sentry/event_payload.h"
#include "simdjson.h"
#include "tests/event_texts.h"
#include "tests/sentry/stories.h"

namespace k8sentry {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::ParseEnvelope;
using testing::ReceivedEnvelope;
using ::testing::StartsWith;
using testing::StoryNamed;
using testing::StorySentAt;
using testing::TellingOf;
namespace dom = simdjson::dom;

// One event as Sentry reads it.
class ReadEvent {
 public:
  explicit ReadEvent(const Telling& telling, const SentryOptions& options = {},
                     Time sent_at = StorySentAt()) {
    const Result<ReceivedEnvelope> envelope =
        ParseEnvelope(SentryEnvelope(telling, options, sent_at));
    EXPECT_TRUE(envelope.ok()) << envelope.status().message();
    if (!envelope.ok()) return;
    text_ = std::string(envelope->event());
    EXPECT_EQ(parser_.parse(text_).get(root_), simdjson::SUCCESS) << text_;
  }

  bool Has(std::string_view pointer) const {
    return root_.at_pointer(pointer).error() == simdjson::SUCCESS;
  }
  // The string there, or "<none>".
  std::string String(std::string_view pointer) const {
    std::string_view text = "<none>";
    if (root_.at_pointer(pointer).get_string().get(text) != simdjson::SUCCESS) {
      return "<none>";
    }
    return std::string(text);
  }
  std::int64_t Number(std::string_view pointer) const {
    std::int64_t number = -1;
    if (root_.at_pointer(pointer).get_int64().get(number) != simdjson::SUCCESS)
      return -1;
    return number;
  }
  std::vector<std::string> Strings(std::string_view pointer) const {
    std::vector<std::string> strings;
    dom::array array;
    if (root_.at_pointer(pointer).get_array().get(array) != simdjson::SUCCESS)
      return {};
    for (const dom::element element : array) {
      std::string_view text;
      if (element.get_string().get(text) == simdjson::SUCCESS)
        strings.emplace_back(text);
    }
    return strings;
  }
  std::map<std::string, std::string> Fields(std::string_view pointer) const {
    std::map<std::string, std::string> fields;
    dom::object object;
    if (root_.at_pointer(pointer).get_object().get(object) != simdjson::SUCCESS)
      return {};
    for (const dom::key_value_pair field : object) {
      EXPECT_TRUE(fields.emplace(field.key, simdjson::minify(field.value)).second)
          << "twice: " << field.key;
    }
    return fields;
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
  dom::parser parser_;
  dom::element root_;
};

std::size_t Characters(std::string_view text) {
  std::size_t characters = 0;
  for (const char c : text)
    characters += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  return characters;
}

std::string Repeated(std::string_view text, std::size_t times) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i) out += text;
  return out;
}

TEST(Envelope, IsFramedToTheByte) {
  const std::string envelope = SentryEnvelope(StoryNamed("backoff"), {}, StorySentAt());
  const std::string id = "01010101010141018101010101010101";
  const std::string head = "{\"event_id\":\"" + id +
                           "\",\"sent_at\":\"2026-11-21T04:00:00Z\",\"sdk\":{\"name\":"
                           "\"k8sentry\",\"version\":\"" +
                           std::string(Version()) + "\"}}\n";
  ASSERT_THAT(envelope, StartsWith(head));
  const std::string rest = envelope.substr(head.size());
  const std::size_t line = rest.find('\n');
  const std::string payload = rest.substr(line + 1, rest.size() - line - 2);
  EXPECT_EQ(rest.substr(0, line),
            "{\"type\":\"event\",\"length\":" + std::to_string(payload.size()) +
                ",\"content_type\":\"application/json\"}");
  EXPECT_THAT(payload, StartsWith("{\"event_id\":\"" + id + "\","));
  EXPECT_THAT(envelope, EndsWith("}\n"));
  EXPECT_THAT(payload, Not(HasSubstr("\n")));
}

TEST(Envelope, OfTheSameTellingIsTheSame) {
  EXPECT_EQ(SentryEnvelope(StoryNamed("hostile"), {}, StorySentAt()),
            SentryEnvelope(StoryNamed("hostile"), {}, StorySentAt()));
}

TEST(Event, TellsAFailureAsAnException) {
  const ReadEvent event(StoryNamed("backoff"));
  EXPECT_EQ(event.String("/exception/values/0/type"), "BackOff");
  EXPECT_EQ(event.String("/exception/values/0/value"),
            "Back-off restarting failed container c in pod "
            "bad-command_shop(ac702fcd-de87-4b14-bebc-cfb3f54c1fbb)");
  EXPECT_EQ(event.Fields("/exception/values/0/mechanism"),
            (std::map<std::string, std::string>{{"type", "\"auto.k8s.event\""},
                                                {"handled", "true"}}));
  EXPECT_FALSE(event.Has("/logentry"));
  EXPECT_EQ(event.String("/platform"), "other");
  EXPECT_EQ(event.String("/level"), "error");
  EXPECT_EQ(event.String("/logger"), "kubelet");
  EXPECT_EQ(event.String("/transaction"), "shop/Pod/bad-command");
  EXPECT_EQ(event.String("/environment"), "production");
  EXPECT_FALSE(event.Has("/release"));
  EXPECT_FALSE(event.Has("/server_name"));
  EXPECT_FALSE(event.Has("/type"));
}

TEST(Event, TellsWhatIsNormalAsAMessage) {
  const ReadEvent event(StoryNamed("normal-backoff"));
  EXPECT_FALSE(event.Has("/exception"));
  EXPECT_EQ(event.String("/logentry/message"), "BackOff");
  EXPECT_EQ(event.String("/logentry/formatted"),
            "BackOff: Back-off pulling image \"127.0.0.1:1/frontend:2.0.1\"");
  EXPECT_EQ(event.String("/level"), "info");
}

TEST(Event, HasATypeOrAValueWhateverIsMissing) {
  EXPECT_EQ(ReadEvent(StoryNamed("bare")).String("/exception/values/0/type"), "Event");
  const ReadEvent nameless(TellingOf("", "text"));
  EXPECT_FALSE(nameless.Has("/exception/values/0/type"));
  EXPECT_EQ(nameless.String("/exception/values/0/value"), "text");
  const ReadEvent silent(TellingOf("BackOff", ""));
  EXPECT_EQ(silent.String("/exception/values/0/type"), "BackOff");
  EXPECT_FALSE(silent.Has("/exception/values/0/value"));
}

TEST(Event, HasTheKeyAsItsFingerprint) {
  for (const testing::Story& story : testing::Stories()) {
    EXPECT_EQ(ReadEvent(story.telling).Strings("/fingerprint"),
              story.telling.key.fingerprint())
        << story.name;
  }
}

TEST(Event, CarriesTagsToSearchAndCountBy) {
  Telling telling = StoryNamed("unhealthy");
  telling.key.cluster = "prod-eu";
  EXPECT_EQ(ReadEvent(telling).Fields("/tags"),
            (std::map<std::string, std::string>{{"cluster", "\"prod-eu\""},
                                                {"namespace", "\"payments\""},
                                                {"kind", "\"Pod\""},
                                                {"reason", "\"Unhealthy\""},
                                                {"component", "\"kubelet\""},
                                                {"node", "\"localhost\""},
                                                {"workload", "\"ledger\""},
                                                {"container", "\"ledger\""},
                                                {"event_type", "\"Warning\""},
                                                {"pod", "\"ledger-55469f55d9-sslhh\""},
                                                {"telling", "\"first\""}}));
}

TEST(Event, OfANodeNamesTheNodeAndNoNamespace) {
  const ReadEvent event(StoryNamed("cluster-scoped"));
  EXPECT_EQ(event.String("/tags/node"), "localhost");
  EXPECT_EQ(event.String("/transaction"), "Node/localhost");
  EXPECT_FALSE(event.Has("/tags/namespace"));
  EXPECT_FALSE(event.Has("/tags/pod"));
}

TEST(Event, ShowsTheObjectTheEventAndTheWorkloadAsContexts) {
  const ReadEvent event(StoryNamed("unhealthy"));
  EXPECT_EQ(event.String("/contexts/k8s_object/name"), "ledger-55469f55d9-sslhh");
  EXPECT_EQ(event.String("/contexts/k8s_object/uid"),
            "ba3aaccf-dcca-44bf-956d-f9d4094d59fb");
  EXPECT_EQ(event.String("/contexts/k8s_object/field_path"), "spec.containers{ledger}");
  EXPECT_EQ(event.String("/contexts/k8s_event/uid"),
            "80d290de-b137-4bf9-ae0c-c77db78a22fc");
  EXPECT_EQ(event.Number("/contexts/k8s_event/count"), 1);
  EXPECT_EQ(event.String("/contexts/k8s_event/first_time"), "2026-11-21T03:12:13Z");
  EXPECT_EQ(event.String("/contexts/k8s_workload/kind"), "Deployment");
  EXPECT_EQ(event.String("/contexts/k8s_workload/name"), "ledger");
  // Sentry would take a member `type` for the kind of the context.
  for (const char* context : {"k8s_event", "k8s_object", "k8s_workload", "k8sentry"}) {
    EXPECT_TRUE(event.Has(std::string("/contexts/") + context));
    EXPECT_FALSE(event.Has(std::string("/contexts/") + context + "/type"));
  }
}

TEST(Event, StillFiringTellsItsTrueNumbers) {
  const ReadEvent event(StoryNamed("still-firing"));
  EXPECT_EQ(event.Number("/contexts/k8sentry/swallowed"), 57);
  EXPECT_EQ(event.Number("/contexts/k8sentry/sightings"), 0);
  EXPECT_EQ(event.String("/contexts/k8sentry/first_seen"), "2026-11-21T03:12:13Z");
  EXPECT_EQ(event.String("/contexts/k8sentry/last_seen"), "2026-11-21T03:22:13Z");
  EXPECT_EQ(event.Number("/contexts/k8s_event/count"), 58);
  EXPECT_EQ(event.String("/tags/telling"), "still-firing");
  // It joins the issue of the first telling.
  EXPECT_EQ(event.Strings("/fingerprint"),
            ReadEvent(StoryNamed("unhealthy")).Strings("/fingerprint"));
  EXPECT_EQ(event.String("/exception/values/0/type"), "Unhealthy");
}

TEST(Event, HasTheOccurrenceTimeToTheMicrosecond) {
  EXPECT_THAT(ReadEvent(StoryNamed("failed-scheduling")).text(),
              HasSubstr("\"timestamp\":1795230732.527225,"));
  EXPECT_THAT(ReadEvent(StoryNamed("backoff")).text(),
              HasSubstr("\"timestamp\":1795230736.000000,"));
}

TEST(Event, FromTheFutureOrWithoutTimeHappensNow) {
  const Telling telling = StoryNamed("backoff");  // of 03:12:16
  const auto timestamp = [&](const char* sent_at) {
    return ReadEvent(telling, {}, *ParseTime(sent_at)).text();
  };
  EXPECT_THAT(timestamp("2026-11-21T03:11:16Z"),
              HasSubstr("\"timestamp\":1795230736.000000,"));
  EXPECT_THAT(timestamp("2026-11-21T03:11:15Z"),
              HasSubstr("\"timestamp\":1795230675.000000,"));
  EXPECT_THAT(ReadEvent(StoryNamed("bare")).text(),
              HasSubstr("\"timestamp\":1795233600.000000,"));
}

TEST(Event, SaysWhereItRuns) {
  const ReadEvent event(
      StoryNamed("backoff"),
      {.environment = "stage", .release = "shop@1.2.3", .server_name = "agent-1"});
  EXPECT_EQ(event.String("/environment"), "stage");
  EXPECT_EQ(event.String("/release"), "shop@1.2.3");
  EXPECT_EQ(event.String("/server_name"), "agent-1");
  EXPECT_FALSE(
      ReadEvent(StoryNamed("backoff"), {.environment = ""}).Has("/environment"));
}

// A telling in which every text is `text`.
Telling TellingFullOf(const std::string& text) {
  Event event;
  for (std::string_view* field : Texts(event)) *field = text;
  Telling telling;
  telling.id.fill(0x7F);
  telling.event = OwnedEvent(event);
  telling.workload_kind = text;
  telling.key = {text, text, text, text, text, text};
  return telling;
}

TEST(Event, StaysInsideSentrysLimitsAndOnCharacterBorders) {
  for (const std::string& character :
       {std::string("x"), std::string("\xC3\xA9"), std::string("\xF0\x9F\x98\x80")}) {
    const ReadEvent event(TellingFullOf(Repeated(character, 20000)));
    EXPECT_EQ(Characters(event.String("/exception/values/0/value")), 8192u);
    EXPECT_THAT(event.String("/exception/values/0/value"), EndsWith(character + "..."));
    EXPECT_EQ(Characters(event.String("/exception/values/0/type")), 128u);
    EXPECT_EQ(Characters(event.String("/transaction")), 200u);
    EXPECT_EQ(Characters(event.String("/logger")), 64u);
    EXPECT_EQ(Characters(event.String("/tags/namespace")), 200u);
    EXPECT_THAT(event.text(), Not(HasSubstr("\xEF\xBF\xBD")));
    for (const auto& [name, context] : event.Fields("/contexts")) {
      EXPECT_LE(context.size(), 8192u) << name;
    }
    EXPECT_LT(event.text().size(), 1000000u);
  }
}

TEST(Event, IsBoundedWhateverTheTextIs) {
  for (const char* text : {"\x1B", "\xFF", "\n", "\"", "\\", "\xE2\x80\xAE"}) {
    const ReadEvent event(TellingFullOf(Repeated(text, 1000000)));
    EXPECT_LT(event.text().size(), 1000000u);
  }
}

TEST(Event, LeavesAValueOfExactlyTheLimitAlone) {
  EXPECT_EQ(ReadEvent(TellingOf("R", std::string(8192, 'x')))
                .String("/exception/values/0/value"),
            std::string(8192, 'x'));
  EXPECT_EQ(ReadEvent(TellingOf("R", std::string(8193, 'x')))
                .String("/exception/values/0/value"),
            std::string(8189, 'x') + "...");
}

TEST(Event, KeepsTagsCleanWhateverTheClusterSays) {
  const ReadEvent event(TellingFullOf(" a\r\nb\tc\x1b[2J\x7F "));
  const std::set<std::string> reserved = {"release",  "dist",     "user",
                                          "filename", "function", "environment"};
  for (const auto& [key, value] : event.Fields("/tags")) {
    EXPECT_FALSE(reserved.contains(key));
    EXPECT_EQ(key.find_first_not_of("abcdefghijklmnopqrstuvwxyz_"), std::string::npos);
    EXPECT_EQ(value, key == "telling" ? "\"first\"" : "\"a  b c [2J\"") << key;
  }
  EXPECT_EQ(event.String("/logger"), "a  b c [2J");
  EXPECT_EQ(event.Fields("/tags").count("pod"), 0u);
}

TEST(Event, LeavesOutTagsThatWouldBeEmpty) {
  const ReadEvent event(TellingFullOf(" \r\n "));
  EXPECT_EQ(event.Fields("/tags"),
            (std::map<std::string, std::string>{{"telling", "\"first\""}}));
}

TEST(Event, ShowsNobodyARawControlCharacter) {
  const std::string envelope = SentryEnvelope(StoryNamed("hostile"), {}, StorySentAt());
  std::size_t newlines = 0;
  for (const char c : envelope) {
    newlines += c == '\n';
    EXPECT_TRUE(c == '\n' || static_cast<unsigned char>(c) >= 0x20);
  }
  EXPECT_EQ(newlines, 3u);
  for (const char* raw : {"\x7F", "\xE2\x80\xAE", "\xC2\x9B", "\xFF"}) {
    EXPECT_THAT(envelope, Not(HasSubstr(raw)));
  }
}

TEST(Event, LetsNoVariableOfSentrysIntoTheFingerprint) {
  for (const std::string& part :
       ReadEvent(StoryNamed("hostile")).Strings("/fingerprint")) {
    EXPECT_THAT(part, Not(HasSubstr("{{")));
  }
}

TEST(Event, KnowsNothingButItsMembers) {
  const std::set<std::string> known = {
      "event_id",    "timestamp",   "platform", "level",       "logger",
      "transaction", "server_name", "release",  "environment", "exception",
      "logentry",    "fingerprint", "tags",     "contexts",    "sdk"};
  for (const testing::Story& story : testing::Stories()) {
    const ReadEvent event(story.telling);
    EXPECT_FALSE(event.Fields("").empty());
    for (const auto& [name, value] : event.Fields("")) {
      EXPECT_TRUE(known.contains(name)) << story.name << ": " << name;
    }
  }
}

}  // namespace
}  // namespace k8sentry
