#include "runtime/runner.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <filesystem>
#include <random>
#include <thread>

#include "fake_pipeline.h"
#include "k8sentry/http_transport.h"
#include "k8sentry/testing/fake_sink.h"
#include "k8sentry/testing/fake_source.h"

namespace k8sentry {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using testing::FakeSink;
using testing::FakeSource;

bool Readable(int descriptor, int timeout_ms = 0) {
  pollfd entry = {.fd = descriptor, .events = POLLIN, .revents = 0};
  return poll(&entry, 1, timeout_ms) == 1;
}

class RunnerTest : public ::testing::Test {
 protected:
  Runner& runner() {
    if (!runner_) {
      auto pipeline = std::make_unique<FakePipeline>(window_);
      pipeline_ = pipeline.get();
      auto made = internal::MakeRunner({.source = source_,
                                        .sink = sink_,
                                        .pipeline = {.time = time_},
                                        .queue = queue_,
                                        .when_full = when_full_,
                                        .rest = rest_},
                                       std::move(pipeline));
      if (made.ok()) runner_ = *std::move(made);
    }
    return *runner_;
  }
  // Reads twice, with a rest of an hour between where the runner may rest.
  void ReadTwice(int events) {
    rest_ = 1h;
    source_.Give(EventsOf("A", events));
    runner().Poll(0s);
    source_.Give(EventsOf("A", events));
    runner().Poll(1h);
    EXPECT_EQ(runner().ledger().seen, static_cast<std::uint64_t>(2 * events));
  }
  // Polls as long as there is work at once.
  void PollAll() {
    for (int i = 0; i < 10000 && runner().NextDeadline() == SteadyTime::min(); ++i) {
      runner().Poll(0s);
      ASSERT_TRUE(runner().ledger().Balances());
    }
  }

