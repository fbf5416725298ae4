// From bytes to verdict nothing is allocated once the tables have their size.
//
// What is measured is WatchDecoder and internal::PipelineCore, which is all of the
// Pipeline but the making of a Telling: that owns its text, so it allocates, and it is
// made only after the verdict. The core shows the same tellings as views.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <string>

#include "k8sentry/watch_decoder.h"
#include "pipeline/pipeline_core.h"
#include "tests/alloc/counting_malloc.h"

namespace k8sentry {
namespace {

using internal::PipelineCore;
using k8sentry::testing::StartCounting;
using k8sentry::testing::StopCounting;

TEST(CountingMalloc, SeesEveryWayToAllocate) {
  const auto count = [](auto allocate) {
    StartCounting();
    allocate();
    return StopCounting();
  };
  void* volatile memory = nullptr;
  EXPECT_EQ(count([] {}), 0u);
  EXPECT_EQ(count([&] { memory = std::malloc(10); }), 1u);
  EXPECT_EQ(count([&] { memory = std::realloc(memory, 1000); }), 1u);
  std::free(memory);
  EXPECT_EQ(count([&] { memory = std::calloc(10, 10); }), 1u);
  std::free(memory);
  EXPECT_EQ(count([&] { memory = std::aligned_alloc(64, 64); }), 1u);
  std::free(memory);
  EXPECT_EQ(count([&] {
              void* place = nullptr;
              ASSERT_EQ(posix_memalign(&place, 64, 64), 0);
              memory = place;
            }),
            1u);
  std::free(memory);
  EXPECT_EQ(count([&] { memory = ::operator new(10); }), 1u);
  ::operator delete(memory);
  EXPECT_EQ(count([&] { memory = ::operator new(64, std::align_val_t(64)); }), 1u);
  ::operator delete(memory, std::align_val_t(64));
  std::unique_ptr<std::string> text;
  EXPECT_EQ(count([&] { text = std::make_unique<std::string>(100, 'x'); }), 2u);
}

// Looks at every telling, but keeps none.
class Looker final : public internal::TellingVisitor {
 public:
  void OnTelling(const internal::TellingView& telling) override {
    (telling.kind == TellingKind::kStillFiring ? still_firing : told) += 1;
    escaped += telling.event.message.find('"') != std::string_view::npos;
  }
  std::size_t told = 0, still_firing = 0, escaped = 0;
};

// A generated watch stream, out of a pipe.
class GeneratedStream {
 public:
  explicit GeneratedStream(const std::string& options)
      : pipe_(popen((K8SENTRY_GENERATOR " " + options).c_str(), "r")) {}
  ~GeneratedStream() { pclose(pipe_); }

  std::string_view Read() {
    const ssize_t n = read(fileno(pipe_), buffer_, sizeof buffer_);
    return {buffer_, n > 0 ? static_cast<std::size_t>(n) : 0};
  }

 private:
  FILE* pipe_;
  char buffer_[64 * 1024];
};

// Few workloads, so that all tables but those of uids and keys find their size; these
// two are full all the time. New uids, rising counts, DELETED and escaped messages come
// from the generator.
constexpr char kStream[] =
    "--frames 310000 --seed 11 --deleted 0.2 --modified 0.3 --namespaces 2 "
    "--workloads 10 --nodes 20 --series 3000 --bookmark-every 1000";
constexpr std::uint64_t kWarmUp = 200000, kMeasured = 100000;

struct Outcome {
  std::size_t allocations = 0;
  Ledger before, after;
  Looker looker;
};

std::uint64_t FramesOf(const DecoderCounters& c) {
  return c.events + c.deleted + c.bookmarks + c.malformed + c.errors;
}

Outcome Measure(const PipelineOptions& options) {
  Outcome outcome;
  GeneratedStream stream(kStream);
  WatchDecoder decoder;
  auto core = *PipelineCore::New(options);
  Now now = {SteadyTime(std::chrono::hours(1)), Time(std::chrono::seconds(1767225600))};
  bool counting = false;
  for (std::string_view bytes = stream.Read(); !bytes.empty(); bytes = stream.Read()) {
    const std::uint64_t frames = FramesOf(decoder.counters());
    if (!counting && frames >= kWarmUp) {
      outcome.before = core->ledger();
      outcome.looker = {};
      counting = true;
      StartCounting();
    }
    if (frames >= kWarmUp + kMeasured) break;
    decoder.Feed(bytes);
    for (auto events = decoder.NextEvents(); !events.empty();
         events = decoder.NextEvents()) {
      core->Process(events, now, outcome.looker);
    }
    // A second for each piece, so that windows end and open all the time.
    now.steady += std::chrono::seconds(1);
    now.wall += std::chrono::seconds(1);
    core->Expire(now, outcome.looker);
  }
  outcome.allocations = StopCounting();
  outcome.after = core->ledger();
  EXPECT_EQ(decoder.counters().malformed, 0u);
  EXPECT_GE(FramesOf(decoder.counters()), kWarmUp + kMeasured);
  EXPECT_GT(decoder.counters().deleted, 10000u);
  return outcome;
}

TEST(Allocations, AreNoneFromBytesToVerdict) {
  PipelineOptions options;
  options.filter.message.exclude = "no such [a-z]+ (text|words) at all$";
  options.deduplicator.max_keys = 50;
  options.deduplicator.thresholds = {{"Unhealthy", 3}};
  options.max_uids = 5000;
  const Outcome outcome = Measure(options);
  EXPECT_EQ(outcome.allocations, 0u);
  // All of it happened meanwhile.
  EXPECT_GT(outcome.looker.told, 100u);
  EXPECT_GT(outcome.looker.still_firing, 100u);
  EXPECT_GT(outcome.looker.escaped, 10u);
  EXPECT_GT(outcome.after.filtered - outcome.before.filtered, 1000u);
  EXPECT_GT(outcome.after.below_threshold - outcome.before.below_threshold, 10u);
  EXPECT_GT(outcome.after.swallowed - outcome.before.swallowed, 1000u);
}

TEST(Allocations, AreNoneWhenEventsDoNotFitAndInAReplay) {
  PipelineOptions options;
  options.filter.type.include = {"Normal", "Warning"};
  options.filter.label.exclude = {"no=such"};
  options.deduplicator.max_event_bytes = 20000;
  options.time = TimeSource::kEvents;
  options.max_uids = 5000;
  const Outcome outcome = Measure(options);
  EXPECT_EQ(outcome.allocations, 0u);
  EXPECT_GT(outcome.looker.still_firing, 1000u);
  EXPECT_EQ(outcome.after.filtered, 0u);
}

}  // namespace
}  // namespace k8sentry
