// Each watch is joined by the next one before it ends (kubernetes client research 1.9).
#include <algorithm>

#include "scripted_cluster.h"

namespace k8sentry::internal {
namespace {

class WatchRotation : public ScriptedCluster {
 protected:
  // Watching from 100, with `frames` read; watches last 100 s.
  void Watch(std::vector<std::string> frames = {}) {
    options.watch.overlap = seconds(10);
    options.watch.min_watch = options.watch.max_watch = seconds(100);
    http.Answer(List("100"));
    http.Answer(OpenStream(std::move(frames)));
    Run();
    old_ = last_id();
    states.clear();
    Asked();
  }
  bool IsOpen(HttpRequestId id) const {
    const auto& gone = http.cancelled();
    return std::find(gone.begin(), gone.end(), id) == gone.end();
  }

  HttpRequestId old_ = 0;
};

TEST_F(WatchRotation, OpensTheNextWatchTenSecondsBeforeTheOldOneEnds) {
  Watch({Added("a", "101")});
  EXPECT_EQ(source->NextDeadline(), now.steady + seconds(90));
  Pass(seconds(89));
  EXPECT_EQ(Asked(), Lines{});
  Pass(seconds(1));
  EXPECT_EQ(Asked(), Lines{"watch resourceVersion=101"});
  EXPECT_TRUE(IsOpen(old_)) << "the old one goes on";
  http.Push(old_, Added("b", "102"));
  Run();
  EXPECT_EQ(told, (Lines{"a@101", "b@102"}));
}

TEST_F(WatchRotation, ChangesOverAtTheFirstFrameAndTellsNothingTwice) {
  Watch({Added("a", "101")});
  Pass(seconds(90));
  const HttpRequestId next = last_id();
  http.Push(old_, Added("b", "102"));
  Run();
  http.Push(next, Added("b", "102") + Added("c", "103"));
  Run();
  EXPECT_FALSE(IsOpen(old_));
  EXPECT_EQ(told, (Lines{"a@101", "b@102", "c@103"}));
  EXPECT_EQ(stale, Lines{"b@102"});
  EXPECT_EQ(states, Lines{}) << "nothing has happened";
  http.Push(next, Added("d", "104"));
  Run();
  EXPECT_EQ(told.back(), "d@104");
  EXPECT_EQ(source->counters().events, 5u) << "the frames of both are counted";
}

TEST_F(WatchRotation, HandsOutWhatTheOldOneHadBroughtBeforeItChangesOver) {
  Watch();
  Pass(seconds(90));
  const HttpRequestId next = last_id();
  http.Push(old_, Added("a", "101") + Added("b", "102"));
  http.Push(next, Added("a", "101"));
  Run();
  EXPECT_EQ(told, (Lines{"a@101", "b@102"}));
  http.Push(next, Added("b", "102") + Added("c", "103"));
  Run();
  EXPECT_EQ(told, (Lines{"a@101", "b@102", "c@103"}));
}

TEST_F(WatchRotation, ChangesOverWhenTheOldOneEnds) {
  Watch();
  Pass(seconds(90));
  const HttpRequestId next = last_id();
  Pass(seconds(10));
  http.End(old_);
  Run();
  EXPECT_EQ(Asked(), Lines{"watch resourceVersion=100"}) << "no third one";
  http.Push(next, Added("a", "101"));
  Run();
  EXPECT_EQ(told, Lines{"a@101"});
  EXPECT_EQ(states, Lines{});
  Pass(seconds(80));
  EXPECT_EQ(Asked(), Lines{"watch resourceVersion=101"}) << "and it is joined in turn";
}

TEST_F(WatchRotation, ChangesOverWhenTheOldOneIsCut) {
  Watch();
  Pass(seconds(90));
  const HttpRequestId next = last_id();
  http.End(old_, Status(StatusCode::kUnavailable, "connection reset"));
  Run();
  EXPECT_EQ(states, Lines{});
  http.Push(next, Added("a", "101"));
  Run();
  EXPECT_EQ(told, Lines{"a@101"});
}

TEST_F(WatchRotation, FindsOutAWatchThatHasDiedInSilence) {
  Watch({Added("a", "101")});
  Pass(seconds(90));
  const HttpRequestId next = last_id();
  http.Push(next, Added("b", "102"));
  Run();
  EXPECT_EQ(told, Lines{"a@101"}) << "the old one may be about to bring it";
  Pass(milliseconds(499));
  EXPECT_EQ(states, Lines{});
  Pass(milliseconds(1));
  EXPECT_EQ(told, (Lines{"a@101", "b@102"}));
  EXPECT_EQ(states, (Lines{"stalled", "watching"}));
  EXPECT_FALSE(IsOpen(old_));
  EXPECT_EQ(source->NextDeadline(), now.steady - milliseconds(500) + seconds(90))
      << "this one was asked for before";
  Pass(seconds(90));
  http.Push(last_id(), Added("b", "102"));
  Run();
  EXPECT_EQ(source->NextDeadline(), now.steady + seconds(40))
      << "after a stall watches are shorter";
}

TEST_F(WatchRotation, CallsNoWatchStalledThatBringsTheSameAMomentLater) {
  Watch();
  Pass(seconds(90));
  const HttpRequestId next = last_id();
  http.Push(next, Added("a", "101"));
  Run();
  Pass(milliseconds(100));
  http.Push(old_, Added("a", "101"));
  Run();
  EXPECT_EQ(told, Lines{"a@101"});
  EXPECT_EQ(states, Lines{});
  EXPECT_FALSE(IsOpen(old_));
}

TEST_F(WatchRotation, StaysWithTheOldOneWhenTheNextIsRefused) {
  Watch();
  http.Answer(Denied(503, "ServiceUnavailable"));
  Pass(seconds(90));
  EXPECT_TRUE(IsOpen(old_));
  http.Push(old_, Added("a", "101"));
  Run();
  EXPECT_EQ(told, Lines{"a@101"});
  EXPECT_EQ(states, Lines{});
  EXPECT_EQ(Asked(), Lines{"watch resourceVersion=100"}) << "and does not insist";
  Pass(seconds(10));
  http.End(old_);
  Run();
  EXPECT_EQ(Asked(), Lines{"watch resourceVersion=101"});
}

TEST_F(WatchRotation, ListsAgainWhenTheNextOneFindsTheMarkForgotten) {
  Watch();
  http.Answer(Stream({ErrorFrame(410, "Expired")}));
  Pass(seconds(90));
  EXPECT_TRUE(IsOpen(old_));
  http.Answer(Stream({ErrorFrame(410, "Expired")}));
  http.Answer(List("500"));  // the probe
  http.Answer(List("500", {EventObject("a", "400")}));
  Pass(seconds(10));
  http.End(old_);
  Run();
  EXPECT_EQ(told, Lines{"a@400"});
}

TEST_F(WatchRotation, SaysHowLongNothingWasReadLive) {
  Watch();
  http.Answer(Refused());
  http.Answer(List("100"));  // the probe
  http.End(old_, Status(StatusCode::kUnavailable, "connection reset"));
  Run();
  EXPECT_EQ(states, Lines{"unavailable"});
  const SteadyTime cut = now.steady;
  while (states.back() != "watching") PassBackoff();
  EXPECT_EQ(gap, now.steady - cut);
  EXPECT_GT(gap, Duration::zero());
}

TEST_F(WatchRotation, ReconnectsAfterTenFramesInARowThatCannotBeRead) {
  Watch();
  for (int i = 0; i < 9; ++i) http.Push(old_, "garbage\n");
  http.Push(old_, Added("a", "101"));
  Run();
  for (int i = 0; i < 9; ++i) http.Push(old_, "garbage\n");
  Run();
  EXPECT_TRUE(IsOpen(old_));
  http.Push(old_, "garbage\n");
  Run();
  EXPECT_FALSE(IsOpen(old_));
  EXPECT_EQ(source->counters().malformed, 19u);
  http.Answer(List("101"));
  PassBackoff();
  EXPECT_EQ(Asked(), (Lines{"list limit=1", "watch resourceVersion=101"}));
}

}  // namespace
}  // namespace k8sentry::internal