  FakeSource source_;
  FakeSink sink_;
  FakePipeline* pipeline_ = nullptr;
  QueueOptions queue_;
  QueueFull when_full_ = QueueFull::kDrop;
  TimeSource time_ = TimeSource::kCaller;
  Duration window_ = 1h;
  Duration rest_ = 0s;
  std::unique_ptr<Runner> runner_;
};

TEST_F(RunnerTest, CarriesEventsFromTheSourceToTheSink) {
  source_.Give(EventsOf("A", 200));
  source_.GiveMalformed();
  source_.End();
  while (runner().Poll(1s)) {
  }
  const Ledger ledger = runner().ledger();
  EXPECT_EQ(ledger.seen, 201u);
  EXPECT_EQ(ledger.malformed, 1u);
  EXPECT_EQ(ledger.delivered, 200u);
  EXPECT_TRUE(ledger.Balances());
  EXPECT_EQ(sink_.delivered().size(), 200u);
}

TEST_F(RunnerTest, GoesOnUntilAllIsDeliveredAfterTheSourceEnded) {
  sink_.holds = true;
  source_.Give(EventsOf("A", 1));
  source_.End();
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(runner().Poll(0s));
  EXPECT_EQ(runner().ledger().in_flight, 1u);
  sink_.holds = false;
  EXPECT_FALSE(runner().Poll(1h));
  EXPECT_FALSE(runner().Poll(1h)) << "and does not wait when all is done";
}

TEST_F(RunnerTest, ReadsABoundedNumberOfEventsAtEachPoll) {
  source_.Give(EventsOf("swallow", 100000));
  runner().Poll(0s);
  EXPECT_GT(runner().ledger().seen, 0u);
  EXPECT_LE(runner().ledger().seen, 64u * 64);
  EXPECT_TRUE(Readable(runner().descriptor())) << "there is more to do";
}

TEST_F(RunnerTest, ReadsABatchAtATimeWhileTellingsWaitForTheSink) {
  sink_.wants = 1;
  sink_.holds = true;
  source_.Give(EventsOf("A", 2));
  runner().Poll(0s);
  source_.Give(EventsOf("A", 1000));
  runner().Poll(0s);
  EXPECT_EQ(runner().ledger().seen, 66u);
  runner().Poll(0s);
  EXPECT_EQ(runner().ledger().seen, 130u);
}

TEST_F(RunnerTest, RunReturnsTheStatusOfTheSource) {
  source_.Give(EventsOf("A", 3));
  source_.End(Status(StatusCode::kDataLoss, "the disk is gone"));
  const Status status = runner().Run({});
  EXPECT_EQ(status.code(), StatusCode::kDataLoss);
  EXPECT_EQ(sink_.delivered().size(), 3u);
}

TEST_F(RunnerTest, RunEndsWhenItsTokenIsStopped) {
  runner();
  std::stop_source stop;
  std::jthread other([&] { stop.request_stop(); });
  EXPECT_TRUE(runner().Run(stop.get_token()).ok());
}

TEST_F(RunnerTest, DescriptorIsQuietWhenThereIsNothingToDo) {
  runner().Poll(0s);
  EXPECT_FALSE(Readable(runner().descriptor()));
}

TEST_F(RunnerTest, DescriptorIsReadableWhenADeadlineHasPassed) {
  source_.deadline = SteadyTime(std::chrono::steady_clock::now()) + 20ms;
  runner().Poll(0s);
  EXPECT_TRUE(Readable(runner().descriptor(), 10000));
  EXPECT_GE(SteadyTime(std::chrono::steady_clock::now()), source_.deadline);
  source_.deadline = SteadyTime::max();
  runner().Poll(0s);
  EXPECT_FALSE(Readable(runner().descriptor()));
}

TEST_F(RunnerTest, DescriptorIsReadableAfterWake) {
  runner().Poll(0s);
  runner().Wake();
  EXPECT_TRUE(Readable(runner().descriptor()));
  runner().Poll(0s);
  EXPECT_FALSE(Readable(runner().descriptor()));
}

TEST_F(RunnerTest, WakeEndsAPollThatWaits) {
  runner();
  std::jthread other([&] { runner().Wake(); });
  EXPECT_TRUE(runner().Poll(1h));
}

TEST_F(RunnerTest, RestsAfterAFewEventsThoughMoreHaveCome) {
  rest_ = 1h;
  source_.Give(EventsOf("A", 3));
  runner().Poll(0s);
  source_.Give(EventsOf("A", 3));
  const auto before = std::chrono::steady_clock::now();
  runner().Poll(20ms);  // no longer than it may wait
  EXPECT_GE(std::chrono::steady_clock::now() - before, 20ms);
  EXPECT_EQ(runner().ledger().seen, 6u);
}

TEST_F(RunnerTest, DoesNotRestInARush) {
  sink_.wants = 1000;
  ReadTwice(80);
}

TEST_F(RunnerTest, DoesNotRestWhileTheSinkIsWhatTellingsWaitFor) {
  sink_.wants = 1;
  sink_.holds = true;
  ReadTwice(3);
  EXPECT_EQ(runner().ledger().in_flight, 6u);
}

TEST_F(RunnerTest, DoesNotRestWhileTheSourceHoldsEventsBack) {
  source_.holds = true;
  ReadTwice(3);
}

TEST_F(RunnerTest, SendsBeforeItRests) {
  // Says how many tellings the sink had been given when it was polled last.
  class Transport : public HttpTransport {
   public:
    explicit Transport(const FakeSink& sink) : sink_(sink) {}
    Result<HttpRequestId> Start(HttpRequest, HttpHandler&) override { return 1; }
    void Cancel(HttpRequestId) override {}
    void Resume(HttpRequestId) override {}
    void Poll(SteadyTime) override { sent = sink_.sent().size(); }
    SteadyTime NextDeadline() const override { return SteadyTime::max(); }
    int descriptor() const override { return -1; }
    std::size_t sent = 0;

   private:
    const FakeSink& sink_;
  };
  Transport transport(sink_);
  for (const Duration rest : {Duration(0s), Duration(1h)}) {
    FakeSource source;
    source.Give(EventsOf("A", 3));
    auto made = internal::MakeRunner(
        {.source = source, .sink = sink_, .transport = &transport, .rest = rest},
        std::make_unique<FakePipeline>());
    transport.sent = 0;
    (*made)->Poll(0s);
    EXPECT_EQ(transport.sent, rest == 0s ? 0u : 6u);
  }
}

TEST_F(RunnerTest, WakeEndsItsRest) {
  rest_ = 1h;
  source_.Give(EventsOf("A", 3));
  runner().Poll(0s);
  std::jthread other([&] { runner().Wake(); });
  EXPECT_TRUE(runner().Poll(1h));
}

TEST_F(RunnerTest, DescriptorIsReadableWhenTheSourcesIs) {
  source_.says_ready = false;
  source_.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  runner().Poll(0s);
  EXPECT_FALSE(Readable(runner().descriptor()));
  eventfd_write(source_.fd, 1);
  EXPECT_TRUE(Readable(runner().descriptor()));
  close(source_.fd);
}

TEST_F(RunnerTest, ReadsARegularFileWhichEpollRefuses) {
  source_.fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  ASSERT_GE(source_.fd, 0);
  source_.says_ready = false;
  source_.Give(EventsOf("A", 5));
  source_.End();
  while (runner().Poll(1h)) {
  }
  EXPECT_EQ(sink_.delivered().size(), 5u);
  close(source_.fd);
}

TEST_F(RunnerTest, FollowsASourceWhoseDescriptorChanges) {
  source_.says_ready = false;
  source_.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  runner().Poll(0s);
  const int old = source_.fd;
  close(old);
  source_.fd = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
  ASSERT_EQ(source_.fd, old) << "the kernel gives the same number";
  runner().Poll(0s);
  EXPECT_TRUE(Readable(runner().descriptor()));
  close(source_.fd);
}

TEST_F(RunnerTest, StopsReadingWhileTheQueueIsFullIfTheReaderWaits) {
  when_full_ = QueueFull::kWait;
  queue_.max_tellings = 10;
  sink_.holds = true;
  source_.Give(EventsOf("A", 1000));
  source_.End();
  for (int i = 0; i < 20; ++i) runner().Poll(0s);
  const std::size_t polls = source_.polls();
  EXPECT_EQ(runner().ledger().seen, 64u) << "one batch, which may overfill";
  EXPECT_FALSE(Readable(runner().descriptor())) << "no busy waiting";
  EXPECT_EQ(source_.polls(), polls);
  sink_.holds = false;
  while (runner().Poll(1h)) {
  }
  EXPECT_EQ(runner().ledger().delivered, 1000u);
  EXPECT_EQ(runner().ledger().overflowed, 0u);
}

TEST_F(RunnerTest, NeverWaitsForTheSinkWhenLive) {
  queue_.max_tellings = 100;
  sink_.holds = true;
  source_.Give(EventsOf("A", 1000));
  PollAll();
  EXPECT_EQ(runner().ledger().seen, 1000u);
  EXPECT_EQ(runner().ledger().overflowed, 900u);
  EXPECT_EQ(runner().ledger().in_flight, 100u);
}

TEST_F(RunnerTest, ClosesTheWindowsThatAreDue) {
  window_ = 1ms;
  source_.Give(EventsOf("swallow", 7));
  for (int i = 0; i < 1000 && sink_.delivered().empty(); ++i) runner().Poll(1s);
  ASSERT_EQ(sink_.delivered().size(), 1u);
  EXPECT_EQ(sink_.delivered()[0].swallowed, 7);
  EXPECT_EQ(runner().ledger().summaries, 1u);
  EXPECT_EQ(runner().ledger().swallowed, 7u);
}

TEST_F(RunnerTest, DrainTellsWhatOpenWindowsSwallowed) {
  source_.Give(EventsOf("swallow", 7));
  PollAll();
  EXPECT_TRUE(runner().Drain(10s).ok());
  ASSERT_EQ(sink_.delivered().size(), 1u);
  EXPECT_EQ(sink_.delivered()[0].kind, TellingKind::kStillFiring);
}

TEST_F(RunnerTest, DrainLeavesTheWindowsOfAReplayOpen) {
  time_ = TimeSource::kEvents;
  source_.Give(EventsOf("swallow", 7));
  PollAll();
  EXPECT_TRUE(runner().Drain(10s).ok());
  EXPECT_TRUE(sink_.delivered().empty());
}

TEST_F(RunnerTest, DrainReadsNoMore) {
  source_.Give(EventsOf("A", 1));
  EXPECT_TRUE(runner().Drain(10s).ok());
  EXPECT_EQ(source_.polls(), 0u);
  EXPECT_FALSE(runner().Poll(1h));
}

TEST_F(RunnerTest, ShowsTheSinkEachEventBeforeWhatIsToldOfIt) {
  sink_.wants_events = true;
  source_.Give({EventOf("A"), EventOf("swallow"), EventOf("B")});
  PollAll();
  EXPECT_THAT(sink_.admitted(), ElementsAre("A", "swallow", "B"));
  ASSERT_EQ(sink_.told().size(), 2u);
  EXPECT_EQ(sink_.told()[1].event->reason, "B");
}

TEST_F(RunnerTest, ShowsNoEventToASinkThatDoesNotWantThem) {
  source_.Give(EventsOf("A", 3));
  PollAll();
  EXPECT_TRUE(sink_.admitted().empty());
  EXPECT_EQ(sink_.told().size(), 3u);
}

TEST_F(RunnerTest, TellsTheSinkWhatTheQueueLost) {
  queue_.max_tellings = 1;
  sink_.holds = true;
  source_.Give({EventOf("A"), EventOf("B")});
  PollAll();
  ASSERT_EQ(sink_.lost().size(), 1u);
  EXPECT_EQ(sink_.lost()[0].first.event->reason, "A");
  EXPECT_EQ(sink_.lost()[0].second, Loss::kQueueFull);
}

// Says that it is idle once it was polled a few times.
class BufferingSink final : public FakeSink {
 public:
  void Poll(Now now) override {
    FakeSink::Poll(now);
    if (flushes() > 0 && left > 0) --left;
    is_idle = left == 0;
  }
  SteadyTime NextDeadline() const override {
    return left > 0 ? SteadyTime::min() : FakeSink::NextDeadline();
  }
  int left = 3;
};

TEST_F(RunnerTest, DrainFlushesTheSinkAndWaitsUntilItIsIdle) {
  BufferingSink sink;
  sink.is_idle = false;
  source_.End();
  auto buffering = *NewRunner({.source = source_, .sink = sink});
  EXPECT_TRUE(buffering->Drain(10s).ok());
  EXPECT_EQ(sink.flushes(), 1);
  EXPECT_TRUE(sink.idle());
}

TEST_F(RunnerTest, DrainFailsIfTheSinkStaysBusy) {
  sink_.is_idle = false;
  const Status status = runner().Drain(5ms);
  EXPECT_EQ(status.code(), StatusCode::kDeadlineExceeded);
  EXPECT_THAT(status.message(), ::testing::HasSubstr("all that it held"));
}

// Holds back all that it reads.
class HoldingSource final : public testing::FakeSource {
 public:
  EventBatch Poll(Now) override { return {}; }
  EventBatch Flush(Now now) override { return testing::FakeSource::Poll(now); }
};

TEST_F(RunnerTest, DrainTakesWhatTheSourceHoldsBack) {
  HoldingSource source;
  source.Give(EventsOf("A", 100));
  auto holding = *NewRunner({.source = source, .sink = sink_});
  holding->Poll({});
  EXPECT_EQ(holding->ledger().seen, 0u);
  EXPECT_TRUE(holding->Drain(10s).ok());
  EXPECT_EQ(holding->ledger().seen, 100u);
}

TEST_F(RunnerTest, DrainGivesUpAtItsLimitAndTheLedgerSaysWhatIsLeft) {
  sink_.holds = true;
  source_.Give(EventsOf("A", 5));
  PollAll();
  const auto before = std::chrono::steady_clock::now();
  EXPECT_EQ(runner().Drain(30ms).code(), StatusCode::kDeadlineExceeded);
  EXPECT_GE(std::chrono::steady_clock::now() - before, 30ms);
  EXPECT_EQ(runner().ledger().in_flight, 5u);
  EXPECT_TRUE(runner().ledger().Balances());
}

TEST_F(RunnerTest, DrainDoesNotWaitForARateLimitThatLastsLonger) {
  sink_.limit = SteadyTime(std::chrono::steady_clock::now()) + 1h;
  source_.Give(EventsOf("A", 5));
  PollAll();
  EXPECT_EQ(runner().Drain(10min).code(), StatusCode::kDeadlineExceeded);
  EXPECT_EQ(runner().ledger().in_flight, 5u);
}

TEST_F(RunnerTest, DrainTriesOnceMoreWhatWaitsForItsBackoff) {
  queue_.min_backoff = 1h;
  queue_.max_backoff = 1h;
  sink_.answer = [](const Telling&, Now) {
    return Outcome{.kind = Outcome::Kind::kRetry};
  };
  source_.Give(EventsOf("A", 1));
  PollAll();
  EXPECT_EQ(runner().ledger().in_flight, 1u);
  sink_.answer = nullptr;
  EXPECT_TRUE(runner().Drain(10s).ok());
  EXPECT_EQ(runner().ledger().delivered, 1u);
}

TEST_F(RunnerTest, ShowsEveryTellingOnceBeforeItWaits) {
  int seen = 0;
  source_.Give(EventsOf("A", 5));
  source_.End();
  sink_.answer = [n = 0](const Telling&, Now) mutable {
    return Outcome{.kind = n++ % 2 == 0 ? Outcome::Kind::kRetry
                                        : Outcome::Kind::kDelivered};
  };
  auto made = internal::MakeRunner({.source = source_,
                                    .sink = sink_,
                                    .queue = {.min_backoff = 1us},
                                    .on_telling = [&](const Telling&) { ++seen; }},
                                   std::make_unique<FakePipeline>());
  EXPECT_TRUE((*made)->Run({}).ok());
  EXPECT_EQ(seen, 5);
  EXPECT_GT(sink_.sent().size(), 5u);
}

TEST_F(RunnerTest, StartsNoThread) {
  const auto threads = [] {
    return std::distance(std::filesystem::directory_iterator("/proc/self/task"),
                         std::filesystem::directory_iterator());
  };
  const auto before = threads();
  source_.Give(EventsOf("A", 100));
  source_.End();
  EXPECT_TRUE(runner().Run({}).ok());
  EXPECT_EQ(threads(), before);
}

TEST_F(RunnerTest, KeepsNoDescriptorAfterItsEnd) {
  const auto open_files = [] {
    return std::distance(std::filesystem::directory_iterator("/proc/self/fd"),
                         std::filesystem::directory_iterator());
  };
  const auto before = open_files();
  runner().Poll(0s);
  EXPECT_GT(open_files(), before);
  runner_.reset();
  EXPECT_EQ(open_files(), before);
}

TEST_F(RunnerTest, RefusesOptionsThatCannotWork) {
  queue_.max_tellings = 0;
  const auto made =
      internal::MakeRunner({.source = source_, .sink = sink_, .queue = queue_},
                           std::make_unique<FakePipeline>());
  EXPECT_EQ(made.status().code(), StatusCode::kInvalidArgument);
}

// Whatever comes and whatever the sink says of it, the ledger balances after every
// Poll.
TEST_F(RunnerTest, BalancesAfterEveryPollOfARandomRun) {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    std::mt19937 random(seed);
    FakeSource source;
    FakeSink sink;
    sink.answer = [&](const Telling&, Now now) -> Outcome {
      switch (random() % 5) {
        case 0:
          return {.kind = Outcome::Kind::kRetry};
        case 1:
          return {.kind = Outcome::Kind::kLimited, .retry_at = now.steady + 50us};
        case 2:
          return {.kind = Outcome::Kind::kRejected};
        default:
          return {};
      }
    };
    const bool waits = seed % 2 == 0;
    auto made =
        internal::MakeRunner({.source = source,
                              .sink = sink,
                              .queue = {.max_tellings = 1 + random() % 200,
                                        .max_attempts = 3,
                                        .min_backoff = 10us,
                                        .max_backoff = 100us},
                              .when_full = waits ? QueueFull::kWait : QueueFull::kDrop},
                             std::make_unique<FakePipeline>(100us));
    ASSERT_TRUE(made.ok());
    Runner& runner = **made;
    std::uint64_t given = 0;
    for (int i = 0; i < 500; ++i) {
      std::vector<OwnedEvent> events;
      for (unsigned n = random() % 40; n > 0; --n) {
        const char* reasons[] = {"swallow", "A", "B", "C"};
        events.push_back(EventOf(reasons[random() % 4], n % 2 ? "Normal" : "Warning"));
      }
      source.Give(events);
      given += events.size();
      if (random() % 10 == 0) {
        source.GiveMalformed();
        ++given;
      }
      sink.holds = random() % 3 == 0;
      sink.answers_per_poll = random() % 20;
      runner.Poll(0s);
      ASSERT_TRUE(runner.ledger().Balances()) << "seed " << seed << " step " << i;
    }
    sink.holds = false;
    sink.answers_per_poll = 1000;
    source.End();
    while (runner.Poll(1s)) ASSERT_TRUE(runner.ledger().Balances());
    EXPECT_TRUE(runner.Drain(10s).ok());
    const Ledger ledger = runner.ledger();
    EXPECT_TRUE(ledger.Balances());
    EXPECT_EQ(ledger.seen, given);
    EXPECT_EQ(ledger.in_flight, 0u);
    if (waits) {
      EXPECT_EQ(ledger.overflowed, 0u);
    }
  }
}

