// The deduplicator against a model that is too slow and too simple to be wrong.
#include <gtest/gtest.h>

#include <algorithm>
#include <list>
#include <random>

#include "k8sentry/deduplicator.h"
#include "tests/pipeline/test_event.h"

namespace k8sentry {
namespace {

struct Frame {
  int key;
  std::int64_t count, now;
  std::string name;
  std::int64_t first, last;
};

// docs/semantics.md 4 and 16, over a list in the order of openings. Times are seconds.
class Model {
 public:
  struct Options {
    std::int64_t window, max_window, threshold_window;
    std::map<int, std::int64_t> thresholds;
    std::size_t max_keys;
  };
  explicit Model(Options options) : o_(std::move(options)) {}

  void Observe(const Frame& f, std::vector<std::string>& log) {
    Expire(f.now, log);
    auto k = std::find_if(keys_.begin(), keys_.end(),
                          [&](auto& x) { return x.key == f.key; });
    if (k != keys_.end() && k->told && o_.window > 0) {
      k->Add(f);
      log.push_back("swallow");
      return;
    }
    if (k != keys_.end() && k->told) return Tell({.key = f.key}, f, log);
    const auto t = o_.thresholds.find(f.key);
    const std::int64_t n = t == o_.thresholds.end() ? 1 : t->second;
    if (k == keys_.end() && o_.window == 0 && n <= 1)
      return Tell({.key = f.key}, f, log);
    if (k == keys_.end()) {
      if (keys_.size() == o_.max_keys) {
        if (keys_.front().told && keys_.front().count > 0)
          StillFiring(keys_.front(), log);
        keys_.pop_front();
      }
      k = keys_.insert(keys_.end(), Entry{.key = f.key, .start = f.now});
    } else if (f.now - k->start >= o_.threshold_window) {
      keys_.erase(k);
      k = keys_.insert(keys_.end(), Entry{.key = f.key, .start = f.now});
    }
    if (k->count + f.count < n) {
      k->Add(f);
      log.push_back("below");
      return;
    }
    Tell(*k, f, log);
    *k = {.key = f.key, .start = k->start, .told = true};
    if (o_.window == 0) return;
    Open(k, o_.window, f.now);
  }

  void Expire(std::int64_t now, std::vector<std::string>& log) {
    for (;;) {
      auto due = keys_.end();
      for (auto k = keys_.begin(); k != keys_.end(); ++k) {
        if (k->told && o_.window > 0 && k->end <= now &&
            (due == keys_.end() || k->end < due->end)) {
          due = k;
        }
      }
      if (due == keys_.end()) return;
      if (due->count == 0) {
        keys_.erase(due);
        continue;
      }
      StillFiring(*due, log);
      due->count = 0;
      Open(due, std::min(2 * due->length, o_.max_window), now);
    }
  }

  std::size_t size() const { return keys_.size(); }

 private:
  struct Entry {
    int key;
    std::int64_t start = 0;
    bool told = false;
    std::int64_t end = 0, length = 0, count = 0, first = 0, last = 0;
    std::string name = "";

    void Add(const Frame& f) {
      first = count == 0 ? f.first : std::min(first, f.first);
      last = count == 0 ? f.last : std::max(last, f.last);
      count += f.count;
      name = f.name;
    }
  };

  void Open(std::list<Entry>::iterator k, std::int64_t length, std::int64_t now) {
    k->length = length;
    k->end = now + length;
    keys_.splice(keys_.end(), keys_, k);
  }
  static void Tell(Entry entry, const Frame& f, std::vector<std::string>& log) {
    entry.Add(f);
    log.push_back(Line("tell", f.key, entry.count, entry.first, entry.last, ""));
  }
  static void StillFiring(const Entry& e, std::vector<std::string>& log) {
    log.push_back(Line("still", e.key, e.count, e.first, e.last, e.name));
  }

  Options o_;
  std::list<Entry> keys_;  // opened longest ago first

