#include "delivery/queue.h"

#include <map>
#include <random>

#include "k8sentry/testing/fake_sink.h"

namespace k8sentry::internal {
namespace {

using ::testing::ElementsAre;
using namespace std::chrono_literals;
using testing::FakeSink;

Telling TellingOf(std::string_view reason, std::string_view type = "Warning",
                  int id = 0) {
  Event event;
  event.type = type;
  event.reason = reason;
  Telling telling;
  telling.id[0] = static_cast<std::uint8_t>(id);
  telling.id[1] = static_cast<std::uint8_t>(id >> 8);
  telling.key.reason = reason;
  telling.event = OwnedEvent(event);
  telling.sightings = 1;
  return telling;
}

std::vector<std::string> Reasons(const std::vector<Telling>& tellings) {
  std::vector<std::string> out;
  for (const Telling& telling : tellings) out.emplace_back(telling.event->reason);
  return out;
}

class QueueTest : public ::testing::Test {
 protected:
  Queue& queue() {
    if (!queue_) {
      queue_ = std::make_unique<Queue>(options_, when_full_, sink_, NullLogger(), 1);
    }
    return *queue_;
  }
  Now now() const { return {.steady = SteadyTime(now_), .wall = Time(0us)}; }
  void Push(Telling telling) { queue().Push(std::move(telling), now()); }
  // One turn of the Runner's loop.
  void Turn() {
    sink_.Poll(now());
    queue().Pump(now());
  }
  void Answer(Outcome::Kind kind, SteadyTime retry_at = SteadyTime::min()) {
    sink_.answer = [=](const Telling&, Now) { return Outcome{kind, retry_at, "why"}; };
  }

