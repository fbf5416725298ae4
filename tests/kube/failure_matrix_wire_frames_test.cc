// The rows of the failure matrix that are about what a watch brings.
#include "k8sentry/runner.h"
#include "k8sentry/testing/fake_sink.h"
#include "wire_cluster.h"

namespace k8sentry {
namespace {

using Names = std::vector<std::string>;

class WireFrames : public WireCluster {};

// Row 30
TEST_F(WireFrames, PassesOverFramesThatCannotBeRead) {
  const std::string table = R"({"type":"ADDED","object":{"kind":"Table"}})";
  const std::string status = R"({"type":"ADDED","object":{"kind":"Status"}})";
  server->Script({.verb = "watch",
                  .after_frames = 1,
                  .lines = {"nonsense", "", "{\"type\":\"NEW\",\"object\":{}}", table,
                            status, "\xef\xbb\xbf{}", "{\"type\":\"ADDED\"",
                            std::string(5 << 20, 'x'), "\r"}});
  RunUntilWatching();
  Create("a");
  Create("b");
  ASSERT_TRUE(RunUntilTold(2));
  Create("c");
  ASSERT_TRUE(RunUntilTold(3));
  EXPECT_EQ(told, (Names{"a", "b", "c"}));
  EXPECT_GE(source->counters().malformed, 6u);
  EXPECT_EQ(lists(), 1);
}

TEST_F(WireFrames, ConnectsAgainWhenNothingButRubbishComes) {
  server->Script({.verb = "watch", .lines = std::vector<std::string>(50, "rubbish")});
  ASSERT_TRUE(RunUntilAsked("watch", 2));
}

// Row 31
TEST_F(WireFrames, PassesOverAStormOfDeletedEvents) {
  for (int i = 0; i < 1000; ++i) Create("e" + std::to_string(i));
  RunUntilWatching();
  ASSERT_TRUE(RunUntilTold(1000));
  std::uint64_t last = 0;
  for (int i = 0; i < 1000; ++i)
    last = server->Delete(kEvents, "e" + std::to_string(i));
  ASSERT_TRUE(Run([&] { return source->counters().deleted == 1000; }));
  server->EndWatches();
  RunUntilWatching();
  EXPECT_EQ(Asked().back(), "watch " + std::to_string(last));
  EXPECT_EQ(told.size(), 1000u);
}

// Row 32
TEST_F(WireFrames, LosesNothingInAStormWhileItsHostIsSlow) {
  constexpr int kStorm = 10000;
  RunUntilWatching();
  Names created;
  for (int i = 0; i < kStorm; ++i) {
    created.push_back("e" + std::to_string(i));
    Create(created.back(), R"(,"annotations":{"a":")" + std::string(500, 'x') + "\"}");
  }
  // The network brings what it can, and the host takes one batch.
  for (int i = 0; i < 20; ++i) {
    for (int j = 0; j < 10; ++j) transport->Poll(std::chrono::steady_clock::now());
    for (const Event& event : source->Poll(Present()).events) {
      told.emplace_back(event.name);
    }
    EXPECT_LT(source->counters().bytes, 4u << 20) << "it is not held back";
  }
  EXPECT_LT(told.size(), 2000u);
  ASSERT_TRUE(RunUntilTold(kStorm));
  EXPECT_EQ(told, created);
}

TEST_F(WireFrames, ReadsOnWhileTheSinkIsStuckAndLetsNormalGoBeforeWarning) {
  constexpr int kStorm = 5000;
  auto made = NewClusterSource(options, hurried);
  ASSERT_TRUE(made.ok());
  source = *std::move(made);
  testing::FakeSink sink;
  sink.holds = true;
  sink.wants = 16;
  auto runner =
      *NewRunner({.source = *source,
                  .sink = sink,
                  .transport = transport.get(),
                  .pipeline = {.filter = {.type = {.include = {"Normal", "Warning"}}},
                               .deduplicator = {.window = {}}},
                  .queue = {.max_tellings = 200}});
  for (int i = 0; i < kStorm; ++i) {
    std::string event = EventObject("e" + std::to_string(i));
    if (i % 2 == 0) event.replace(event.find("Warning"), 7, "Normal");
    server->Create(kEvents, event);
  }
  const auto limit = std::chrono::steady_clock::now() + seconds(20);
  while (runner->ledger().seen < kStorm && std::chrono::steady_clock::now() < limit) {
    runner->Poll(milliseconds(10));
    ASSERT_TRUE(runner->ledger().Balances());
  }
  const Ledger stuck = runner->ledger();
  EXPECT_EQ(stuck.seen, static_cast<std::uint64_t>(kStorm));
  EXPECT_EQ(stuck.in_flight, 200u);
  EXPECT_EQ(stuck.overflowed, kStorm - 200u);
  sink.holds = false;
  ASSERT_TRUE(runner->Drain(seconds(10)).ok());
  ASSERT_EQ(sink.delivered().size(), 200u);
  for (std::size_t i = sink.wants; i < 200; ++i) {
    EXPECT_EQ(sink.delivered()[i].event->type, "Warning");
  }
}

// Row 33
TEST_F(WireFrames, DropsWhatAProxyPlaysAgainOrOutOfOrder) {
  const auto frame = [&](const std::string& name, const std::string& version) {
    return R"({"type":"ADDED","object":)" +
           EventObject(name, R"(,"uid":")" + name + R"(","resourceVersion":")" +
                                 version + "\"") +
           "}";
  };
  server->Script({.verb = "watch",
                  .lines = {frame("x", "101"), frame("x", "101"), frame("y", "100"),
                            frame("z", "102")}});
  RunUntilWatching();
  ASSERT_TRUE(RunUntilTold(2));
  ASSERT_TRUE(Run([&] { return stale.size() == 2; }));
  EXPECT_EQ(told, (Names{"x", "z"}));
  EXPECT_EQ(stale, (Names{"x", "y"}));
}

// Row 34
TEST_F(WireFrames, TakesEventsWithOddTimes) {
  for (const char* time : {"null", "\"\"", "\"1970-01-01T00:00:00Z\"",
                           "\"9999-12-31T23:59:59Z\"", "\"yesterday\"", "7"}) {
    BeginAnew();
    RunUntilWatching();
    told.clear();
    server->Create(kEvents,
                   R"({"metadata":{"name":"odd"},"involvedObject":{"kind":"Pod"},)"
                   R"("reason":"R","firstTimestamp":null,"eventTime":)" +
                       std::string(time) + R"(,"lastTimestamp":)" + time + "}");
    ASSERT_TRUE(RunUntilTold(1)) << time;
    EXPECT_EQ(told, Names{"odd"}) << time;
    server->Delete(kEvents, "odd");
  }
}

// Row 35
TEST_F(WireFrames, TellsAnEventOfTheSameNameThatCameAnew) {
  RunUntilWatching();
  Create("a");
  server->Delete(kEvents, "a");
  Create("a");
  ASSERT_TRUE(RunUntilTold(2));
  EXPECT_EQ(source->counters().deleted, 1u);
}

}  // namespace
}  // namespace k8sentry