 public:
  static std::string Line(const char* what, int key, std::int64_t count,
                          std::int64_t first, std::int64_t last,
                          const std::string& name) {
    return std::string(what) + " " + std::to_string(key) + " " + std::to_string(count) +
           " " + std::to_string(first) + " " + std::to_string(last) + " " + name;
  }
};

class Recorder final : public StillFiringSink {
 public:
  explicit Recorder(std::vector<std::string>& log) : log_(log) {}
  void OnStillFiring(const StillFiring& s) override {
    log_.push_back(Model::Line("still", std::stoi(std::string(s.key.workload)),
                               s.swallowed, Seconds(s.first_seen), Seconds(s.last_seen),
                               std::string(s.event.name)));
  }
  static std::int64_t Seconds(Time t) {
    return std::chrono::duration_cast<seconds>(t.time_since_epoch()).count();
  }

 private:
  std::vector<std::string>& log_;
};

struct Setting {
  int keys;
  std::size_t max_keys;
  std::int64_t window, max_window, threshold_window;
  bool thresholds;
};

class AgainstTheModel : public testing::TestWithParam<Setting> {};

TEST_P(AgainstTheModel, TellsTheSameOnRandomStreams) {
  const Setting& s = GetParam();
  std::mt19937 random(7);
  const auto below = [&](int n) { return static_cast<int>(random() % n); };
  for (int round = 0; round < 20; ++round) {
    Model::Options model_options = {
        s.window, s.max_window, s.threshold_window, {}, s.max_keys};
    DeduplicatorOptions options = {.window = seconds(s.window),
                                   .max_window = seconds(s.max_window),
                                   .threshold_window = seconds(s.threshold_window),
                                   .max_keys = s.max_keys};
    for (int key = 0; s.thresholds && key < s.keys; key += 2) {
      model_options.thresholds[key] = options.thresholds[std::to_string(key)] =
          1 + key % 5;
    }
    Model model(model_options);
    auto dedup = *NewDeduplicator(options);
    std::int64_t now = 1000;
    for (int i = 0; i < 2000; ++i) {
      std::vector<std::string> expected, actual;
      Recorder recorder(actual);
      if (below(3) == 0) now += below(40);
      if (below(10) == 0) {
        model.Expire(now, expected);
        dedup->Expire(SteadyTime(seconds(now)), recorder);
      }
      // Few keys come often and many seldom.
      const int key = std::min(below(s.keys), below(s.keys));
      const Frame f = {key,         1 + below(3), now, "e" + std::to_string(i),
                       below(1000), below(1000)};
      model.Observe(f, expected);

      const std::string text = std::to_string(key);
      Event event = PodEvent("u", "1");
      event.reason = text;
      event.name = f.name;
      event.first_timestamp = Time(seconds(f.first));
      event.last_timestamp = Time(seconds(f.last));
      Sighting sighting = {
          .event = &event, .count = f.count, .now = SteadyTime(seconds(now))};
      sighting.key.workload = text;
      sighting.key.hash = static_cast<std::uint64_t>(key / 3) << 32;  // with collisions
      DedupDecision decision;
      dedup->Observe({&sighting, 1}, recorder, {&decision, 1});
      switch (decision.verdict) {
        case DedupVerdict::kSwallow:
          actual.push_back("swallow");
          break;
        case DedupVerdict::kBelowThreshold:
          actual.push_back("below");
          break;
        case DedupVerdict::kTell:
          actual.push_back(Model::Line("tell", key, decision.sightings,
                                       Recorder::Seconds(decision.first_seen),
                                       Recorder::Seconds(decision.last_seen), ""));
      }
      // With an eviction by a frame that does not tell, the order of both is the same.
      ASSERT_EQ(actual, expected) << "round " << round << ", frame " << i;
      ASSERT_EQ(dedup->size(), model.size());
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Settings, AgainstTheModel,
                         testing::Values(Setting{10, 1000, 50, 400, 100, false},
                                         Setting{10, 1000, 50, 400, 100, true},
                                         Setting{40, 7, 50, 400, 100, false},
                                         Setting{40, 7, 50, 400, 100, true},
                                         Setting{40, 1, 50, 400, 100, true},
                                         Setting{300, 100, 10, 10, 30, true},
                                         Setting{30, 9, 100, 30, 50, true},
                                         Setting{30, 9, 0, 400, 50, true}));

}  // namespace
}  // namespace k8sentry
