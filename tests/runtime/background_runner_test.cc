#include "k8sentry/background_runner.h"

#include <filesystem>
#include <fstream>
#include <set>
#include <thread>

#include "fake_pipeline.h"
#include "k8sentry/testing/fake_sink.h"
#include "k8sentry/testing/fake_source.h"
#include "runtime/runner.h"

namespace k8sentry {
namespace {

using namespace std::chrono_literals;
using testing::FakeSink;
using testing::FakeSource;

std::multiset<std::string> ThreadNames() {
  std::multiset<std::string> names;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    std::string name;
    std::getline(std::ifstream(task.path() / "comm") >> std::ws, name);
    names.insert(name);
  }
  return names;
}

class BackgroundRunnerTest : public ::testing::Test {
 protected:
  std::unique_ptr<BackgroundRunner> Start() {
    auto runner = internal::MakeRunner({.source = source_, .sink = sink_},
                                       std::make_unique<FakePipeline>());
    auto background = NewBackgroundRunner(*std::move(runner));
    return *std::move(background);
  }
  // Waits for what another thread does; a test that hangs is ended by CTest.
  template <typename Condition>
  static void Await(Condition condition) {
    while (!condition()) std::this_thread::yield();
  }

  FakeSource source_;
  FakeSink sink_;
};

TEST_F(BackgroundRunnerTest, DeliversWithoutBeingAsked) {
  source_.Give(EventsOf("A", 1000));
  source_.End();
  auto background = Start();
  Await([&] { return background->finished(); });
  EXPECT_EQ(background->ledger().delivered, 1000u);
  EXPECT_TRUE(background->Stop(1s).ok());
  EXPECT_EQ(sink_.delivered().size(), 1000u);
}

TEST_F(BackgroundRunnerTest, ItsThreadIsTheOnlyOneAndBearsOurName) {
  const std::size_t before = ThreadNames().size();
  auto background = Start();
  Await([&] { return ThreadNames().count("k8sentry") == 1; });
  EXPECT_EQ(ThreadNames().size(), before + 1);
  background.reset();
  EXPECT_EQ(ThreadNames().count("k8sentry"), 0u);
}

TEST_F(BackgroundRunnerTest, StopDrains) {
  source_.Give(EventsOf("swallow", 9));
  auto background = Start();
  Await([&] { return background->ledger().seen == 9; });
  EXPECT_TRUE(background->Stop(10s).ok());
  ASSERT_EQ(sink_.delivered().size(), 1u);
  EXPECT_EQ(sink_.delivered()[0].swallowed, 9);
  EXPECT_EQ(background->ledger().summaries, 1u);
}

TEST_F(BackgroundRunnerTest, StopAfterTheSourceEndedClosesWindowsToo) {
  source_.Give(EventsOf("swallow", 9));
  source_.End();
  auto background = Start();
  Await([&] { return background->finished(); });
  EXPECT_TRUE(background->Stop(10s).ok());
  EXPECT_EQ(sink_.delivered().size(), 1u);
}

TEST_F(BackgroundRunnerTest, StopSaysWhatItCouldNotDeliver) {
  sink_.holds = true;
  source_.Give(EventsOf("A", 3));
  auto background = Start();
  Await([&] { return background->ledger().in_flight == 3; });
  EXPECT_EQ(background->Stop(10ms).code(), StatusCode::kDeadlineExceeded);
  EXPECT_EQ(background->ledger().in_flight, 3u);
  EXPECT_EQ(background->Stop(10s).code(), StatusCode::kDeadlineExceeded)
      << "it stays said";
}

TEST_F(BackgroundRunnerTest, EndsAtOnceWithoutAStop) {
  sink_.holds = true;
  source_.Give(EventsOf("A", 3));
  Start().reset();
  EXPECT_TRUE(sink_.delivered().empty());
}

TEST_F(BackgroundRunnerTest, TellsItsLedgerToAnyThread) {
  source_.Give(EventsOf("A", 20000));
  source_.End();
  auto background = Start();
  std::vector<std::jthread> readers;
  for (int i = 0; i < 4; ++i) {
    readers.emplace_back([&] {
      while (!background->finished()) EXPECT_TRUE(background->ledger().Balances());
    });
  }
  readers.clear();
  EXPECT_TRUE(background->ledger().Balances());
  EXPECT_EQ(background->ledger().seen, 20000u);
}

}  // namespace
}  // namespace k8sentry
