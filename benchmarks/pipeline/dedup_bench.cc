// The deduplicator by itself: repeats of known keys, new keys, and a full table.
#include <benchmark/benchmark.h>

#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "k8sentry/deduplicator.h"

namespace k8sentry {
namespace {

constexpr std::size_t kBatch = 64;

class CountingSink final : public StillFiringSink {
 public:
  void OnStillFiring(const StillFiring& still) override {
    ++tellings;
    swallowed += still.swallowed;
  }
  std::int64_t tellings = 0;
  std::int64_t swallowed = 0;
};

// Sightings of `keys` keys in random order, `rounds` of each.
class Stream {
 public:
  Stream(std::size_t keys, std::size_t length) : names_(length) {
    event_.reason = "BackOff";
    event_.message = message_;
    event_.type = "Warning";
    event_.involved_object.kind = "Pod";
    event_.involved_object.name = "checkout-7fcc74b976-bwxc2";
    event_.uid = "a4f7b0de-1b2c-3d4e-5f60-718293a4b5c6";
    std::mt19937_64 random(1);
    for (std::size_t i = 0; i < length; ++i) Add(i < keys ? i : random() % keys, i);
  }

  std::span<const Sighting> sightings() const { return sightings_; }

 private:
  void Add(std::size_t key, std::size_t at) {
    // Each has its own text, as in a stream.
    names_[at] = "workload-" + std::to_string(key);
    Sighting sighting = {.event = &event_};
    sighting.key = {.namespace_ = "shop",
                    .workload = names_[at],
                    .container = "app",
                    .reason = "BackOff",
                    .message_class = "container",
                    .hash = (key + 1) * 0x9E3779B97F4A7C15u};
    sightings_.push_back(sighting);
  }

  std::string message_ = std::string(200, 'm');
  Event event_;
  std::vector<std::string> names_;
  std::vector<Sighting> sightings_;
};

std::int64_t Feed(Deduplicator& dedup, std::span<const Sighting> sightings,
                  CountingSink& sink) {
  DedupDecision decisions[kBatch];
  std::int64_t told = 0;
  while (!sightings.empty()) {
    const std::size_t n = std::min(kBatch, sightings.size());
    dedup.Observe(sightings.first(n), sink, {decisions, n});
    for (std::size_t i = 0; i < n; ++i)
      told += decisions[i].verdict == DedupVerdict::kTell;
    sightings = sightings.subspan(n);
  }
  return told;
}

void Require(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "wrong result: %s\n", what);
  std::abort();
}

DeduplicatorOptions Roomy() {
  return {.max_keys = 1 << 24, .max_event_bytes = std::size_t{1} << 36};
}

// Repeats of keys that were told: one look-up, and a copy of the event.
void BM_Swallow(benchmark::State& state) {
  const auto keys = static_cast<std::size_t>(state.range(0));
  const Stream stream(keys, keys + 1000000);
  auto dedup = *NewDeduplicator(Roomy());
  CountingSink sink;
  Require(Feed(*dedup, stream.sightings().first(keys), sink) ==
              static_cast<std::int64_t>(keys),
          "each key is told once");
  const auto repeats = stream.sightings().subspan(keys);
  Require(Feed(*dedup, repeats, sink) == 0 && sink.tellings == 0,
          "repeats are swallowed");
  for (auto _ : state) Feed(*dedup, repeats, sink);
  state.SetItemsProcessed(state.iterations() *
                          static_cast<std::int64_t>(repeats.size()));
}
BENCHMARK(BM_Swallow)
    ->Arg(1000)
    ->Arg(10000)
    ->Arg(100000)
    ->Arg(1000000)
    ->Unit(benchmark::kMillisecond);

// New keys into a full table: each evicts the oldest.
void BM_Evict(benchmark::State& state) {
  const auto keys = static_cast<std::size_t>(state.range(0));
  const Stream stream(keys * 2, keys * 2);
  DeduplicatorOptions options;
  options.max_keys = keys;
  auto dedup = *NewDeduplicator(options);
  CountingSink sink;
  Require(Feed(*dedup, stream.sightings(), sink) == static_cast<std::int64_t>(keys * 2),
          "every key is new again");
  Require(dedup->size() == keys, "the table is full");
  for (auto _ : state) Feed(*dedup, stream.sightings(), sink);
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(keys * 2));
}
BENCHMARK(BM_Evict)->Arg(1000)->Arg(32768)->Unit(benchmark::kMillisecond);

// Windows that close and open again.
void BM_StillFiring(benchmark::State& state) {
  const std::size_t keys = 10000;
  const Stream stream(keys, keys);
  auto dedup = *NewDeduplicator({});
  CountingSink sink;
  Feed(*dedup, stream.sightings(), sink);
  SteadyTime now{};
  std::vector<Sighting> repeats(stream.sightings().begin(), stream.sightings().end());
  std::int64_t rounds = 0;
  for (auto _ : state) {
    for (Sighting& sighting : repeats) sighting.now = now;
    Feed(*dedup, repeats, sink);
    now += std::chrono::hours(1);
    dedup->Expire(now, sink);
    ++rounds;
  }
  Require(sink.tellings == rounds * static_cast<std::int64_t>(keys) &&
              sink.swallowed == sink.tellings,
          "each window tells what it swallowed");
  state.SetItemsProcessed(rounds * static_cast<std::int64_t>(keys));
}
BENCHMARK(BM_StillFiring)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace k8sentry
