#include "json/json_cursor.h"

#include <string>
#include <vector>

namespace k8sentry::internal {
namespace {

// A text with its tokens and its padding.
struct Text {
  explicit Text(std::string_view json, Brackets brackets = Brackets::kUnknown)
      : padded(json) {
    padded.append(kJsonPadding, ' ');
    fault = tokens.Find(std::string_view(padded).substr(0, json.size()), brackets);
  }
  JsonCursor cursor() const { return JsonCursor(tokens.text()); }
  std::string padded;
  JsonTokens tokens;
  TokensFault fault;
};

bool SkipsWhole(std::string_view json, Brackets brackets = Brackets::kUnknown) {
  const Text text(json, brackets);
  JsonCursor cursor = text.cursor();
  return text.fault == TokensFault::kNone && cursor.Skip() && cursor.done();
}

TEST(JsonTokens, TellsInvalidUtf8FromOtherFaults) {
  EXPECT_EQ(Text(R"({"a":1})").fault, TokensFault::kNone);
  EXPECT_EQ(Text("{\"a\":\"\xFF\"}").fault, TokensFault::kUtf8);
  EXPECT_EQ(Text(R"({"a":"b)").fault, TokensFault::kOther);
  EXPECT_EQ(Text("{\"a\":\"\x01\"}").fault, TokensFault::kOther);
  EXPECT_EQ(Text("").fault, TokensFault::kOther);
}

TEST(JsonTokens, ReadsLongTextsAndShortOnesAgain) {
  JsonTokens tokens;
  std::string padded = "[\"" + std::string(3 << 20, 'x') + "\"]";
  const std::size_t size = padded.size();
  padded.append(kJsonPadding, ' ');
  for (const std::size_t bytes : {size, std::size_t{3 << 10}, size}) {
    std::string text = "[\"" + std::string(bytes - 4, 'x') + "\"]";
    text.append(kJsonPadding, ' ');
    ASSERT_EQ(tokens.Find(std::string_view(text).substr(0, bytes)), TokensFault::kNone);
    ASSERT_EQ(tokens.text().end - tokens.text().begin, 3);
    EXPECT_EQ(*tokens.text().end, bytes);
  }
}

TEST(JsonCursor, SkipsValuesOfEveryKind) {
  for (const char* json :
       {R"("a")", "1", "-1.5e3", "true", "null", "{}", "[]", "[1,[2,{}],{\"a\":[]}]",
        " { \"a\" : [ 1 , 2 ] } ", R"({"a":"]}{["})"}) {
    EXPECT_TRUE(SkipsWhole(json)) << json;
  }
}

TEST(JsonCursor, NoticesBracketsThatDoNotMatch) {
  for (const char* json : {"[}", "{]", "[[}]", "[{]}", "[}{]", "{\"a\":[}]", "[", "[[]",
                           "{\"a\":{]}", "[[[[]]]}"}) {
    EXPECT_FALSE(SkipsWhole(json)) << json;
  }
}

TEST(JsonCursor, NoticesScalarsThatAreNone) {
  for (const char* json : {"tru", "[1,01]", "[nul]", "[1\\\"]", "{\"a\":\\\"]}", "[+]",
                           "[\f]", "[\x1A]", "[true\"x\"]"}) {
    EXPECT_FALSE(SkipsWhole(json)) << json;
  }
}

TEST(JsonCursor, ComparesBracketsSixtyDeepAndCountsThemDeeper) {
  const std::string deep = std::string(60, '[') + std::string(60, ']');
  const std::string deeper = std::string(900, '[') + std::string(900, ']');
  EXPECT_TRUE(SkipsWhole(deep));
  EXPECT_FALSE(SkipsWhole(deeper));
  EXPECT_TRUE(SkipsWhole(deeper, Brackets::kMatched));
}

TEST(JsonCursor, VisitsMembersInOrder) {
  const Text text(R"( {"a":1 , "b" : "x" ,"c":{"d":[1,2]}} )");
  JsonCursor cursor = text.cursor();
  std::vector<std::string> seen;
  EXPECT_TRUE(cursor.VisitMembers([&](std::string_view key) {
    std::string_view raw;
    const bool skipped = cursor.SkipRaw(raw);
    seen.push_back(std::string(key) + "=" + std::string(raw));
    return skipped;
  }));
  EXPECT_TRUE(cursor.done());
  EXPECT_THAT(seen, testing::ElementsAre("a=1", "b=\"x\"", "c={\"d\":[1,2]}"));
}

TEST(JsonCursor, NoticesObjectsThatAreNone) {
  for (const char* json :
       {"{", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,", "{\"a\":1,}", "{a:1}",
        "{\"a\" 1}", "{\"a\"::1}", "{\"a\":1 \"b\":2}", "{,}", "{\"a\":}", "{1:2}",
        "{\"a\":1]"}) {
    const Text text(json);
    JsonCursor cursor = text.cursor();
    EXPECT_FALSE(cursor.VisitMembers([&](std::string_view) { return cursor.Skip(); }))
        << json;
  }
}

TEST(JsonCursor, NoticesArraysThatAreNone) {
  for (const char* json : {"[", "[1", "[1,", "[1,]", "[,]", "[1 2]", "[1}"}) {
    const Text text(json);
    JsonCursor cursor = text.cursor();
    EXPECT_FALSE(cursor.VisitElements([&] { return cursor.Skip(); })) << json;
  }
}

}  // namespace
}  // namespace k8sentry::internal