  FakeSink sink_;
  QueueOptions options_;
  QueueFull when_full_ = QueueFull::kDrop;
  Duration now_ = 1000s;
  std::unique_ptr<Queue> queue_;
};

TEST_F(QueueTest, DeliversInOrder) {
  for (const char* reason : {"A", "B", "C"}) Push(TellingOf(reason));
  EXPECT_EQ(queue().counters().in_flight, 3u);
  Turn();
  EXPECT_EQ(queue().under_way(), 3u);
  EXPECT_EQ(queue().counters().in_flight, 3u);
  Turn();
  EXPECT_TRUE(queue().empty());
  EXPECT_EQ(queue().counters().in_flight, 0u);
  EXPECT_EQ(queue().counters().delivered, 3u);
  EXPECT_THAT(Reasons(sink_.delivered()), ElementsAre("A", "B", "C"));
}

TEST_F(QueueTest, CountsFramesAndNotTellings) {
  Telling still_firing = TellingOf("A");
  still_firing.kind = TellingKind::kStillFiring;
  still_firing.frames = 0;
  Push(std::move(still_firing));
  EXPECT_EQ(queue().counters().in_flight, 0u);
  EXPECT_FALSE(queue().empty());
  Turn();
  Turn();
  EXPECT_EQ(queue().counters().delivered, 0u);
  EXPECT_EQ(sink_.delivered().size(), 1u);
}

TEST_F(QueueTest, HandsOutNoMoreAtOnceThanTheSinkWants) {
  sink_.holds = true;
  sink_.wants = 8;
  for (int i = 0; i < 500; ++i) Push(TellingOf("A"));
  Turn();
  Turn();
  EXPECT_EQ(sink_.sent().size(), 8u);
  EXPECT_EQ(queue().NextDeadline(), SteadyTime::max()) << "it waits for answers";
  sink_.holds = false;
  for (int i = 0; i < 80; ++i) Turn();
  EXPECT_EQ(sink_.delivered().size(), 500u);
}

TEST_F(QueueTest, DropsTheOldestNormalTellingFirst) {
  options_.max_tellings = 3;
  Push(TellingOf("A"));
  Push(TellingOf("B", "Normal"));
  Push(TellingOf("C", "Normal"));
  Push(TellingOf("D"));
  Push(TellingOf("E"));
  EXPECT_EQ(queue().size(), 3u);
  EXPECT_EQ(queue().counters().overflowed, 2u);
  Push(TellingOf("F"));
  EXPECT_EQ(queue().counters().overflowed, 3u);
  Turn();
  Turn();
  EXPECT_THAT(Reasons(sink_.delivered()), ElementsAre("D", "E", "F"));
}

TEST_F(QueueTest, TellsTheSinkWhatItLostAndWhy) {
  options_.max_tellings = 1;
  options_.max_attempts = 1;
  Push(TellingOf("A"));
  Push(TellingOf("B"));
  Answer(Outcome::Kind::kRetry);
  Turn();
  Turn();
  ASSERT_EQ(sink_.lost().size(), 2u);
  EXPECT_EQ(sink_.lost()[0].first.event->reason, "A");
  EXPECT_EQ(sink_.lost()[0].second, Loss::kQueueFull);
  EXPECT_EQ(sink_.lost()[1].first.event->reason, "B");
  EXPECT_EQ(sink_.lost()[1].second, Loss::kGaveUp);
}

TEST_F(QueueTest, DropsWhatExceedsItsBytes) {
  options_.max_bytes = 20000;
  for (int i = 0; i < 10; ++i) Push(TellingOf(std::string(4000, 'r')));
  EXPECT_LT(queue().size(), 5u);
  EXPECT_GT(queue().size(), 0u);
  EXPECT_EQ(queue().counters().overflowed, 10 - queue().size());
}

TEST_F(QueueTest, DropsNothingThatTheSinkHas) {
  options_.max_tellings = 2;
  sink_.holds = true;
  Push(TellingOf("A"));
  Push(TellingOf("B"));
  Turn();
  Push(TellingOf("C"));
  EXPECT_EQ(queue().counters().overflowed, 1u);
  sink_.holds = false;
  Turn();
  EXPECT_THAT(Reasons(sink_.delivered()), ElementsAre("A", "B"));
}

TEST_F(QueueTest, DropsNothingWhenTheReaderWaits) {
  when_full_ = QueueFull::kWait;
  options_.max_tellings = 2;
  for (const char* reason : {"A", "B", "C"}) Push(TellingOf(reason));
  EXPECT_TRUE(queue().full());
  EXPECT_EQ(queue().counters().overflowed, 0u);
  Turn();
  Turn();
  EXPECT_EQ(queue().counters().delivered, 3u);
}

TEST_F(QueueTest, TriesAgainWithTheSameIdAfterAGrowingPause) {
  options_.min_backoff = 1s;
  options_.max_backoff = 8s;
  Answer(Outcome::Kind::kRetry);
  Push(TellingOf("A", "Warning", 7));
  std::vector<Duration> pauses;
  for (int i = 0; i < 8; ++i) {
    queue().Pump(now());
    ASSERT_EQ(sink_.sent().size(), i + 1u);
    EXPECT_EQ(sink_.sent().back().id[0], 7);
    sink_.Poll(now());
    queue().Pump(now());
    const Duration pause = queue().NextDeadline() - now().steady;
    EXPECT_GE(pause, 1s);
    EXPECT_LE(pause, 8s);
    now_ += pause - 1ns;
    queue().Pump(now());
    ASSERT_EQ(sink_.sent().size(), i + 1u) << "not before its time";
    now_ += 1ns;
    pauses.push_back(pause);
  }
  EXPECT_LE(pauses[0], 2s);
  EXPECT_LE(pauses[1], 4s);
  EXPECT_NE(pauses[6], pauses[7]) << "jitter";
}

TEST_F(QueueTest, TriesAllAgainAtOnceWhenDeliveryWorksAgain) {
  options_.min_backoff = options_.max_backoff = 1min;
  Answer(Outcome::Kind::kRetry);
  for (const char* reason : {"A", "B", "C"}) Push(TellingOf(reason));
  Turn();
  Turn();
  EXPECT_EQ(queue().NextDeadline(), SteadyTime(now_ + 1min));
  Answer(Outcome::Kind::kDelivered);
  Push(TellingOf("D"));
  for (int i = 0; i < 4; ++i) Turn();
  EXPECT_EQ(queue().counters().delivered, 4u);
}

TEST_F(QueueTest, WaitsAsLongAsTheSinkAsksBeforeARetry) {
  Answer(Outcome::Kind::kRetry, SteadyTime(now_ + 1h));
  Push(TellingOf("A"));
  Turn();
  Turn();
  EXPECT_EQ(queue().NextDeadline(), SteadyTime(now_ + 1h));
}

TEST_F(QueueTest, RejectsAfterTheLastAttempt) {
  options_.max_attempts = 3;
  Answer(Outcome::Kind::kRetry);
  Push(TellingOf("A"));
  for (int i = 0; i < 20; ++i, now_ += 2min) Turn();
  EXPECT_EQ(sink_.sent().size(), 3u);
  EXPECT_EQ(queue().counters().rejected, 1u);
  EXPECT_TRUE(queue().empty());
}

TEST_F(QueueTest, RejectsAtOnceWhatTheSinkRefuses) {
  Answer(Outcome::Kind::kRejected);
  Push(TellingOf("A"));
  Turn();
  Turn();
  EXPECT_EQ(queue().counters().rejected, 1u);
  EXPECT_EQ(queue().counters().in_flight, 0u);
}

TEST_F(QueueTest, WaitsOutARateLimitWithoutCountingAnAttempt) {
  options_.max_attempts = 2;
  Push(TellingOf("A"));
  for (int i = 0; i < 10; ++i) {
    Answer(Outcome::Kind::kLimited, SteadyTime(now_ + 1min));
    Turn();
    Turn();
    EXPECT_EQ(queue().NextDeadline(), SteadyTime(now_ + 1min));
    now_ += 1min;
  }
  EXPECT_EQ(queue().counters().in_flight, 1u);
  Answer(Outcome::Kind::kDelivered);
  Turn();
  Turn();
  EXPECT_EQ(queue().counters().delivered, 1u);
}

TEST_F(QueueTest, HandsOutNothingWhileTheSinkIsLimited) {
  sink_.limit = SteadyTime(now_ + 30s);
  Push(TellingOf("A"));
  Turn();
  EXPECT_TRUE(sink_.sent().empty());
  EXPECT_EQ(queue().NextDeadline(), SteadyTime(now_ + 30s));
  now_ += 30s;
  Turn();
  EXPECT_EQ(sink_.sent().size(), 1u);
}

TEST_F(QueueTest, FoldsTellingsOfOneKeyWhileLimited) {
  sink_.limit = SteadyTime(now_ + 30s);
  Telling first = TellingOf("A", "Warning", 1);
  first.sightings = 3;
  first.first_seen = Time(50s);
  first.last_seen = Time(60s);
  Telling still = TellingOf("A", "Warning", 2);
  still.kind = TellingKind::kStillFiring;
  still.sightings = 0;
  still.swallowed = 40;
  still.frames = 0;
  still.first_seen = Time(40s);
  still.last_seen = Time(90s);
  Telling again = TellingOf("A", "Warning", 3);
  again.sightings = 5;
  again.first_seen = again.last_seen = Time(80s);
  Push(std::move(first));
  Push(TellingOf("B"));
  Push(std::move(still));
  Push(std::move(again));
  EXPECT_EQ(queue().size(), 2u);
  EXPECT_EQ(queue().counters().in_flight, 3u);
  now_ += 30s;
  Turn();
  ASSERT_EQ(sink_.sent().size(), 2u);
  const Telling& folded = sink_.sent()[0];
  EXPECT_EQ(folded.id[0], 1);
  EXPECT_EQ(folded.kind, TellingKind::kFirst);
  EXPECT_EQ(folded.sightings, 8);
  EXPECT_EQ(folded.swallowed, 40);
  EXPECT_EQ(folded.frames, 2);
  EXPECT_EQ(folded.first_seen, Time(40s));
  EXPECT_EQ(folded.last_seen, Time(90s));
  Turn();
  EXPECT_EQ(queue().counters().delivered, 3u);
}

TEST_F(QueueTest, KeepsTheLastEventOfWhatItFolds) {
  sink_.limit = SteadyTime(now_ + 30s);
  for (const char* message : {"one", "two"}) {
    Event event;
    event.message = message;
    Telling telling = TellingOf("A");
    telling.event = OwnedEvent(event);
    Push(std::move(telling));
  }
  now_ += 30s;
  Turn();
  ASSERT_EQ(sink_.sent().size(), 1u);
  EXPECT_EQ(sink_.sent()[0].event->message, "two");
}

TEST_F(QueueTest, FoldsWhatAlreadyWaitedWhenALimitBegins) {
  sink_.holds = true;
  for (int i = 0; i < 64; ++i) Push(TellingOf("A", "Warning", i));
  Turn();  // the sink has 64
  Push(TellingOf("A", "Warning", 100));
  Push(TellingOf("A", "Warning", 101));
  sink_.holds = false;
  Answer(Outcome::Kind::kLimited, SteadyTime(now_ + 1min));
  Turn();
  EXPECT_EQ(queue().size(), 1u);
  EXPECT_EQ(queue().counters().in_flight, 66u);
  Answer(Outcome::Kind::kDelivered);
  now_ += 1min;
  Turn();
  Turn();
  ASSERT_EQ(sink_.delivered().size(), 1u);
  EXPECT_EQ(sink_.delivered()[0].sightings, 66);
  EXPECT_EQ(sink_.delivered()[0].id[0], 0) << "the first's id";
}

TEST_F(QueueTest, FoldsNothingIntoATellingThatMayHaveArrived) {
  Answer(Outcome::Kind::kRetry);
  Push(TellingOf("A", "Warning", 1));
  Turn();
  Turn();
  sink_.limit = SteadyTime(now_ + 1h);
  Push(TellingOf("A", "Warning", 2));
  Push(TellingOf("A", "Warning", 3));
  EXPECT_EQ(queue().size(), 2u) << "its id would hide what was folded into it";
}

TEST_F(QueueTest, DoesNotFoldOnceTheLimitIsOver) {
  sink_.limit = SteadyTime(now_ + 1s);
  Push(TellingOf("A"));
  now_ += 1s;
  Push(TellingOf("A"));
  EXPECT_EQ(queue().size(), 2u);
}

TEST_F(QueueTest, RetryNowEndsBackoffsButNoLimits) {
  Answer(Outcome::Kind::kRetry);
  Push(TellingOf("A"));
  Turn();
  Turn();
  queue().RetryNow();
  EXPECT_EQ(queue().NextDeadline(), SteadyTime::min());
  Answer(Outcome::Kind::kLimited, SteadyTime(now_ + 1h));
  Turn();
  Turn();
  queue().RetryNow();
  EXPECT_EQ(queue().NextDeadline(), SteadyTime(now_ + 1h));
}

TEST_F(QueueTest, SurvivesACompletionAfterItsEnd) {
  Push(TellingOf("A"));
  Turn();
  queue_.reset();
  sink_.Poll(now());
  EXPECT_THAT(Reasons(sink_.delivered()), ElementsAre("A"));
}

// Whatever the sink does, frames are conserved, and so are sightings but for those of
// tellings that were dropped or refused.
TEST_F(QueueTest, BalancesUnderRandomTraffic) {
  for (unsigned seed = 1; seed <= 30; ++seed) {
    std::mt19937 random(seed);
    options_ = {.max_tellings = 1 + random() % 100,
                .max_bytes = 2000 + random() % 100000,
                .max_attempts = 1 + static_cast<int>(random() % 4)};
    when_full_ = seed % 3 == 0 ? QueueFull::kWait : QueueFull::kDrop;
    FakeSink sink;
    sink.answer = [&](const Telling&, Now at) -> Outcome {
      switch (random() % 4) {
        case 0:
          return {Outcome::Kind::kRetry, SteadyTime::min(), "retry"};
        case 1:
          return {Outcome::Kind::kLimited, at.steady + random() % 9 * 1s, "429"};
        case 2:
          return {Outcome::Kind::kRejected, SteadyTime::min(), "no"};
        default:
          return {};
      }
    };
    queue_ = std::make_unique<Queue>(options_, when_full_, sink, NullLogger(), seed);
    std::uint64_t pushed = 0;
    const auto check = [&] {
      const QueueCounters& c = queue_->counters();
      ASSERT_EQ(pushed, c.overflowed + c.rejected + c.delivered + c.in_flight);
      if (when_full_ == QueueFull::kDrop) {
        ASSERT_LE(queue_->size(), std::max<std::size_t>(options_.max_tellings, 64));
      } else {
        ASSERT_EQ(c.overflowed, 0u);
      }
    };
    for (int i = 0; i < 3000; ++i) {
      sink.answers_per_poll = random() % 5;
      if (random() % 50 == 0) sink.limit = now().steady + 5s;
      if (random() % 2 == 0) {
        Telling telling = TellingOf("R" + std::to_string(random() % 20),
                                    random() % 2 == 0 ? "Normal" : "Warning", i);
        telling.frames = random() % 3 == 0 ? 0 : 1;
        pushed += telling.frames;
        queue_->Push(std::move(telling), now());
      }
      check();
      sink.Poll(now());
      queue_->Pump(now());
      check();
      now_ += random() % 500 * 1ms;
    }
    sink.answers_per_poll = 1000;
    sink.answer = nullptr;
    for (int i = 0; i < 100 && !queue_->empty(); ++i, now_ += 1min) {
      sink.Poll(now());
      queue_->Pump(now());
    }
    EXPECT_TRUE(queue_->empty());
    EXPECT_EQ(queue_->counters().in_flight, 0u);
    std::uint64_t frames = 0;
    for (const Telling& telling : sink.delivered()) frames += telling.frames;
    EXPECT_EQ(frames, queue_->counters().delivered);
    queue_.reset();
  }
}

}  // namespace
}  // namespace k8sentry::internal