// --- what a run leaves to the next ---

OwnedEvent EventAt(std::string_view uid, std::string_view version) {
  Event event;
  event.uid = uid;
  event.resource_version = version;
  event.reason = uid;
  return OwnedEvent(event);
}

class RunnerState : public RunnerTest {
 protected:
  RunnerState() {
    source_.resume_point =
        ResumePoint{.cluster_id = "c1", .marks = {{"events", "120", "120"}}};
    source_.Give({EventAt("a", "101"), EventAt("b", "105"), EventAt("c", "110")});
  }
  ResumePoint Point() { return runner().state().source; }
};

TEST_F(RunnerState, HoldsWhatWasReadButIsWithNoReceiverYet) {
  sink_.holds = true;
  runner().Poll(0s);
  ResumePoint point = Point();
  EXPECT_EQ(point.cluster_id, "c1");
  EXPECT_EQ(point.marks, (std::vector<WatchMark>{{"events", "120", "100"}}));
  EXPECT_EQ(point.unacknowledged,
            (std::vector<EventVersion>{{"a", "101"}, {"b", "105"}, {"c", "110"}}));
  sink_.holds = false;
  PollAll();
  point = Point();
  EXPECT_EQ(point.marks, (std::vector<WatchMark>{{"events", "120", "120"}}));
  EXPECT_EQ(point.unacknowledged, std::vector<EventVersion>{});
}

