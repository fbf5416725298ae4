// A queue with a spool behind it.
#include <signal.h>
#include <sys/resource.h>

#include <algorithm>
#include <random>
#include <set>

#include "delivery/queue.h"
#include "k8sentry/testing/fake_sink.h"
#include "spooled.h"

namespace k8sentry::internal {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using namespace std::chrono_literals;
using testing::FakeSink;

class Lines final : public Logger {
 public:
  void Log(LogLevel, std::string_view message, std::span<const LogField>) override {
    lines.emplace_back(message);
  }
  using Logger::Log;
  std::vector<std::string> lines;
};

class QueueSpoolTest : public ::testing::Test {
 protected:
  // A process: the sink of another one remembers nothing.
  void Start() {
    queue_.reset();
    auto spool = Spool::Open(spool_options_, "sink", now());
    ASSERT_TRUE(spool.ok()) << spool.status().message();
    spool_ = spool->get();
    queue_ = std::make_unique<Queue>(options_, QueueFull::kDrop, sink_, log_, 1,
                                     *std::move(spool));
  }
  Now now() const {
    return {.steady = SteadyTime(now_),
            .wall = std::chrono::floor<std::chrono::microseconds>(
                std::chrono::system_clock::now())};
  }
  void Push(Telling telling) { queue_->Push(std::move(telling), now()); }
  void Turn() {
    sink_.Poll(now());
    queue_->Pump(now());
  }
  void Answer(Outcome::Kind kind, SteadyTime retry_at = SteadyTime::min()) {
    sink_.answer = [=](const Telling&, Now) { return Outcome{kind, retry_at, "why"}; };
  }
  // Turns as a loop would make them, until `end`.
  void TurnUntil(Duration end) {
    Turn();
    for (;;) {
      const SteadyTime next = std::min(queue_->NextDeadline(), sink_.NextDeadline());
      if (next > SteadyTime(end)) break;
      now_ = std::max(now_, next.time_since_epoch());
      Turn();
    }
    now_ = end;
  }
  std::vector<int> Delivered() const {
    std::vector<int> numbers;
    for (const Telling& telling : sink_.delivered()) {
      numbers.push_back(NumberOf(telling));
    }
    return numbers;
  }
  std::vector<std::string> Unsettled() const {
    std::vector<std::string> versions;
    queue_->ForEachUnsettled([&](std::string_view, std::string_view version) {
      versions.emplace_back(version);
    });
    return versions;
  }

