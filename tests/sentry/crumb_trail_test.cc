#include "sentry/crumb_trail.h"

#include <gmock/gmock.h>

#include "tests/sentry/stories.h"

namespace k8sentry::internal {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class CrumbTrailTest : public ::testing::Test {
 protected:
  // Admits an Event of `workload` that happened `second` seconds after a beginning.
  void Add(int second, const std::string& uid, const std::string& workload = "api") {
    Event event;
    const std::string message = "at " + std::to_string(second);
    event.uid = uid;
    event.reason = "Reason";
    event.message = message;
    event.type = "Warning";
    event.involved_object.kind = "Deployment";
    event.involved_object.namespace_ = "shop";
    event.involved_object.name = workload;
    event.event_time = testing::StorySentAt() + std::chrono::seconds(second);
    trail->Add(event);
  }
  std::vector<int> Before(int second, const std::string& workload = "api") {
    Telling telling;
    telling.key.namespace_ = "shop";
    telling.key.workload = workload;
    telling.last_seen = testing::StorySentAt() + std::chrono::seconds(second);
    std::vector<int> seconds;
    for (const Breadcrumb& crumb : trail->Before(telling)) {
      seconds.push_back(
          static_cast<int>(std::chrono::duration_cast<std::chrono::seconds>(
                               crumb.timestamp - testing::StorySentAt())
                               .count()));
    }
    return seconds;
  }
  void Make(CrumbTrail::Bounds bounds) {
    trail = std::make_unique<CrumbTrail>(bounds, IssueOptions(), scrubber);
  }
  void SetUp() override { Make({}); }

  const Scrubber scrubber;
  std::unique_ptr<CrumbTrail> trail;
};

TEST_F(CrumbTrailTest, IsInOrderOfTimeWhateverTheOrderOfArrival) {
  for (const int second : {5, 1, 9, 3}) Add(second, "u" + std::to_string(second));
  EXPECT_THAT(Before(9), ElementsAre(1, 3, 5, 9));
  EXPECT_THAT(Before(4), ElementsAre(1, 3));
  EXPECT_THAT(Before(9, "web"), IsEmpty());
}

TEST_F(CrumbTrailTest, GivesNoSecretHoweverOftenItIsAsked) {
  Event event;
  event.message = "password=hunter2 refused";
  event.involved_object = {.kind = "Deployment", .namespace_ = "shop", .name = "api"};
  event.event_time = testing::StorySentAt();
  trail->Add(event);
  Telling telling;
  telling.key.namespace_ = "shop";
  telling.key.workload = "api";
  telling.last_seen = testing::StorySentAt() + std::chrono::seconds(1);
  for (int i = 0; i < 3; ++i) {
    const std::vector<Breadcrumb> before = trail->Before(telling);
    ASSERT_THAT(before, SizeIs(1));
    EXPECT_EQ(before[0].message, "password=[Filtered] refused");
  }
  const std::size_t bytes = trail->bytes();
  trail->Add(event);
  EXPECT_NEAR(static_cast<double>(trail->bytes()), static_cast<double>(bytes), 16);
}

TEST_F(CrumbTrailTest, KeepsTheLastOnesOnly) {
  Make({.per_workload = 3});
  for (int second = 0; second < 10; ++second) Add(second, "u" + std::to_string(second));
  EXPECT_THAT(Before(100), ElementsAre(7, 8, 9));
}

TEST_F(CrumbTrailTest, KeepsOneStateOfEachEvent) {
  Add(1, "created");
  for (int second = 2; second < 1000; ++second) Add(second, "backoff");
  EXPECT_THAT(Before(2000), ElementsAre(1, 999));
}

TEST_F(CrumbTrailTest, ForgetsTheWorkloadUsedLongestAgo) {
  Make({.workloads = 2});
  Add(1, "a", "a");
  Add(2, "b", "b");
  Before(10, "a");
  Add(3, "c", "c");
  EXPECT_THAT(Before(10, "a"), SizeIs(1));
  EXPECT_THAT(Before(10, "b"), IsEmpty());
  EXPECT_THAT(Before(10, "c"), SizeIs(1));
}

TEST_F(CrumbTrailTest, StaysWithinItsBytes) {
  Make({.bytes = 20000});
  for (int i = 0; i < 2000; ++i) {
    Add(i, "u" + std::to_string(i), "w" + std::to_string(i % 100));
    ASSERT_LE(trail->bytes(), 20000u);
  }
  EXPECT_GT(trail->workloads(), 5u);
  Make({.workloads = 0});
  Add(1, "a");
  EXPECT_EQ(trail->bytes(), 0u) << "what was added is taken away again";
}

}  // namespace
}  // namespace k8sentry::internal
