#include "pipeline/replay_clock.h"

#include <gtest/gtest.h>

#include "tests/pipeline/test_event.h"

namespace k8sentry::internal {
namespace {

class ReplayTime : public testing::Test {
 protected:
  Time Advance(std::chrono::microseconds offset) {
    return clock_.Advance(At(offset)).wall;
  }
  ReplayClock clock_{hours(2)};
};

TEST_F(ReplayTime, IsTheRunningMaximumOfTimes) {
  EXPECT_EQ(clock_.now().wall, Time());
  EXPECT_EQ(Advance(seconds(0)), At());
  EXPECT_EQ(Advance(seconds(9)), At(seconds(9)));
  EXPECT_EQ(Advance(seconds(5)), At(seconds(9)));
  EXPECT_EQ(Advance(seconds(9) + hours(1)), At(seconds(9) + hours(1)));
}

TEST_F(ReplayTime, IsNotMovedByEventsWithoutATime) {
  EXPECT_EQ(clock_.Advance(std::nullopt).wall, Time());
  Advance(seconds(0));
  Advance(hours(5));  // pending
  EXPECT_EQ(clock_.Advance(std::nullopt).wall, At());
  EXPECT_EQ(Advance(hours(4)), At(hours(4)));  // so the one before is still pending
}

TEST_F(ReplayTime, IgnoresOneEventFromTheFuture) {
  Advance(seconds(0));
  EXPECT_EQ(Advance(hours(100)), At());
  EXPECT_EQ(Advance(seconds(1)), At(seconds(1)));
  EXPECT_EQ(Advance(hours(100)), At(seconds(1)));  // the first one was forgotten
}

TEST_F(ReplayTime, FollowsWhenTheNextEventLiesThereToo) {
  Advance(seconds(0));
  EXPECT_EQ(Advance(hours(100)), At());
  EXPECT_EQ(Advance(hours(50)), At(hours(50)));  // the nearer of both
  // Nothing is pending now: 50 h is not more than an hour ahead of itself.
  EXPECT_EQ(Advance(hours(100)), At(hours(50)));
  EXPECT_EQ(Advance(hours(100)), At(hours(100)));
}

TEST_F(ReplayTime, KeepsAFartherSecondEventPending) {
  Advance(seconds(0));
  Advance(hours(10));
  EXPECT_EQ(Advance(hours(20)), At(hours(10)));  // 20 h is pending
  EXPECT_EQ(Advance(hours(30)), At(hours(20)));
}

TEST_F(ReplayTime, MovesTheSteadyTimeByTheSameStepUpToTheLongestWindow) {
  const SteadyTime start = clock_.Advance(At()).steady;
  EXPECT_EQ(clock_.Advance(At(minutes(7))).steady - start, minutes(7));
  Advance(hours(9));
  EXPECT_EQ(clock_.Advance(At(hours(9))).steady - start, minutes(7) + hours(2));
}

TEST_F(ReplayTime, DoesNotOverflowByTheYear9999) {
  const Time end = *ParseTime("9999-12-31T23:59:59Z");
  ReplayClock clock(hours(24 * 365 * 200));
  Now last = clock.Advance(Time());
  for (Time t; t < end; t += hours(24 * 365 * 100)) {
    clock.Advance(t);
    const Now now = clock.Advance(t);
    EXPECT_GE(now.steady, last.steady);
    EXPECT_EQ(now.wall, t);
    last = now;
  }
}

}  // namespace
}  // namespace k8sentry::internal