  Scratch scratch_;
  SpoolOptions spool_options_ = {.directory = scratch_.path() + "/spool"};
  QueueOptions options_;
  FakeSink sink_;
  Lines log_;
  Duration now_ = 1000h;
  std::unique_ptr<Queue> queue_;
  Spool* spool_ = nullptr;
};

TEST_F(QueueSpoolTest, WritesNothingWhileAllIsWell) {
  Start();
  for (int i = 0; i < 100; ++i) Push(NumberedTelling(i));
  TurnUntil(now_ + 1min);
  EXPECT_EQ(sink_.delivered().size(), 100u);
  EXPECT_EQ(BytesBelow(spool_options_.directory), 0u);
  EXPECT_THAT(log_.lines, IsEmpty());
}

TEST_F(QueueSpoolTest, OverflowsToDiskAndDeliversInOrder) {
  options_.max_tellings = 10;
  Start();
  sink_.holds = true;
  for (int i = 0; i < 1000; ++i) Push(NumberedTelling(i));
  EXPECT_EQ(queue_->size(), 10u);
  EXPECT_EQ(queue_->counters().in_flight, 1000u);
  Push(NumberedTelling(1000));
  EXPECT_TRUE(sink_.lost().empty());
  sink_.holds = false;
  TurnUntil(now_ + 1min);
  ASSERT_EQ(sink_.delivered().size(), 1001u);
  for (int i = 0; i <= 1000; ++i) {
    EXPECT_EQ(Delivered()[static_cast<std::size_t>(i)], i);
    if (HasFailure()) break;
  }
  EXPECT_EQ(queue_->counters().delivered, 1001u);
  EXPECT_EQ(queue_->counters().in_flight, 0u);
  EXPECT_TRUE(queue_->empty());
  EXPECT_THAT(log_.lines,
              ElementsAre("tellings wait in the spool", "the spool is empty again"));
}

TEST_F(QueueSpoolTest, CopiesWhatWaitsToDiskOnceTheSinkIsAwayForLonger) {
  Start();
  Answer(Outcome::Kind::kRetry);
  for (int i = 0; i < 20; ++i) Push(NumberedTelling(i));
  TurnUntil(now_ + 4s);
  EXPECT_EQ(spool_->size(), 0u);
  EXPECT_EQ(Unsettled().size(), 20u);
  TurnUntil(now_ + 2s);
  EXPECT_EQ(spool_->size(), 20u);
  TurnUntil(now_ + 2s);
  EXPECT_THAT(Unsettled(), IsEmpty()) << "it is on disk, and synced";
  EXPECT_EQ(queue_->counters().in_flight, 20u);
  Answer(Outcome::Kind::kDelivered);
  TurnUntil(now_ + 2min);
  EXPECT_EQ(sink_.delivered().size(), 20u);
  EXPECT_EQ(BytesBelow(spool_options_.directory), 0u);
}

TEST_F(QueueSpoolTest, AsksWithOneTellingAtATimeWhetherTheSinkIsBack) {
  Start();
  Answer(Outcome::Kind::kRetry);
  for (int i = 0; i < 200; ++i) Push(NumberedTelling(i));
  TurnUntil(now_ + 1min);
  const std::size_t before = sink_.sent().size();
  sink_.holds = true;
  TurnUntil(now_ + 2min);
  EXPECT_EQ(sink_.sent().size(), before + 1);
  sink_.holds = false;
  Answer(Outcome::Kind::kDelivered);
  TurnUntil(now_ + 2min);
  EXPECT_EQ(sink_.delivered().size(), 200u);
}

TEST_F(QueueSpoolTest, GivesUpNothingWhileNothingElseArrivesEither) {
  options_.max_attempts = 3;
  Start();
  Answer(Outcome::Kind::kRetry);
  for (int i = 0; i < 5; ++i) Push(NumberedTelling(i));
  TurnUntil(now_ + 3h);
  EXPECT_EQ(queue_->counters().in_flight, 5u);
  // But one that alone is never taken.
  sink_.answer = [](const Telling& telling, Now) -> Outcome {
    if (NumberOf(telling) == 3) return {Outcome::Kind::kRetry, SteadyTime::min(), ""};
    return {};
  };
  for (int i = 10; i < 40; ++i) {
    Push(NumberedTelling(i));
    TurnUntil(now_ + 1min);
  }
  EXPECT_EQ(queue_->counters().delivered, 34u);
  EXPECT_EQ(queue_->counters().rejected, 1u);
  ASSERT_EQ(sink_.lost().size(), 1u);
  EXPECT_EQ(sink_.lost()[0].second, Loss::kGaveUp);
  EXPECT_EQ(spool_->size(), 0u);
}

TEST_F(QueueSpoolTest, SendsNothingOfTheSpoolWhileTheSinkIsLimited) {
  options_.max_tellings = 10;
  Start();
  sink_.limit = SteadyTime(now_ + 1h);
  for (int i = 0; i < 100; ++i) Push(NumberedTelling(i));
  TurnUntil(now_ + 59min);
  EXPECT_THAT(sink_.sent(), IsEmpty());
  EXPECT_EQ(spool_->size(), 100u);
  EXPECT_EQ(queue_->NextDeadline(), SteadyTime(now_ + 1min));
  TurnUntil(now_ + 2min);
  EXPECT_EQ(sink_.delivered().size(), 100u);
}

TEST_F(QueueSpoolTest, FoldsOnDiskToo) {
  Start();
  sink_.limit = SteadyTime(now_ + 1h);
  Push(NumberedTelling(1));
  TurnUntil(now_ + 10s);
  EXPECT_EQ(spool_->size(), 1u);
  for (int i = 2; i <= 5; ++i) {
    Telling telling = NumberedTelling(i);
    telling.key.reason = "uid-1";
    Push(std::move(telling));
  }
  EXPECT_THAT(Unsettled(), ::testing::Contains("5")) << "not synced yet";
  TurnUntil(now_ + 10s);
  EXPECT_THAT(Unsettled(), IsEmpty());
  EXPECT_EQ(spool_->size(), 1u);
  sink_.limit = SteadyTime::min();
  queue_.reset();
  Start();  // as after a kill: only the disk knows
  TurnUntil(now_ + 1s);
  ASSERT_EQ(sink_.delivered().size(), 1u);
  EXPECT_EQ(sink_.delivered()[0].id[0], 1);
  EXPECT_EQ(sink_.delivered()[0].sightings, 5);
  EXPECT_EQ(sink_.delivered()[0].frames, 0);
  EXPECT_EQ(NumberOf(sink_.delivered()[0]), 5);
}

TEST_F(QueueSpoolTest, LeavesWhatWaitsToTheNextProcess) {
  options_.max_tellings = 50;
  Start();
  sink_.wants = 16;
  sink_.holds = true;
  for (int i = 0; i < 100; ++i) Push(NumberedTelling(i));
  Turn();
  EXPECT_TRUE(queue_->SpoolAll(now()));
  EXPECT_THAT(Unsettled(), IsEmpty());
  sink_.holds = false;
  sink_.limit = SteadyTime(now_ + 1h);  // no more is sent,
  Turn();                               // but 16 arrived, and it learns of them
  sink_.limit = SteadyTime::min();
  const auto arrived = Delivered();
  ASSERT_EQ(arrived.size(), 16u);
  Start();
  TurnUntil(now_ + 1min);
  const auto all = Delivered();
  EXPECT_EQ(std::set<int>(all.begin(), all.end()).size(), 100u);
  EXPECT_EQ(all.size(), 100u) << "nothing twice";
  EXPECT_EQ(queue_->counters().delivered, 0u) << "frames of the process before";
}

TEST_F(QueueSpoolTest, FoldsNothingIntoWhatAnEarlierProcessMayHaveSent) {
  Start();
  Push(NumberedTelling(1));
  EXPECT_TRUE(queue_->SpoolAll(now()));
  Start();
  Answer(Outcome::Kind::kLimited, SteadyTime(now_ + 1min));
  TurnUntil(now_ + 1s);
  Telling again = NumberedTelling(2);
  again.key.reason = "uid-1";
  Push(std::move(again));
  EXPECT_EQ(queue_->size(), 2u);
}

TEST_F(QueueSpoolTest, NamesWhatTheSpoolPushedOut) {
  options_.max_tellings = 10;
  spool_options_.max_bytes = 64 << 10;
  Start();
  sink_.holds = true;
  for (int i = 0; i < 2000; ++i) Push(NumberedTelling(i));
  const QueueCounters& counters = queue_->counters();
  EXPECT_GT(counters.overflowed, 1000u);
  EXPECT_EQ(counters.overflowed, sink_.lost().size());
  EXPECT_EQ(counters.overflowed + counters.in_flight, 2000u);
  for (const auto& [telling, loss] : sink_.lost()) EXPECT_EQ(loss, Loss::kSpoolFull);
  sink_.holds = false;
  TurnUntil(now_ + 1min);
  std::set<int> all;
  for (const auto& [telling, loss] : sink_.lost()) all.insert(NumberOf(telling));
  for (const int number : Delivered()) EXPECT_TRUE(all.insert(number).second);
  EXPECT_EQ(all.size(), 2000u);
}

TEST_F(QueueSpoolTest, GoesOnAsWithoutASpoolWhenTheDiskIsFull) {
  options_.max_tellings = 10;
  Start();
  sink_.holds = true;
  // As good as a full disk: no file may grow.
  rlimit before = {};
  getrlimit(RLIMIT_FSIZE, &before);
  const auto handler = signal(SIGXFSZ, SIG_IGN);
  const rlimit none = {0, before.rlim_max};
  setrlimit(RLIMIT_FSIZE, &none);
  for (int i = 0; i < 30; ++i) {
    Push(NumberedTelling(i));
    now_ += 1s;
  }
  EXPECT_EQ(queue_->size(), 10u);
  EXPECT_EQ(queue_->counters().overflowed, 20u);
  EXPECT_EQ(sink_.lost().back().second, Loss::kQueueFull);
  EXPECT_FALSE(queue_->SpoolAll(now()));
  EXPECT_EQ(Unsettled().size(), 10u);
  setrlimit(RLIMIT_FSIZE, &before);
  signal(SIGXFSZ, handler);
  EXPECT_EQ(
      std::count(log_.lines.begin(), log_.lines.end(), "the spool cannot be written"),
      1);
  now_ += 11s;
  for (int i = 30; i < 50; ++i) Push(NumberedTelling(i));
  EXPECT_EQ(queue_->counters().overflowed, 20u) << "it works again";
  sink_.holds = false;
  TurnUntil(now_ + 1min);
  EXPECT_EQ(queue_->counters().delivered, 30u);
}

// The promise: an hour's outage of the receiver, 100,000 issues, and all that the
// bounds allow arrive once; the rest is named.
class Outage : public QueueSpoolTest, public ::testing::WithParamInterface<int> {};

TEST_P(Outage, OfAnHourLosesOnlyWhatTheBoundsDoNotAllow) {
  spool_options_.max_bytes = static_cast<std::size_t>(GetParam()) << 20;
  options_.max_tellings = 1000;
  Start();
  Answer(Outcome::Kind::kRetry);
  constexpr int kIssues = 100000;
  for (int i = 0; i < kIssues; ++i) {
    Push(NumberedTelling(i));
    // As fast as they come, but for a turn of the loop now and then.
    if (i % 1000 == 999) TurnUntil(now_ + 36s);
    if (i % 10000 == 0) {
      ASSERT_LE(spool_->bytes(), spool_options_.max_bytes);
    }
  }
  EXPECT_LE(BytesBelow(spool_options_.directory), spool_options_.max_bytes);
  EXPECT_TRUE(sink_.delivered().empty());
  EXPECT_LT(sink_.sent().size(), 6000u) << "nobody is hammered";
  Answer(Outcome::Kind::kDelivered);
  TurnUntil(now_ + 1h);
  const QueueCounters& counters = queue_->counters();
  EXPECT_EQ(counters.delivered + counters.overflowed, std::uint64_t{kIssues});
  EXPECT_EQ(counters.in_flight, 0u);
  EXPECT_EQ(counters.rejected, 0u);
  EXPECT_EQ(counters.overflowed, sink_.lost().size());
  std::vector<int> times(kIssues, 0);
  for (const int number : Delivered()) ++times[static_cast<std::size_t>(number)];
  for (const auto& [telling, loss] : sink_.lost()) {
    ++times[static_cast<std::size_t>(NumberOf(telling))];
  }
  EXPECT_EQ(std::count(times.begin(), times.end(), 1), kIssues);
  EXPECT_EQ(sink_.lost().empty(), GetParam() == 256) << sink_.lost().size();
  EXPECT_EQ(BytesBelow(spool_options_.directory), 0u);
}
INSTANTIATE_TEST_SUITE_P(With, Outage, ::testing::Values(256, 8), [](const auto& with) {
  return std::to_string(with.param) + "MiB";
});

// Whatever the sink does and however its processes end: nothing is lost.
TEST_F(QueueSpoolTest, LosesNothingUnderRandomTrafficAndKills) {
  for (unsigned seed = 1; seed <= 6; ++seed) {
    std::mt19937 random(seed);
    Scratch folder;
    spool_options_.directory = folder.path() + "/0";
    options_ = {.max_tellings = 1 + random() % 60, .max_attempts = 1000};
    sink_ = FakeSink();
    unsigned mood = 0;  // well, moody, or away
    sink_.answer = [&](const Telling&, Now at) -> Outcome {
      switch (mood == 0 ? 2 : mood == 1 ? random() % 4 : 0) {
        case 0:
          return {Outcome::Kind::kRetry, SteadyTime::min(), "retry"};
        case 1:
          return {Outcome::Kind::kLimited, at.steady + random() % 20 * 1s, "429"};
        default:
          return {};
      }
    };
    Start();
    int pushed = 0;
    for (int process = 1; process <= 6; ++process) {
      for (int i = 0; i < 400; ++i) {
        if (random() % 3 != 0) Push(NumberedTelling(pushed++));
        if (random() % 40 == 0) mood = random() % 3;
        sink_.answers_per_poll = random() % 5;
        Turn();
        now_ += random() % 2000 * 1ms;
      }
      if (process % 2 == 0) {
        ASSERT_TRUE(queue_->SpoolAll(now()));
        ASSERT_THAT(Unsettled(), IsEmpty());
        Start();
        continue;
      }
      // A kill: what is on disk now is all that stays, and what a state names comes
      // from the source again.
      const std::vector<std::string> unsettled = Unsettled();
      const std::string killed = folder.path() + "/" + std::to_string(process);
      std::filesystem::copy(spool_options_.directory, killed,
                            std::filesystem::copy_options::recursive);
      for (const char* own : {"", "/sink"}) {
        std::filesystem::permissions(killed + own, std::filesystem::perms::owner_all);
      }
      spool_options_.directory = killed;
      Start();
      for (const std::string& version : unsettled) {
        Push(NumberedTelling(std::stoi(version)));
      }
    }
    mood = 0;
    sink_.answers_per_poll = 1000;
    TurnUntil(now_ + 2h);
    ASSERT_TRUE(queue_->empty());
    ASSERT_EQ(queue_->counters().in_flight, 0u);
    const std::vector<int> delivered = Delivered();
    const std::set<int> numbers(delivered.begin(), delivered.end());
    ASSERT_EQ(static_cast<int>(numbers.size()), pushed) << seed;
  }
}

}  // namespace
}  // namespace k8sentry::internal
