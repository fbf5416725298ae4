#include "json/json_reader.h"

namespace k8sentry::internal {
namespace {

TEST(JsonReader, FollowsAPath) {
  const JsonReader body(
      R"({"metadata":{"resourceVersion":"42","n":{"x":true}},"code":410})");
  EXPECT_EQ(body.String({"metadata", "resourceVersion"}), "42");
  EXPECT_EQ(body.Integer({"code"}), 410);
  EXPECT_EQ(body.Bool({"metadata", "n", "x"}), true);
  EXPECT_EQ(body.Raw({"metadata", "n"}), R"({"x":true})");
}

TEST(JsonReader, SaysNothingOfWhatIsAbsentOrOfAnotherType) {
  const JsonReader body(
      R"({"a":{"b":null,"s":"x","f":1.5,"big":99999999999999999999}})");
  EXPECT_EQ(body.String({"a", "c"}), std::nullopt);
  EXPECT_EQ(body.String({"a", "b"}), std::nullopt);
  EXPECT_EQ(body.String({"a"}), std::nullopt);
  EXPECT_EQ(body.String({"a", "s", "t"}), std::nullopt);
  EXPECT_EQ(body.Integer({"a", "s"}), std::nullopt);
  EXPECT_EQ(body.Integer({"a", "f"}), std::nullopt);
  EXPECT_EQ(body.Integer({"a", "big"}), std::nullopt);
  EXPECT_EQ(body.Bool({"a", "s"}), std::nullopt);
  EXPECT_EQ(body.Elements({"a"}), std::nullopt);
}

TEST(JsonReader, LetsTheLastOfDuplicateKeysCount) {
  EXPECT_EQ(JsonStringAt(R"({"a":{"b":"1"},"a":{"b":"2","b":"3"}})", {"a", "b"}), "3");
  EXPECT_EQ(JsonStringAt(R"({"a":{"b":"1"},"a":5})", {"a", "b"}), std::nullopt);
}

TEST(JsonReader, ReadsEscapesInKeysAndValues) {
  EXPECT_EQ(JsonStringAt(R"({"\u0061":"x\ny"})", {"a"}), "x\ny");
  EXPECT_EQ(JsonStringAt(R"({"a":"\q"})", {"a"}), std::nullopt);
}

TEST(JsonReader, RepairsTextThatIsNotUtf8) {
  EXPECT_EQ(JsonStringAt("{\"a\":\"x\xFFy\"}", {"a"}), "x\xEF\xBF\xBDy");
}

TEST(JsonReader, GivesTheElementsOfAnArray) {
  const JsonReader body(R"({"causes":["a", {"b":[1,2]}, 3],"none":[]})");
  EXPECT_THAT(body.Elements({"causes"}).value(),
              testing::ElementsAre("\"a\"", "{\"b\":[1,2]}", "3"));
  EXPECT_THAT(body.Elements({"none"}).value(), testing::IsEmpty());
}

TEST(JsonReader, FindsNothingInWhatIsNoJson) {
  for (const char* json :
       {"", " ", "no", "{", "<html>", "{\"a\":\"b", "[]", "{\"a\" \"b\"}"}) {
    EXPECT_EQ(JsonStringAt(json, {"a"}), std::nullopt) << json;
    EXPECT_EQ(JsonReader(json).Elements({"a"}), std::nullopt) << json;
  }
}

}  // namespace
}  // namespace k8sentry::internal
