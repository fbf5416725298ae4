// From bytes to tellings: decode, filter, count, group, deduplicate.
//
// The first half of the stream warms the tables up, untimed; the second half is timed,
// so the figures are those of a process that has run for a while. Beside them:
//   decode_ns          the decoder alone over the same bytes, per event
//   pipeline_ns        what the pipeline adds to it, its tellings included
//   tellings_per_1000  of 1000 events; each costs about as much as ten that are
//   swallowed
// All times are of the processor, so that a busy machine does not count.
#include <benchmark/benchmark.h>

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <vector>

#include "k8sentry/pipeline.h"
#include "k8sentry/watch_decoder.h"

namespace k8sentry {
namespace {

constexpr std::size_t kPieceBytes = 256 << 10;

[[noreturn]] void Fail(const char* why) {
  std::fprintf(stderr, "pipeline_bench: %s\n", why);
  std::exit(1);
}

std::string Generate(const std::string& options) {
  std::FILE* const pipe = popen((K8SENTRY_GENERATOR " " + options).c_str(), "r");
  if (pipe == nullptr) Fail("no generator");
  std::string text;
  std::vector<char> piece(1 << 20);
  while (const std::size_t bytes = std::fread(piece.data(), 1, piece.size(), pipe)) {
    text.append(piece.data(), bytes);
  }
  if (pclose(pipe) != 0 || text.empty()) Fail("the generator failed");
  return text;
}

double CpuSeconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

// A decoder and a pipeline that go through a stream together.
class Run {
 public:
  explicit Run(const PipelineOptions& options) : pipeline_(*NewPipeline(options)) {}

  void Feed(std::string_view text, std::size_t batch = 64) {
    for (std::size_t at = 0; at < text.size(); at += kPieceBytes) {
      decoder_.Feed(text.substr(at, kPieceBytes));
      for (auto events = decoder_.NextEvents(); !events.empty();
           events = decoder_.NextEvents()) {
        for (; events.size() > batch; events = events.subspan(batch)) {
          pipeline_->Process(events.first(batch), {}, tell_);
        }
        pipeline_->Process(events, {}, tell_);
      }
    }
  }

  std::uint64_t events() const { return decoder_.counters().events; }
  std::uint64_t tellings() const { return tellings_; }
  const std::string& ids() const { return ids_; }
  void KeepIds() { keep_ids_ = true; }

  bool Balances() const {
    Ledger ledger = pipeline_->ledger();
    ledger.delivered = frames_;
    return ledger.Balances() && ledger.seen == events();
  }

 private:
  std::unique_ptr<Pipeline> pipeline_;
  WatchDecoder decoder_;
  std::uint64_t tellings_ = 0;
  std::uint64_t frames_ = 0;
  bool keep_ids_ = false;
  std::string ids_;
  Pipeline::TellingFunction tell_ = [this](Telling&& telling) {
    ++tellings_;
    frames_ += static_cast<std::uint64_t>(telling.frames);
    if (keep_ids_) ids_.append(telling.id.begin(), telling.id.end());
  };
};

// Nothing is timed that is not right: the ledger balances, and one event at a time
// gives the same tellings as many.
void Verify(const PipelineOptions& options, std::string_view text) {
  Run one(options), many(options);
  one.KeepIds();
  many.KeepIds();
  one.Feed(text, 1);
  many.Feed(text);
  if (!one.Balances() || !many.Balances()) Fail("the ledger does not balance");
  if (one.ids().empty() || one.ids() != many.ids()) Fail("batches change the tellings");
}

void Measure(benchmark::State& state, const PipelineOptions& options,
             const std::string& generator_options) {
  const std::string stream = Generate(generator_options);
  const std::size_t half = stream.find('\n', stream.size() / 2) + 1;
  const std::string_view first = std::string_view(stream).substr(0, half);
  const std::string_view second = std::string_view(stream).substr(half);
  Verify(options, stream);

  std::uint64_t events = 0, tellings = 0;
  double decode = 0, all = 0;
  for (auto _ : state) {
    Run run(options);
    run.Feed(first);
    const std::uint64_t events_before = run.events(), tellings_before = run.tellings();
    const double begin = CpuSeconds();
    run.Feed(second);
    const double time = CpuSeconds() - begin;
    state.SetIterationTime(time);
    all += time;
    events += run.events() - events_before;
    tellings += run.tellings() - tellings_before;

    WatchDecoder decoder;
    const double decode_begin = CpuSeconds();
    for (std::size_t at = 0; at < second.size(); at += kPieceBytes) {
      decoder.Feed(second.substr(at, kPieceBytes));
      while (!decoder.NextEvents().empty()) {
      }
    }
    decode += CpuSeconds() - decode_begin;
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(events));
  state.SetBytesProcessed(state.iterations() *
                          static_cast<std::int64_t>(second.size()));
  state.counters["decode_ns"] = decode / static_cast<double>(events) * 1e9;
  state.counters["pipeline_ns"] = (all - decode) / static_cast<double>(events) * 1e9;
  state.counters["tellings_per_1000"] =
      static_cast<double>(tellings) / static_cast<double>(events) * 1000;
}

constexpr char kGrowing[] = "--frames 200000 --seed 1";
constexpr char kSteady[] = "--frames 200000 --seed 2 --deleted 0.4 --modified 0.2";

// Warnings only, as by default.
void BM_Default(benchmark::State& state) {
  Measure(state, {.time = TimeSource::kEvents},
          state.range(0) == 0 ? kGrowing : kSteady);
}
BENCHMARK(BM_Default)
    ->ArgName("steady")
    ->Arg(0)
    ->Arg(1)
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);

// All types: every frame is counted and deduplicated.
void BM_AllTypes(benchmark::State& state) {
  PipelineOptions options = {.time = TimeSource::kEvents};
  options.filter.type.include = {"Normal", "Warning"};
  Measure(state, options, state.range(0) == 0 ? kGrowing : kSteady);
}
BENCHMARK(BM_AllTypes)
    ->ArgName("steady")
    ->Arg(0)
    ->Arg(1)
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);

// The default, with a pattern on the message of what it lets through.
void BM_Pattern(benchmark::State& state) {
  PipelineOptions options = {.time = TimeSource::kEvents};
  options.filter.message.exclude = "no such (text|words) in [0-9]+ messages";
  Measure(state, options, kSteady);
}
BENCHMARK(BM_Pattern)->UseManualTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace k8sentry
