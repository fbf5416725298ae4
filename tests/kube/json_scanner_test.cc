#include "kube/json_scanner.h"

#include <string>
#include <vector>

namespace k8sentry::internal {
namespace {

using ::testing::ElementsAre;

std::string NameOf(JsonScanner::Step step) {
  constexpr const char* kNames[] = {"more", "line", "document", "malformed",
                                    "part", "item", "end"};
  return kNames[static_cast<int>(step)];
}

// What a scanner finds in `text`, fed in pieces of `bytes`: "step text".
std::vector<std::string> Scan(const std::string& text, std::size_t bytes = 1 << 20) {
  JsonScanner scanner;
  std::vector<std::string> found;
  const auto note = [&](JsonScanner::Step step) {
    if (step == JsonScanner::Step::kMore || step == JsonScanner::Step::kLine) return;
    found.push_back(NameOf(step) + " " +
                    text.substr(scanner.start(), scanner.offset() - scanner.start()));
  };
  for (std::size_t at = 0; at < text.size(); at += bytes) {
    std::string_view piece = std::string_view(text).substr(at, bytes);
    while (!piece.empty()) {
      std::size_t used = 0;
      note(scanner.Scan(piece, used));
      piece.remove_prefix(used);
    }
  }
  note(scanner.EndFile());
  return found;
}

TEST(JsonScanner, FindsDocuments) {
  EXPECT_THAT(Scan(" {} {\"a\":\"}\\\"{\"}\n{\"b\":[{}]}"),
              ElementsAre("document {}", "document {\"a\":\"}\\\"{\"}",
                          "document {\"b\":[{}]}"));
}

TEST(JsonScanner, FindsThePartsOfAList) {
  EXPECT_THAT(Scan("{\"a\":1,\"items\": [ {} , {\"b\":[]} ],\"c\":2}"),
              ElementsAre("part {\"a\":1,\"items\": [", "item {}", "item {\"b\":[]}",
                          "end ],\"c\":2}"));
}

TEST(JsonScanner, FindsItemsInTwoArrays) {
  EXPECT_THAT(Scan("{\"items\":[{}],\"items\":[{}]}"),
              ElementsAre("part {\"items\":[", "item {}", "part ],\"items\":[",
                          "item {}", "end ]}"));
}

TEST(JsonScanner, KnowsTheKeyItemsOnlyAsAKeyOfTheOutermostObject) {
  for (const std::string text :
       {"{\"a\":{\"items\":[{}]}}", "{\"Items\":[{}]}", "{\"items \":[{}]}",
        "{\"items\":{\"x\":[{}]}}", "{\"x\":\"items\",\"y\":[{}]}",
        "{\"items\":1,\"y\":[{}]}", "{\"xitems\":[{}]}",
        "{\"items_that_are_none_at_all_whatever\":[{}]}"}) {
    EXPECT_THAT(Scan(text), ElementsAre("document " + text));
  }
}

TEST(JsonScanner, SaysTheSameHoweverTheBytesCome) {
  const std::string text =
      "\xEF\xBB\xBF{\"a\\\\\":[1]}x\n{\"it\\u0065ms\":[{},1,{\"b\":\"\\\"\"}],\"c\":{}}"
      "\n"
      "{\"a\":[}\n{\"a\":\"\n{\"b\"\n{}{\"d\":[\n{}]}";
  const auto whole = Scan(text);
  EXPECT_EQ(whole.size(), 12u);
  for (std::size_t bytes = 1; bytes < text.size(); ++bytes) {
    EXPECT_EQ(Scan(text, bytes), whole) << bytes;
  }
}

TEST(JsonScanner, DiscardsWhatIsOpenAtTheEndOfAWatch) {
  JsonScanner scanner;
  std::size_t used = 0;
  EXPECT_EQ(scanner.Scan("{\"a\":[", used), JsonScanner::Step::kMore);
  EXPECT_TRUE(scanner.unfinished());
  scanner.EndWatch();
  EXPECT_FALSE(scanner.unfinished());
  EXPECT_TRUE(scanner.outside());
  EXPECT_EQ(scanner.Scan("{}", used), JsonScanner::Step::kDocument);
  EXPECT_EQ(scanner.start(), 6u);
  EXPECT_EQ(scanner.offset(), 8u);
}

}  // namespace
}  // namespace k8sentry::internal