TEST_F(RunnerState, ForgetsEachTellingAsItIsAcknowledged) {
  sink_.answers_per_poll = 1;
  runner().Poll(0s);  // sends
  runner().Poll(0s);  // one answer
  const ResumePoint point = Point();
  EXPECT_EQ(point.marks, (std::vector<WatchMark>{{"events", "120", "104"}}));
  EXPECT_EQ(point.unacknowledged,
            (std::vector<EventVersion>{{"b", "105"}, {"c", "110"}}));
}

TEST_F(RunnerState, HoldsWhatIsToBeTriedAgainAndNotWhatWasRefused) {
  sink_.answer = [](const Telling& telling, Now) {
    const bool refused = telling.event->uid == "a";
    return Outcome{.kind = refused ? Outcome::Kind::kRejected : Outcome::Kind::kRetry};
  };
  runner().Poll(0s);
  runner().Poll(0s);
  EXPECT_EQ(runner().ledger().rejected, 1u);
  EXPECT_EQ(Point().unacknowledged.size(), 2u);
}

TEST_F(RunnerState, CountsAnOverflowAsSettled) {
  sink_.holds = true;
  sink_.wants = 1;
  queue_.max_tellings = 2;
  runner().Poll(0s);
  EXPECT_EQ(runner().ledger().overflowed, 1u);
  EXPECT_EQ(Point().unacknowledged.size(), 2u);
}

