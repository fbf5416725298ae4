#include "base/resource_version.h"

namespace k8sentry::internal {
namespace {

TEST(ResourceVersion, ComparesNumbersOfAnyLength) {
  EXPECT_TRUE(IsNewer("10", "9"));
  EXPECT_FALSE(IsNewer("9", "10"));
  EXPECT_FALSE(IsNewer("9", "9"));
  EXPECT_TRUE(
      IsNewer("100000000000000000000000000000", "99999999999999999999999999999"));
}

TEST(ResourceVersion, KnowsOnlyEqualityOfAnythingElse) {
  EXPECT_TRUE(IsNewer("a", "b"));
  EXPECT_TRUE(IsNewer("b", "a"));
  EXPECT_TRUE(IsNewer("1", ""));
  EXPECT_TRUE(IsNewer("007", "8"));
  EXPECT_FALSE(IsNewer("a", "a"));
  EXPECT_FALSE(IsNewer("", ""));
}

TEST(ResourceVersion, FindsTheOneBeforeAllOthers) {
  using Views = std::vector<std::string_view>;
  EXPECT_EQ(OlderThanAll("120", Views{}), "120");
  EXPECT_EQ(OlderThanAll("120", Views{"130", "101"}), "100");
  EXPECT_EQ(OlderThanAll("120", Views{"121"}), "120");
  EXPECT_EQ(OlderThanAll("120", Views{"120"}), "119");
  EXPECT_EQ(OlderThanAll("2000", Views{"1000"}), "999");
  EXPECT_EQ(OlderThanAll("2000", Views{"1"}), "") << "0 means something else";
  EXPECT_EQ(OlderThanAll("2000", Views{"1500", "x"}), "");
}

}  // namespace
}  // namespace k8sentry::internal
