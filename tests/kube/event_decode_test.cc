// The fields of an Event, docs/semantics.md 13 "Fields", "Times" and "Events".
#include "tests/kube/decoding.h"

namespace k8sentry {
namespace {

// `object` as an Event out of an ADDED frame; nullopt if it is none.
class EventDecode : public ::testing::Test {
 protected:
  std::optional<Event> Read(std::string_view object) {
    return ReadText("{\"type\":\"ADDED\",\"object\":" + std::string(object) + "}\n");
  }
  std::optional<Event> ReadText(const std::string& text) {
    decoder_ = WatchDecoder();
    decoder_.Feed(text);
    decoder_.End(StreamEnd::kFile);
    const std::span<const Event> events = decoder_.NextEvents();
    if (events.empty()) return std::nullopt;
    return events[0];
  }
  // An Event with the members `members`.
  Event ReadWith(const std::string& members) {
    const std::optional<Event> event = Read("{\"kind\":\"Event\"," + members + "}");
    EXPECT_TRUE(event) << members;
    return event.value_or(Event());
  }

  WatchDecoder decoder_;
};

TEST_F(EventDecode, ReadsEveryFieldOfCoreV1) {
  const Event event = ReadWith(
      R"("metadata":{"name":"n.1","namespace":"ns","uid":"u","resourceVersion":"12",)"
      R"("creationTimestamp":"2026-01-01T00:00:01Z","labels":{"a": "b"}},)"
      R"("involvedObject":{"kind":"Pod","namespace":"ins","name":"in","uid":"iu",)"
      R"("apiVersion":"v1","resourceVersion":"irv","fieldPath":"spec.containers{app}"},)"
      R"("reason":"Re","action":"Ac","message":"Me\n\"x\"","type":"Warning",)"
      R"("source":{"component":"co","host":"ho"},"reportingComponent":"rc",)"
      R"("reportingInstance":"ri","firstTimestamp":"2026-01-01T00:00:02Z",)"
      R"("lastTimestamp":"2026-01-01T00:00:03Z","eventTime":"2026-01-01T00:00:04.000005Z",)"
      R"("count":3,"series":{"count":4,"lastObservedTime":"2026-01-01T00:00:05Z"})");
  const std::string raw(event.raw_object);
  EXPECT_EQ(raw.substr(0, 16), "{\"kind\":\"Event\",");
  EXPECT_EQ(raw.back(), '}');
  EXPECT_EQ(
      Describe(event),
      "ADDED|n.1|ns|u|12|{\"a\": \"b\"}|Pod|ins|in|iu|v1|irv|spec.containers{app}|Re|"
      "Ac|Me\n\"x\"|Warning|co|ho|rc|ri|" +
          raw +
          "|2026-01-01T00:00:01Z|2026-01-01T00:00:02Z|2026-01-01T00:00:03Z|"
          "2026-01-01T00:00:04.000005Z|2026-01-01T00:00:05Z|3|4");
  EXPECT_EQ(event.involved_object.container(), "app");
}

TEST_F(EventDecode, ReadsTheSpellingsOfEventsV1) {
  const Event event = ReadWith(
      R"("regarding":{"kind":"Pod","name":"in"},"note":"Me","reportingController":"rc",)"
      R"("deprecatedSource":{"component":"co","host":"ho"},"deprecatedCount":3,)"
      R"("deprecatedFirstTimestamp":"2026-01-01T00:00:02Z",)"
      R"("deprecatedLastTimestamp":"2026-01-01T00:00:03Z")");
  EXPECT_EQ(event.involved_object.kind, "Pod");
  EXPECT_EQ(event.involved_object.name, "in");
  EXPECT_EQ(event.message, "Me");
  EXPECT_EQ(event.reporting_component, "rc");
  EXPECT_EQ(event.source_component, "co");
  EXPECT_EQ(event.source_host, "ho");
  EXPECT_EQ(event.count, 3);
  EXPECT_EQ(Describe(event.first_timestamp), "2026-01-01T00:00:02Z");
  EXPECT_EQ(Describe(event.last_timestamp), "2026-01-01T00:00:03Z");
}

TEST_F(EventDecode, PrefersTheFirstSpellingIfItIsThere) {
  for (const bool second_first : {false, true}) {
    const std::string first =
        R"("involvedObject":{"name":"1"},"message":"1","count":1,"source":{"host":"1"},)"
        R"("reportingComponent":"1","firstTimestamp":"2026-01-01T00:00:01Z")";
    const std::string second =
        R"("regarding":{"name":"2","kind":"2"},"note":"2","deprecatedCount":2,)"
        R"("deprecatedSource":{"host":"2","component":"2"},"reportingController":"2",)"
        R"("deprecatedFirstTimestamp":"2026-01-01T00:00:02Z")";
    const Event event =
        ReadWith(second_first ? second + "," + first : first + "," + second);
    EXPECT_EQ(event.involved_object.name, "1");
    EXPECT_EQ(event.involved_object.kind, "") << "one object, not a mixture";
    EXPECT_EQ(event.message, "1");
    EXPECT_EQ(event.count, 1);
    EXPECT_EQ(event.source_host, "1");
    EXPECT_EQ(event.source_component, "");
    EXPECT_EQ(event.reporting_component, "1");
    EXPECT_EQ(Describe(event.first_timestamp), "2026-01-01T00:00:01Z");
  }
}

TEST_F(EventDecode, FallsBackToTheSecondSpellingIfTheFirstIsOfNoUse) {
  const Event event = ReadWith(
      R"("involvedObject":null,"regarding":{"name":"2"},"message":"","note":"2",)"
      R"("count":0,"deprecatedCount":2,"source":"x","deprecatedSource":{"host":"2"},)"
      R"("reportingComponent":5,"reportingController":"2",)"
      R"("firstTimestamp":"soon","deprecatedFirstTimestamp":"2026-01-01T00:00:02Z")");
  EXPECT_EQ(event.involved_object.name, "2");
  EXPECT_EQ(event.message, "2");
  EXPECT_EQ(event.count, 2);
  EXPECT_EQ(event.source_host, "2");
  EXPECT_EQ(event.reporting_component, "2");
  EXPECT_EQ(Describe(event.first_timestamp), "2026-01-01T00:00:02Z");
}

TEST_F(EventDecode, TakesAbsentNullAndWronglyTypedForTheSame) {
  const std::string absent = Describe(ReadWith(R"("x":1)"));
  const std::string nothing = absent.substr(0, absent.find("|{"));
  for (const std::string value :
       {"null", "5", "true", "[\"a\"]", "[{\"name\":\"a\"}]"}) {
    std::string members;
    for (const char* key : {"metadata", "involvedObject", "regarding", "source",
                            "series", "reason", "action", "message", "note", "type",
                            "reportingComponent", "reportingInstance", "firstTimestamp",
                            "lastTimestamp", "eventTime", "deprecatedSource"}) {
      members += "\"" + std::string(key) + "\":" + value + ",";
    }
    const std::string event = Describe(ReadWith(members + "\"count\":\"3\""));
    EXPECT_EQ(event.substr(0, event.find("|{")), nothing) << value;
    EXPECT_EQ(event.substr(event.rfind('}')), absent.substr(absent.rfind('}')))
        << value;
  }
}

TEST_F(EventDecode, ReadsCountsFrom1To2147483647) {
  for (const auto& [text, count] :
       {std::pair("1", 1), std::pair("2147483647", 2147483647),
        std::pair("2147483648", 0), std::pair("0", 0), std::pair("-1", 0),
        std::pair("1.0", 0), std::pair("1e2", 0), std::pair("-0", 0),
        std::pair("99999999999999999999", 0)}) {
    const std::string value = text;
    const Event event =
        ReadWith("\"count\":" + value + ",\"series\":{\"count\":" + value + "}");
    EXPECT_EQ(event.count, count) << text;
    EXPECT_EQ(event.series_count, count) << text;
  }
}

TEST_F(EventDecode, LetsTheLastOfDuplicateKeysCountEverywhere) {
  const Event event =
      ReadWith(R"("metadata":{"name":"1","uid":"1"},"metadata":{"uid":"2","uid":"3"},)"
               R"("involvedObject":{"name":"1"},"involvedObject":{"kind":"2"},)"
               R"("source":{"host":"1"},"source":{"component":"2"},)"
               R"("series":{"count":5},"series":{},"message":"1","message":5,)"
               R"("count":7,"count":null,"labels":1)");
  EXPECT_EQ(event.name, "");
  EXPECT_EQ(event.uid, "3");
  EXPECT_EQ(event.involved_object.name, "");
  EXPECT_EQ(event.involved_object.kind, "2");
  EXPECT_EQ(event.source_host, "");
  EXPECT_EQ(event.source_component, "2");
  EXPECT_EQ(event.series_count, 0);
  EXPECT_EQ(event.message, "");
  EXPECT_EQ(event.count, 0);
  EXPECT_EQ(ReadWith(R"("metadata":{"name":"1"},"metadata":null)").name, "");
  EXPECT_EQ(ReadWith(R"("metadata":{"labels":{"a":"1"},"labels":[]})").labels, "");
}

TEST_F(EventDecode, ReadsKeysAndTimesWithEscapes) {
  const Event event = ReadWith(
      R"("\u0072eason":"R","m\u0065tadata":{"u\u0069d":"u"},"kin\u0064":"Event",)"
      R"("eventTime":"2026-01-01T00:00:04\u005a")");
  EXPECT_EQ(event.reason, "R");
  EXPECT_EQ(event.uid, "u");
  EXPECT_EQ(Describe(event.event_time), "2026-01-01T00:00:04Z");
}

TEST_F(EventDecode, IsAnEventByItsKindOrByWhatItRegards) {
  EXPECT_TRUE(Read(R"({"kind":"Event"})"));
  EXPECT_TRUE(Read(R"({"involvedObject":{}})"));
  EXPECT_TRUE(Read(R"({"regarding":{}})"));
  EXPECT_TRUE(Read(R"({"kind":null,"regarding":{}})"));
  EXPECT_TRUE(Read(R"({"kind":5,"regarding":{}})"));
  EXPECT_FALSE(Read(R"({"kind":"Pod","involvedObject":{}})"));
  EXPECT_FALSE(Read(R"({"kind":"event"})"));
  EXPECT_FALSE(Read(R"({"involvedObject":[]})"));
  EXPECT_FALSE(Read(R"({})"));
}

TEST_F(EventDecode, MarksEventsWithTheKindOfTheirFrame) {
  const auto type = [&](const std::string& text) { return ReadText(text)->frame_type; };
  EXPECT_EQ(type(FrameJson("ADDED", "a")), FrameType::kAdded);
  EXPECT_EQ(type(FrameJson("MODIFIED", "a")), FrameType::kModified);
  EXPECT_EQ(type(EventJson("a")), FrameType::kObject);
  EXPECT_EQ(type("{\"items\":[" + EventJson("a") + "]}"), FrameType::kListItem);
}

TEST_F(EventDecode, GivesTheObjectsOwnJson) {
  const std::string object = EventJson("a\\u0041");
  EXPECT_EQ(Read(object)->raw_object, object);
  EXPECT_EQ(ReadText(" " + object + " ")->raw_object, object);
  EXPECT_EQ(ReadText("{\"items\":[ " + object + " ]}")->raw_object, object);
}

}  // namespace
}  // namespace k8sentry
