// The pipeline over what real clusters sent.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <map>
#include <set>

#include "k8sentry/watch_decoder.h"
#include "pipeline/key_builder.h"
#include "tests/pipeline/test_event.h"

namespace k8sentry {
namespace {

// Every watch and list of events in the recordings.
const char* kRecordings[] = {
    "kubernetes-1.20/events.watch.ndjson",
    "kubernetes-1.20/events.k8s.io.watch.ndjson",
    "kubernetes-1.20/lists/events.json",
    "kubernetes-1.37/events.watch.ndjson",
    "kubernetes-1.37/events.k8s.io.watch.ndjson",
    "kubernetes-1.37/lists/events.json",
    "kubernetes-1.37/events.watchlist.ndjson",
};

std::string Read(const std::string& name) {
  std::ifstream file(std::string(K8SENTRY_RECORDINGS) + "/" + name, std::ios::binary);
  EXPECT_TRUE(file) << name;
  return {std::istreambuf_iterator<char>(file), {}};
}

// Calls `visit` with every event of the recording.
template <typename Visit>
void ForEachEvent(const std::string& name, Visit visit) {
  WatchDecoder decoder;
  decoder.Feed(Read(name));
  decoder.End(StreamEnd::kFile);
  std::size_t n = 0;
  for (auto events = decoder.NextEvents(); !events.empty();
       events = decoder.NextEvents()) {
    for (const Event& event : events) visit(event);
    n += events.size();
  }
  EXPECT_GT(n, 0u) << name;
  EXPECT_EQ(decoder.counters().malformed, 0u) << name;
}

// The classes that each (workload, container, reason) of the reported events has.
std::map<std::string, std::set<std::string>> Classes(const std::string& name) {
  std::map<std::string, std::set<std::string>> classes;
  const auto filter = *NewFilter({});
  internal::KeyBuilder builder("");
  ForEachEvent(name, [&](const Event& event) {
    if (!filter->Admit(event, NowAt())) return;
    internal::KeyBuffer buffer;
    const Key key = ToKey(builder.Build(event, buffer));
    classes[key.namespace_ + "/" + key.workload + "/" + key.container + "/" +
            key.reason]
        .insert(key.message_class);
  });
  return classes;
}

class Recording : public testing::TestWithParam<const char*> {};

TEST_P(Recording, HasFewKeysForEachTrouble) {
  for (const auto& [trouble, classes] : Classes(GetParam())) {
    EXPECT_LE(classes.size(), 3u) << trouble << testing::PrintToString(classes);
    if (trouble.ends_with("/FailedCreate") || trouble.ends_with("/FailedScheduling")) {
      EXPECT_EQ(classes.size(), 1u) << trouble << testing::PrintToString(classes);
    }
  }
}

TEST_P(Recording, HasNoClassWithTheNameOfAPod) {
  std::set<std::string> pods;
  ForEachEvent(GetParam(), [&](const Event& event) {
    if (event.involved_object.kind == "Pod" &&
        WorkloadOf(event.involved_object).name != event.involved_object.name) {
      pods.emplace(event.involved_object.name);
    }
  });
  for (const auto& [trouble, classes] : Classes(GetParam())) {
    for (const std::string& message_class : classes) {
      for (const std::string& pod : pods) {
        EXPECT_THAT(message_class, testing::Not(testing::HasSubstr(pod))) << trouble;
      }
    }
  }
}

// What a replay tells is the same whatever pieces its bytes come in; every frame is in
// the ledger once, and every sighting in one telling or open window.
TEST_P(Recording, GivesTheSameTellingsInAnyBatches) {
  const std::string bytes = Read(GetParam());
  std::vector<std::string> told_first;
  for (const std::size_t piece :
       {bytes.size(), std::size_t{64 * 1024}, std::size_t{777}}) {
    auto pipeline = *NewPipeline({.time = TimeSource::kEvents});
    WatchDecoder decoder;
    std::vector<std::string> told;
    std::set<std::string> ids;
    std::uint64_t frames = 0;
    const auto tell = [&](Telling&& t) {
      told.push_back(HexId(t.id) + " " + std::string(TellingKindName(t.kind)) + " " +
                     t.key.workload + " " + t.key.reason + " " + t.key.message_class +
                     " " + std::to_string(t.sightings) + " " +
                     std::to_string(t.swallowed) + " " + FormatTime(t.first_seen) +
                     " " + FormatTime(t.last_seen));
      EXPECT_TRUE(ids.insert(HexId(t.id)).second) << told.back();
      frames += t.frames;
    };
    const auto drain = [&] {
      for (auto e = decoder.NextEvents(); !e.empty(); e = decoder.NextEvents()) {
        pipeline->Process(e, {}, tell);
      }
    };
    for (std::size_t i = 0; i < bytes.size(); i += piece) {
      decoder.Feed(std::string_view(bytes).substr(i, piece));
      drain();
    }
    decoder.End(StreamEnd::kFile);
    drain();
    pipeline->ForEachOpen([&](const Telling& t) {
      told.push_back("open " + HexId(t.id) + " " + std::to_string(t.swallowed));
    });
    Ledger ledger = pipeline->ledger();
    EXPECT_EQ(ledger.seen, decoder.counters().events);
    ledger.delivered = frames;
    EXPECT_TRUE(ledger.Balances());
    EXPECT_FALSE(told.empty());
    if (told_first.empty()) told_first = told;
    EXPECT_EQ(told, told_first) << piece;
  }
}

// The same objects in the older and the newer API are the same trouble.
TEST(Recordings, HaveTheSameKeysInBothApis) {
  EXPECT_EQ(Classes("kubernetes-1.20/events.watch.ndjson"),
            Classes("kubernetes-1.20/events.k8s.io.watch.ndjson"));
  EXPECT_EQ(Classes("kubernetes-1.37/events.watch.ndjson"),
            Classes("kubernetes-1.37/events.k8s.io.watch.ndjson"));
}

INSTANTIATE_TEST_SUITE_P(All, Recording, testing::ValuesIn(kRecordings),
                         [](const auto& recording) {
                           std::string name = recording.param;
                           for (char& c : name) c = isalnum(c) ? c : '_';
                           return name;
                         });

}  // namespace
}  // namespace k8sentry
