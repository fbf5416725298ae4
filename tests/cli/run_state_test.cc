#include "cli/run_state.h"

#include <gtest/gtest.h>

#include <chrono>

namespace k8sentry::cli {
namespace {

using namespace std::chrono_literals;

TEST(WaitAfterSave, IsASecondForASmallState) {
  EXPECT_EQ(WaitAfterSave(1ms, 100us), 1s);
  EXPECT_EQ(WaitAfterSave(1ms, 0ms), 1s);
}

TEST(WaitAfterSave, GrowsWithWhatASaveComputesSoThatManyKeysTakeNoMoreOfTheCpu) {
  EXPECT_EQ(WaitAfterSave(3ms, 2ms), 4s);
}

TEST(WaitAfterSave, StaysBelowTenSecondsHoweverManyKeysThereAre) {
  EXPECT_EQ(WaitAfterSave(90ms, 90ms), 10s);
}

TEST(WaitAfterSave, LeavesTheLoopToOthersWhereTheDiskIsSlow) {
  EXPECT_EQ(WaitAfterSave(2s, 1ms), 40s);
}

}  // namespace
}  // namespace k8sentry::cli
