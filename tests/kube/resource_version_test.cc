#include "kube/resource_version.h"

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

}  // namespace
}  // namespace k8sentry::internal
