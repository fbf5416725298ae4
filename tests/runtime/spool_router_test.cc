// A Runner with a spool, and with several sinks.
#include <cstdlib>
#include <filesystem>
#include <random>

#include "fake_pipeline.h"
#include "k8sentry/testing/fake_sink.h"
#include "k8sentry/testing/fake_source.h"
#include "runtime/runner.h"

namespace k8sentry {
namespace {

using namespace std::chrono_literals;
using testing::FakeSink;
using testing::FakeSource;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<OwnedEvent> Numbered(int n) {
  const OwnedEvent pattern = EventOf("A");
  std::vector<OwnedEvent> events;
  for (int i = 0; i < n; ++i) {
    const std::string version = std::to_string(100 + i), uid = "uid-" + version;
    Event event = pattern.view();
    event.uid = uid;
    event.resource_version = version;
    events.emplace_back(event);
  }
  return events;
}

class RunnerSpoolTest : public ::testing::Test {
 protected:
  RunnerSpoolTest() {
    std::string name = ::testing::TempDir() + "k8sentry-runner-XXXXXX";
    folder_ = mkdtemp(name.data());
  }
  ~RunnerSpoolTest() override { std::filesystem::remove_all(folder_); }

  std::unique_ptr<Runner> NewOne(FakeSource& source, Sink& sink,
                                 SinkRouter* router = nullptr) {
    auto made = internal::MakeRunner({.source = source,
                                      .sink = sink,
                                      .router = router,
                                      .queue = queue_,
                                      .spool = {.directory = folder_ + "/spool"}},
                                     std::make_unique<FakePipeline>());
    EXPECT_TRUE(made.ok()) << made.status().message();
    return made.ok() ? *std::move(made) : nullptr;
  }
  void PollAll(Runner& runner) {
    for (int i = 0; i < 10000 && runner.NextDeadline() == SteadyTime::min(); ++i) {
      runner.Poll(0s);
      ASSERT_TRUE(runner.ledger().Balances());
    }
  }

  std::string folder_;
  QueueOptions queue_;
};

TEST_F(RunnerSpoolTest, DrainLeavesToTheNextRunWhatTheSinkDoesNotTake) {
  {
    FakeSource source;
    FakeSink sink;
    source.Give(Numbered(200));
    sink.answer = [](const Telling&, Now) {
      return Outcome{Outcome::Kind::kRetry, SteadyTime::min(), "away"};
    };
    const auto runner = NewOne(source, sink);
    runner->Poll(0s);
    EXPECT_EQ(runner->state().source.unacknowledged.size(), 200u);
    EXPECT_TRUE(runner->Drain(5ms).ok());
    EXPECT_THAT(runner->state().source.unacknowledged, IsEmpty())
        << "what the spool holds is acknowledged";
    EXPECT_EQ(runner->ledger().in_flight, 200u);
    EXPECT_TRUE(runner->ledger().Balances());
  }
  FakeSource source;
  FakeSink sink;
  const auto runner = NewOne(source, sink);
  source.End();
  while (runner->Poll(1s)) {
  }
  EXPECT_EQ(sink.delivered().size(), 200u);
  EXPECT_EQ(runner->ledger().seen, 0u);
  EXPECT_EQ(runner->ledger().delivered, 0u);
  EXPECT_TRUE(runner->ledger().Balances());
}

TEST_F(RunnerSpoolTest, RefusesASpoolThatAnotherRunnerHas) {
  FakeSource source;
  FakeSink sink;
  const auto runner = NewOne(source, sink);
  const auto second = NewRunner(
      {.source = source, .sink = sink, .spool = {.directory = folder_ + "/spool"}});
  EXPECT_EQ(second.status().code(), StatusCode::kConfiguration);
  EXPECT_THAT(second.status().message(), HasSubstr("another process"));
}

// Sends Events of reason "other" to another sink.
class ByReason final : public SinkRouter {
 public:
  ByReason(Sink& main, Sink& other) : main_(main), other_(other) {}
  Sink& Route(const Telling& telling, Now) override {
    return telling.event->reason == "other" ? other_ : main_;
  }
  bool retires(const Sink& sink) const override { return retire && &sink == &other_; }
  void Retired(Sink& sink) override { retired.push_back(&sink); }

  bool retire = false;
  std::vector<Sink*> retired;

 private:
  Sink& main_;
  Sink& other_;
};

class RouterTest : public RunnerSpoolTest {
 protected:
  RouterTest() { other_.named = "other"; }

  FakeSource source_;
  FakeSink main_, other_;
  ByReason router_{main_, other_};
};

TEST_F(RouterTest, SendsEachTellingWhereItBelongs) {
  const auto runner = NewOne(source_, main_, &router_);
  source_.Give(EventsOf("A", 30));
  source_.Give(EventsOf("other", 20));
  PollAll(*runner);
  EXPECT_EQ(main_.delivered().size(), 30u);
  EXPECT_EQ(other_.delivered().size(), 20u);
  EXPECT_EQ(other_.told().size(), 20u);
  EXPECT_EQ(runner->ledger().delivered, 50u);
}

TEST_F(RouterTest, OneThatIsLimitedHoldsUpNoOther) {
  queue_.max_tellings = 10;
  other_.limit = SteadyTime(std::chrono::steady_clock::now()) + 1h;
  const auto runner = NewOne(source_, main_, &router_);
  for (int i = 0; i < 10; ++i) {
    source_.Give(EventsOf("other", 30));
    source_.Give(EventsOf("A", 5));
    PollAll(*runner);
  }
  EXPECT_EQ(main_.delivered().size(), 50u);
  EXPECT_THAT(other_.sent(), IsEmpty());
  EXPECT_THAT(main_.lost(), IsEmpty());
  EXPECT_EQ(runner->ledger().in_flight, 300u);
  EXPECT_TRUE(runner->Drain(1s).ok()) << "its spool has them";
}

TEST_F(RouterTest, StateCoversAllQueues) {
  main_.holds = other_.holds = true;
  const auto runner = NewOne(source_, main_, &router_);
  source_.Give(Numbered(5));
  const OwnedEvent pattern = EventOf("other");
  Event event = pattern.view();
  event.uid = "u";
  event.resource_version = "7";
  source_.Give({OwnedEvent(event)});
  PollAll(*runner);
  EXPECT_EQ(runner->state().source.unacknowledged.size(), 6u);
}

TEST_F(RouterTest, LetsGoOfASinkOnceNothingOfItWaits) {
  const auto runner = NewOne(source_, main_, &router_);
  other_.holds = true;
  source_.Give(EventsOf("other", 3));
  PollAll(*runner);
  router_.retire = true;
  runner->Poll(0s);
  EXPECT_THAT(router_.retired, IsEmpty()) << "it has tellings under way";
  other_.holds = false;
  PollAll(*runner);
  runner->Poll(0s);
  EXPECT_THAT(router_.retired, ::testing::ElementsAre(&other_));
  EXPECT_EQ(runner->ledger().delivered, 3u) << "its counters stay";
  EXPECT_TRUE(runner->ledger().Balances());
  router_.retire = false;
  source_.Give(EventsOf("other", 2));
  PollAll(*runner);
  EXPECT_EQ(other_.delivered().size(), 5u) << "and may come back";
}

}  // namespace
}  // namespace k8sentry