TEST_F(RunnerState, IsEmptyForASourceThatCannotBeResumed) {
  source_.resume_point = std::nullopt;
  EXPECT_EQ(Point().marks, std::vector<WatchMark>{});
}

TEST(RunnerWindows, AreKeptForTheNextRunThatTakesThemWithTheirAges) {
  FakeSource source;
  FakeSink sink;
  Event event;
  event.uid = "a";
  event.resource_version = "1";
  event.reason = "BackOff";
  event.type = "Warning";
  event.count = 1;
  const RunnerOptions options = {
      .source = source, .sink = sink, .at_end = AtEnd::kKeepWindows};
  State state;
  {
    const auto runner = *NewRunner(options);
    source.Give({OwnedEvent(event)});
    event.uid = "b";
    source.Give({OwnedEvent(event)});
    runner->Poll(0s);
    runner->Poll(0s);
    ASSERT_TRUE(runner->Drain(1s).ok());
    EXPECT_EQ(sink.delivered().size(), 1u) << "no still-firing telling at the end";
    state = runner->state();
  }
  ASSERT_EQ(state.keys.size(), 1u);
  EXPECT_EQ(state.keys[0].count, 1);
  const auto goes_on = [&](Duration down) {
    state.saved = Time(std::chrono::floor<std::chrono::microseconds>(
                           std::chrono::system_clock::now()) -
                       std::chrono::duration_cast<std::chrono::microseconds>(down));
    RunnerOptions next = options;
    next.state = &state;
    const auto runner = *NewRunner(next);
    event.uid = "c";
    source.Give({OwnedEvent(event)});
    runner->Poll(0s);
    runner->Poll(0s);
    return runner->ledger();
  };
  EXPECT_EQ(goes_on(1min).swallowed, 1u);
  EXPECT_EQ(goes_on(2h).summaries, 1u) << "the window ended meanwhile";
}

}  // namespace
}  // namespace k8sentry
