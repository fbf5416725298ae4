// Row by row, what a watch must survive (kubernetes client research, section 7), with
// real bytes over a real socket: connections and watches. The others begin with
// failure_matrix_wire_ as well; what is decided without a socket: failure_matrix_test.
#include "wire_cluster.h"

namespace k8sentry {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using Names = std::vector<std::string>;

class WireMatrix : public WireCluster {};

// Row 1
TEST_F(WireMatrix, TellsEachEventOnceAcrossTheEndsOfWatches) {
  Names created;
  RunUntilWatching();
  for (int i = 0; i < 10; ++i) {
    // One while the watch is there, and one while perhaps there is none.
    for (const char* part : {"during", "between"}) {
      created.push_back(part + std::to_string(i));
      Create(created.back());
      if (part[0] == 'd') server->EndWatches();
    }
    ASSERT_TRUE(RunUntilTold(created.size())) << i;
  }
  EXPECT_EQ(told, created);
  EXPECT_EQ(lists(), 1) << "the end of a watch is no reason to list";
}

TEST_F(WireMatrix, WatchesOnWhenTheTimeItAskedForIsOver) {
  options.watch.min_watch = options.watch.max_watch = seconds(1);
  RunUntilWatching();
  ASSERT_TRUE(RunUntilAsked("watch", 2));
  EXPECT_THAT(Asked(), ElementsAre("list", "watch 1", "watch 1"));
  EXPECT_EQ(server->requests()[1].parameter("timeoutSeconds"), "1");
}

// Row 2
TEST_F(WireMatrix, SlowsDownWhenWatchesEndAsSoonAsTheyBegin) {
  options.watch.min_backoff = milliseconds(800);
  options.watch.max_backoff = seconds(30);
  for (const auto then : {FakeFault::kEnd, FakeFault::kClose}) {
    BeginAnew();
    server->Script({.verb = "watch", .times = FakeFault::kAlways, .then = then});
    RunUntilWatching();
    const int before = server->count();
    RunFor(seconds(30));
    EXPECT_LT(server->count() - before, 30);
    server->ClearScript();
  }
}

// Row 3
TEST_F(WireMatrix, LosesNothingAndRepeatsNothingWhereverAConnectionIsReset) {
  options.watch.min_backoff = milliseconds(1);
  options.watch.max_backoff = milliseconds(1);
  const std::string name = "cut";
  const std::size_t frame = EventObject(name).size() + 200;  // and what is added
  int cuts = 0;
  for (std::size_t at = 0; at < frame; ++at) {
    BeginAnew();
    server->Script({.verb = "watch", .after_bytes = at, .then = FakeFault::kReset});
    const int before = lists();
    RunUntilWatching();
    Create(name + std::to_string(at));
    ASSERT_TRUE(RunUntilTold(1)) << at;
    Create("next" + std::to_string(at));
    ASSERT_TRUE(RunUntilTold(2)) << at;
    EXPECT_EQ(told, (Names{name + std::to_string(at), "next" + std::to_string(at)}));
    EXPECT_EQ(lists(), before + 1) << "a cut is no reason to list";
    EXPECT_EQ(source->counters().malformed, 0u) << at;
    cuts += std::count(states.begin(), states.end(), "unavailable") > 0;
    server->Delete(kEvents, told[0]);
    server->Delete(kEvents, told[1]);
  }
  EXPECT_GT(cuts, 300) << "the frame is longer than thought";
}

// Row 4
TEST_F(WireMatrix, ResumesAtItsMarkWhenAKilledServerComesBack) {
  RunUntilWatching();
  Create("before");
  ASSERT_TRUE(RunUntilTold(1));
  server->loopback().Kill();
  Create("meanwhile");
  ASSERT_TRUE(RunUntilState("unavailable"));
  RunFor(seconds(5));
  ASSERT_TRUE(server->loopback().Restart().ok());
  ASSERT_TRUE(RunUntilTold(2));
  Create("after");
  ASSERT_TRUE(RunUntilTold(3));
  EXPECT_EQ(told, (Names{"before", "meanwhile", "after"}));
  EXPECT_EQ(stale, Names{});
  EXPECT_EQ(states.back(), "watching");
}

// Row 5
TEST_F(WireMatrix, WaitsAsLongAsAServerThatShutsDownAsksFor) {
  RunUntilWatching();
  server->Script({.status = 429,
                  .body = "The apiserver is shutting down, please try again later.",
                  .headers = {{"Retry-After", "5"}, {"Connection", "close"}}});
  Create("a");
  ASSERT_TRUE(RunUntilTold(1));
  server->EndWatches();
  ASSERT_TRUE(RunUntilState("unavailable"));
  const SteadyTime refused = Present().steady;
  RunUntilWatching();
  EXPECT_GE(Present().steady - refused, seconds(4));
  Create("b");
  ASSERT_TRUE(RunUntilTold(2));
  EXPECT_EQ(lists(), 1);
}

// Row 6
TEST_F(WireMatrix, WaitsForAServerThatIsNotThereYet) {
  server->loopback().Kill();
  ASSERT_TRUE(RunUntilState("unavailable"));
  RunFor(seconds(20));
  EXPECT_THAT(states, ElementsAre("unavailable")) << "said once";
  ASSERT_TRUE(server->loopback().Restart().ok());
  RunUntilWatching();
  EXPECT_EQ(states.back(), "watching");
}

// Row 7
TEST_F(WireMatrix, GivesUpAServerThatStandsStill) {
  options.watch.min_watch = options.watch.max_watch = seconds(1);
  RunUntilWatching();
  server->loopback().Freeze();
  Create("frozen");
  // 31 s for the watch, and whatever comes next cannot be answered either.
  ASSERT_TRUE(RunUntilState("unavailable"));
  server->loopback().Thaw();
  ASSERT_TRUE(RunUntilTold(1));
  EXPECT_EQ(told, Names{"frozen"});
}

// Row 8
TEST_F(WireMatrix, EndsAWatchItselfThatTheServerForgets) {
  options.watch.min_watch = options.watch.max_watch = seconds(1);
  server->Script({.verb = "watch", .then = FakeFault::kSilence});
  RunUntilWatching();
  Create("unseen");
  const SteadyTime begin = Present().steady;
  ASSERT_TRUE(RunUntilTold(1));
  EXPECT_GE(Present().steady - begin, seconds(29));
  EXPECT_LE(Present().steady - begin, seconds(60));
  EXPECT_EQ(lists(), 1) << "the mark is good";
}

// Row 10
TEST_F(WireMatrix, ListsAgainWhenItsMarkWasCompactedAwayAndTellsNothingTwice) {
  Create("old");
  RunUntilWatching();
  Create("b");
  ASSERT_TRUE(RunUntilTold(2));
  server->loopback().Kill();
  Create("c");
  server->Delete(kEvents, "b");
  server->Compact();
  ASSERT_TRUE(server->loopback().Restart().ok());
  ASSERT_TRUE(RunUntilTold(3));
  Create("d");
  ASSERT_TRUE(RunUntilTold(4));
  EXPECT_EQ(told, (Names{"old", "b", "c", "d"}));
  EXPECT_THAT(states, Contains("relisting"));
}

// Row 11
TEST_F(WireMatrix, ListsAgainAfterHttp410OnAWatch) {
  server->Script({.verb = "watch",
                  .status = 410,
                  .body = testing::ApiStatusJson(410, "Gone", "too old")});
  Create("a");
  ASSERT_TRUE(RunUntilAsked("watch", 2));
  Create("b");
  ASSERT_TRUE(RunUntilTold(2));
  EXPECT_EQ(told, (Names{"a", "b"}));
}

// Row 12
TEST_F(WireMatrix, BeginsAListAgainWhenItIsCompactedBetweenTwoPages) {
  options.watch.page_size = 2;
  for (const char* name : {"a", "b", "c", "d", "e"}) Create(name);
  ASSERT_TRUE(RunUntilAsked("list", 1));
  Create("f");
  server->Compact();
  RunUntilWatching();
  std::vector<int> answers;
  for (const auto& request : server->requests()) answers.push_back(request.status);
  EXPECT_THAT(answers, ElementsAre(200, 410, 200, 200, 200, 200));
  for (const char* name : {"a", "b", "c", "d", "e", "f"}) {
    EXPECT_THAT(told, Contains(name));
  }
}

TEST_F(WireMatrix, TakesAListWholeWhenItsTokensNeverHold) {
  options.watch.page_size = 2;
  for (const char* name : {"a", "b", "c"}) Create(name);
  for (int i = 0; i < 3; ++i) {
    server->Script({.verb = "list",
                    .skip = 1,
                    .status = 410,
                    .body = testing::ApiStatusJson(410, "Expired", "too old")});
  }
  RunUntilWatching();
  EXPECT_THAT(told, Contains("c"));
  const auto requests = server->requests();
  EXPECT_EQ(requests[requests.size() - 2].query, "") << "the last list, unpaged";
}

// Row 13
TEST_F(WireMatrix, SlowsDownWhenEveryWatchIsGone) {
  options.watch.min_backoff = milliseconds(800);
  options.watch.max_backoff = seconds(30);
  Create("a");
  server->Script(
      {.verb = "watch",
       .times = FakeFault::kAlways,
       .lines = {testing::ApiErrorFrame(testing::ApiStatusJson(410, "Expired", "x"))},
       .then = FakeFault::kEnd});
  RunUntilWatching();
  const int before = server->count();
  RunFor(minutes(1));
  EXPECT_LT(server->count() - before, 60);
  EXPECT_EQ(told, Names{"a"});
  EXPECT_EQ(states.back(), "relisting");
}

// Row 14
TEST_F(WireMatrix, ReadsAllAnewWhenAnotherClusterStandsBehindTheUrl) {
  for (const char* name : {"a", "b", "c"}) Create(name);
  RunUntilWatching();
  server->loopback().Kill();
  ASSERT_TRUE(RunUntilState("unavailable"));
  RunFor(seconds(5));  // refused at least once
  server->WipeStorage();
  Create("new");
  ASSERT_TRUE(server->loopback().Restart().ok());
  ASSERT_TRUE(RunUntilTold(4));
  EXPECT_EQ(told.back(), "new");
}

TEST_F(WireMatrix, ReadsAllAnewWhenTheStorageIsRestoredWithoutAnyRefusal) {
  for (const char* name : {"a", "b", "c"}) Create(name);
  RunUntilWatching();
  server->WipeStorage();  // resets connections; the next one is taken
  Create("new");
  ASSERT_TRUE(RunUntilTold(4)) << "a watch from the future is silent";
  EXPECT_EQ(told.back(), "new");
}

}  // namespace
}  // namespace k8sentry
