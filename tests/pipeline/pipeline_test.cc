#include "k8sentry/pipeline.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <set>

#include "base/sha256.h"
#include "tests/pipeline/test_event.h"

namespace k8sentry {
namespace {

using namespace std::string_view_literals;
using testing::IsEmpty;
using testing::SizeIs;

std::string IdOf(std::string_view text) {
  internal::Sha256 sha256;
  sha256.Update(text);
  const internal::Sha256Digest digest = sha256.Finish();
  TellingId id;
  std::copy_n(digest.begin(), id.size(), id.begin());
  id[6] = (id[6] & 0x0F) | 0x40;
  id[8] = (id[8] & 0x3F) | 0x80;
  return HexId(id);
}

Event Later(std::string_view version, std::chrono::microseconds offset, int count) {
  Event event = PodEvent("uid-1", version);
  event.frame_type = FrameType::kModified;
  event.last_timestamp = At(offset);
  event.count = count;
  return event;
}

const PipelineOptions kReplay = {.time = TimeSource::kEvents};

TEST(Pipeline, TellsAnEventOnceAndThenHowOftenItCame) {
  TestPipeline pipeline(kReplay);
  const auto first = pipeline.Process(PodEvent("uid-1", "1"));
  ASSERT_THAT(first, SizeIs(1));
  EXPECT_EQ(first[0].kind, TellingKind::kFirst);
  EXPECT_EQ(first[0].key.workload, "api");
  EXPECT_EQ(first[0].workload_kind, "Deployment");
  EXPECT_EQ(first[0].sightings, 1);
  EXPECT_EQ(first[0].swallowed, 0);
  EXPECT_EQ(first[0].frames, 1);
  EXPECT_EQ(first[0].first_seen, At());
  EXPECT_EQ(first[0].event->uid, "uid-1");
  EXPECT_THAT(pipeline.Process(Later("2", minutes(1), 8)), IsEmpty());
  const auto still = pipeline.Process(Later("3", minutes(5), 9));
  ASSERT_THAT(still, SizeIs(1));
  EXPECT_EQ(still[0].kind, TellingKind::kStillFiring);
  EXPECT_EQ(still[0].sightings, 0);
  EXPECT_EQ(still[0].swallowed, 7);
  EXPECT_EQ(still[0].frames, 0);
  EXPECT_EQ(still[0].event->resource_version, "2");
  EXPECT_EQ(still[0].workload_kind, "Deployment");
  EXPECT_EQ(still[0].key, first[0].key);
  EXPECT_EQ(still[0].last_seen, At(minutes(1)));
}

TEST(Pipeline, ShowsEachEventThatSaysSomethingNew) {
  PipelineOptions options = kReplay;
  options.filter.reason.exclude = {"Unwanted"};
  auto pipeline = *NewPipeline(options);
  std::vector<std::string> shown;
  pipeline->SetAdmitted(
      [&](const Event& event) { shown.emplace_back(event.resource_version); });
  Event unwanted = PodEvent("uid-2", "5");
  unwanted.reason = "Unwanted";
  const std::vector<Event> events = {PodEvent("uid-1", "1"), Later("2", minutes(1), 8),
                                     Later("2", minutes(1), 8), unwanted};
  std::size_t shown_before_told = 0;
  pipeline->Process(events, {}, [&](Telling&&) { shown_before_told = shown.size(); });
  EXPECT_THAT(shown, testing::ElementsAre("1", "2"))
      << "told or swallowed, but neither stale nor filtered";
  EXPECT_EQ(shown_before_told, 1u);
}

TEST(Pipeline, NamesTheOwnerInTellingsOfBothKinds) {
  TestPipeline pipeline(kReplay);
  Event event = PodEvent("uid-1", "1");
  event.owner = {"Rollout", "api"};
  const auto first = pipeline.Process(event);
  ASSERT_THAT(first, SizeIs(1));
  EXPECT_EQ(first[0].workload_kind, "Rollout");
  EXPECT_EQ(first[0].key.workload, "api");
  Event later = Later("2", minutes(1), 8);
  later.owner = {"Rollout", "api"};
  EXPECT_THAT(pipeline.Process(later), IsEmpty());
  const auto still = pipeline.Process(Later("3", minutes(6), 9));
  ASSERT_THAT(still, SizeIs(1));
  EXPECT_EQ(still[0].workload_kind, "Rollout");
  EXPECT_EQ(still[0].key, first[0].key);
}

TEST(Pipeline, GroupsTheSameWhenALookUpComesLateOrFails) {
  TestPipeline pipeline(kReplay);
  EXPECT_THAT(pipeline.Process(PodEvent("uid-1", "1")), SizeIs(1));
  Event known = Later("2", minutes(1), 2);
  known.owner = {"Deployment", "api"};
  EXPECT_THAT(pipeline.Process(known), IsEmpty());
  EXPECT_THAT(pipeline.Process(Later("3", minutes(2), 3)), IsEmpty());
}

TEST(Pipeline, MakesIdsOfKindUidAndVersion) {
  TestPipeline pipeline(kReplay);
  const auto first = pipeline.Process(PodEvent("uid-1", "1"));
  EXPECT_EQ(HexId(first[0].id), IdOf("k8sentry/1\0sighting\0uid-1\0"
                                     "1"sv));
  pipeline.Process(Later("2", minutes(1), 8));
  const auto still = pipeline.Process(Later("3", minutes(5), 9));
  EXPECT_EQ(HexId(still[0].id), IdOf("k8sentry/1\0still-firing\0uid-1\0"
                                     "2"sv));
}

TEST(Pipeline, MakesIdsThatAreUuidsOfVersion4) {
  // By hand: printf 'k8sentry/1\0sighting\0u\0' | sha256sum
  Event event = PodEvent("u", "");
  TestPipeline pipeline(kReplay);
  const auto told = pipeline.Process(event);
  const std::string id = HexId(told[0].id);
  ASSERT_EQ(id.size(), 32u);
  EXPECT_EQ(id[12], '4');
  EXPECT_THAT(std::string("89ab"), testing::HasSubstr(id.substr(16, 1)));
  EXPECT_EQ(id, "c937ddc3a8814a8b906b93a7af920c6e");
}

TEST(Pipeline, MakesTheIdOfAnObjectWithoutUidOfItsBytes) {
  TestPipeline pipeline(kReplay);
  Event event = PodEvent("", "1");
  event.raw_object = "{\"a\":1}";
  EXPECT_EQ(HexId(pipeline.Process(event)[0].id),
            IdOf("k8sentry/1\0sighting\0{\"a\":1}"sv));
  std::string bytes = "{\"a\":2}";
  event.raw_object = bytes;
  pipeline.Process(event);
  bytes = "gone";
  event.raw_object = "{}";
  const std::string expected = IdOf("k8sentry/1\0still-firing\0{\"a\":2}"sv);
  EXPECT_EQ(HexId(pipeline.Open()[0].id), expected);
  event.last_timestamp = At(minutes(5));
  EXPECT_EQ(HexId(pipeline.Process(event)[0].id), expected);
}

TEST(Pipeline, MakesThatIdAlsoForAnEventTooLargeToKeep) {
  PipelineOptions options = kReplay;
  options.deduplicator.max_event_bytes = 1;
  TestPipeline pipeline(options);
  Event event = PodEvent("", "1");
  pipeline.Process(event);
  event.raw_object = "{\"a\":2}";
  EXPECT_EQ(HexId(pipeline.Process(event)[0].id),
            IdOf("k8sentry/1\0still-firing\0{\"a\":2}"sv));
}

TEST(Pipeline, GivesTheSameIdsInEveryRun) {
  TestPipeline one(kReplay), other(kReplay);
  EXPECT_EQ(one.Process(PodEvent("u", "1"))[0].id,
            other.Process(PodEvent("u", "1"))[0].id);
  EXPECT_NE(one.Process(PodEvent("v", "1")).size(), 1u);
}

TEST(Pipeline, TellsEachFrameWithoutWindows) {
  PipelineOptions options = kReplay;
  options.deduplicator.window = Duration(0);
  TestPipeline pipeline(options);
  EXPECT_EQ(pipeline.Process(PodEvent("uid-1", "1"))[0].kind, TellingKind::kEach);
  const auto told = pipeline.Process(Later("2", minutes(1), 8));
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_EQ(told[0].kind, TellingKind::kEach);
  EXPECT_EQ(told[0].sightings, 7);
  EXPECT_EQ(HexId(told[0].id), IdOf("k8sentry/1\0sighting\0uid-1\0"
                                    "2"sv));
}

TEST(Pipeline, CountsEachFrameOnce) {
  PipelineOptions options = kReplay;
  options.deduplicator.thresholds = {{"Slow", 2}};
  TestPipeline pipeline(options);
  Event normal = PodEvent("n", "1");
  normal.type = "Normal";
  normal.reason = "Killing";
  Event slow = PodEvent("s", "1");
  slow.reason = "Slow";
  pipeline.Process(PodEvent("uid-1", "1"));
  pipeline.Process(PodEvent("uid-1", "1"));
  pipeline.Process(normal);
  pipeline.Process(slow);
  pipeline.Process(Later("2", seconds(1), 8));
  EXPECT_EQ(pipeline.ledger().seen, 5u);
  EXPECT_EQ(pipeline.ledger().stale, 1u);
  EXPECT_EQ(pipeline.ledger().filtered, 1u);
  EXPECT_EQ(pipeline.ledger().routed, 3u);
  EXPECT_EQ(pipeline.ledger().below_threshold, 1u);
  EXPECT_EQ(pipeline.ledger().swallowed, 1u);
  EXPECT_EQ(pipeline.ledger().summaries, 0u);
  pipeline.Process(Later("3", minutes(5), 8));
  EXPECT_EQ(pipeline.ledger().summaries, 1u);
}

TEST(Pipeline, DoesNotRememberWhatFiltersRefuse) {
  TestPipeline pipeline(kReplay);
  Event event = Later("1", seconds(0), 5);
  event.type = "Normal";
  event.reason = "Killing";
  pipeline.Process(event);
  event.type = "Warning";
  event.resource_version = "2";
  event.count = 9;
  EXPECT_EQ(pipeline.Process(event)[0].sightings, 1);  // unknown, and MODIFIED
}

TEST(Pipeline, EndsWhatTheSourceKnowsToBeStaleInStaleButRemembersIt) {
  TestPipeline pipeline(kReplay);
  Event event = PodEvent("uid-1", "1");
  event.count = 5;
  event.stale = true;
  EXPECT_THAT(pipeline.Process(event), IsEmpty());
  EXPECT_EQ(pipeline.ledger().stale, 1u);
  EXPECT_EQ(pipeline.Process(Later("2", seconds(1), 7))[0].sightings, 2);
  event.type = "Normal";
  event.reason = "Killing";
  pipeline.Process(event);
  EXPECT_EQ(pipeline.ledger().filtered, 1u);  // filters come first
}

TEST(Pipeline, MovesAReplaysTimeWithEveryEventFilteredOnesToo) {
  TestPipeline pipeline(kReplay);
  pipeline.Process(PodEvent("uid-1", "1"));
  pipeline.Process(Later("2", minutes(1), 2));
  Event normal = PodEvent("n", "1");
  normal.type = "Normal";
  normal.reason = "Killing";
  normal.last_timestamp = At(minutes(5));
  EXPECT_THAT(pipeline.Process(normal), SizeIs(1));  // the window closes here
  EXPECT_EQ(pipeline.ledger().filtered, 1u);
}

TEST(Pipeline, TellsNothingMoreAtTheEndOfAReplay) {
  TestPipeline pipeline(kReplay);
  pipeline.Process(PodEvent("uid-1", "1"));
  pipeline.Process(Later("2", minutes(1), 4));
  EXPECT_THAT(pipeline.Expire(NowAt(hours(99))), IsEmpty());
  EXPECT_EQ(pipeline->NextDeadline(), SteadyTime::max());
  const auto open = pipeline.Open();
  ASSERT_THAT(open, SizeIs(1));
  EXPECT_EQ(open[0].swallowed, 3);
  EXPECT_EQ(open[0].kind, TellingKind::kStillFiring);
  EXPECT_EQ(pipeline.ledger().swallowed, 1u);
  EXPECT_EQ(pipeline.ledger().summaries, 0u);
}

TEST(Pipeline, UsesTheCallersTimeWhenLive) {
  TestPipeline pipeline({});
  pipeline.Process(PodEvent("uid-1", "1"), NowAt());
  EXPECT_EQ(pipeline->NextDeadline(), NowAt(minutes(5)).steady);
  EXPECT_THAT(pipeline.Process(Later("2", hours(9), 4), NowAt(minutes(1))), IsEmpty());
  EXPECT_THAT(pipeline.Expire(NowAt(minutes(5))), SizeIs(1));
  EXPECT_EQ(pipeline.ledger().summaries, 1u);
  EXPECT_THAT(pipeline.Close(), IsEmpty());
}

TEST(Pipeline, CountsAnOldEventOfALiveListOnce) {
  TestPipeline pipeline({});
  Event event = PodEvent("uid-1", "1");
  event.count = 50;
  EXPECT_EQ(pipeline.Process(event, NowAt(minutes(16)))[0].sightings, 1);
  TestPipeline replay(kReplay);
  EXPECT_EQ(replay.Process(event)[0].sightings, 50);
}

TEST(Pipeline, TellsWhatWindowsSwallowedWhenItCloses) {
  TestPipeline pipeline({});
  pipeline.Process(PodEvent("uid-1", "1"), NowAt());
  pipeline.Process(Later("2", seconds(1), 4), NowAt());
  const auto told = pipeline.Close();
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_EQ(told[0].swallowed, 3);
  EXPECT_EQ(pipeline.ledger().summaries, 1u);
}

TEST(Pipeline, PutsTheClustersNameIntoKeys) {
  PipelineOptions options = kReplay;
  options.cluster_name = "prod{1}";
  TestPipeline pipeline(options);
  EXPECT_EQ(pipeline.Process(PodEvent("u", "1"))[0].key.cluster, "prod(1)");
}

TEST(Pipeline, TellsInTheOrderOfEvents) {
  auto pipeline = *NewPipeline(kReplay);
  std::vector<Event> events(200);
  std::vector<std::string> names(events.size());
  for (std::size_t i = 0; i < events.size(); ++i) {
    names[i] = "pod" + std::string(1 + i, 'x');
    events[i] = PodEvent(names[i], "1");
    events[i].involved_object.name = names[i];
    events[i].last_timestamp = At(seconds(i * 20));
  }
  std::vector<std::string> told;
  pipeline->Process(events, {}, [&](Telling&& t) { told.emplace_back(t.event->uid); });
  EXPECT_EQ(told, names);
}

TEST(Pipeline, RefusesOptionsThatMakeNoSense) {
  PipelineOptions options;
  options.max_uids = 0;
  EXPECT_EQ(NewPipeline(options).status().code(), StatusCode::kInvalidArgument);
  options = {};
  options.filter.message.include = "(";
  EXPECT_EQ(NewPipeline(options).status().code(), StatusCode::kInvalidArgument);
  options = {};
  options.deduplicator.max_keys = 0;
  EXPECT_EQ(NewPipeline(options).status().code(), StatusCode::kInvalidArgument);
  options = {};
  options.lookback = -seconds(1);
  EXPECT_EQ(NewPipeline(options).status().code(), StatusCode::kInvalidArgument);
}

TEST(TellingKindName, IsThePagesWord) {
  EXPECT_EQ(TellingKindName(TellingKind::kFirst), "first");
  EXPECT_EQ(TellingKindName(TellingKind::kStillFiring), "still-firing");
  EXPECT_EQ(TellingKindName(TellingKind::kEach), "each");
}

// Every frame ends in one counter, and every sighting in one telling or open window.
TEST(Pipeline, BalancesOnRandomStreams) {
  std::mt19937 random(3);
  const char* kReasons[] = {"BackOff", "Slow", "Killing", "Failed"};
  for (int round = 0; round < 30; ++round) {
    PipelineOptions options = kReplay;
    options.deduplicator.thresholds = {{"Slow", 3}};
    options.deduplicator.max_keys = 1 + random() % 20;
    options.deduplicator.max_event_bytes = 1 + random() % 5000;
    options.deduplicator.window = seconds(round % 3 == 0 ? 0 : 30);
    options.max_uids = 1 + random() % 60;
    TestPipeline pipeline(options);
    std::uint64_t told_frames = 0, summaries = 0;
    for (int i = 0; i < 3000; ++i) {
      const std::string uid = random() % 20 ? "u" + std::to_string(random() % 50) : "";
      const std::string version = std::to_string(random() % 1000);
      const std::string name =
          "w" + std::to_string(random() % 20) + "-7fcc74b976-bwxc2";
      Event event = Later(version, seconds(i / 4 + random() % 9), 1 + random() % 20);
      event.uid = uid;
      event.reason = kReasons[random() % 4];
      event.type = random() % 4 ? "Warning" : "Normal";
      event.involved_object.name = name;
      for (const Telling& t : pipeline.Process(event)) {
        told_frames += t.frames;
        summaries += t.kind == TellingKind::kStillFiring;
        EXPECT_GT(t.sightings + t.swallowed, 0);
        EXPECT_LE(t.first_seen, t.last_seen);
      }
    }
    Ledger ledger = pipeline.ledger();
    EXPECT_EQ(ledger.seen, 3000u);
    EXPECT_EQ(ledger.summaries, summaries);
    ledger.delivered = told_frames;
    EXPECT_TRUE(ledger.Balances());
  }
}

// --- across a restart ---

const PipelineOptions kLive = {};

// A new pipeline that goes on, `down` later, where `old` stopped at `now`.
TestPipeline Restarted(TestPipeline& old, Now now, Duration down,
                       const PipelineOptions& options = kLive) {
  TestPipeline next(options);
  std::vector<KeptKey> keys = old->Save(now.steady);
  // Another process has another clock.
  for (KeptKey& key : keys) key.age += down;
  next->Load(keys, now.steady + hours(7));
  return next;
}
Now NextClock(std::chrono::microseconds offset) {
  return {NowAt(offset).steady + hours(7), NowAt(offset).wall};
}

TEST(PipelineRestart, SwallowsWhatALoadedWindowWouldHaveSwallowed) {
  TestPipeline first(kLive);
  ASSERT_THAT(first.Process(PodEvent("uid-1", "1"), NowAt()), SizeIs(1));
  first.Process(PodEvent("uid-2", "2"), NowAt(minutes(1)));
  TestPipeline second = Restarted(first, NowAt(minutes(1)), minutes(1));
  EXPECT_THAT(second.Process(PodEvent("uid-3", "3"), NextClock(minutes(2))), IsEmpty());
  const auto still = second.Expire(NextClock(minutes(5)));
  ASSERT_THAT(still, SizeIs(1));
  EXPECT_EQ(still[0].swallowed, 2);
  EXPECT_EQ(still[0].event->uid, "uid-3");
  EXPECT_EQ(still[0].first_seen, At());
}

TEST(PipelineRestart, TellsAtOnceOfAWindowThatEndedWhileNobodyRan) {
  TestPipeline first(kLive);
  first.Process(PodEvent("uid-1", "1"), NowAt());
  first.Process(PodEvent("uid-2", "2"), NowAt(minutes(1)));
  TestPipeline second = Restarted(first, NowAt(minutes(1)), hours(2));
  const auto still = second.Expire(NextClock(minutes(1)));
  ASSERT_THAT(still, SizeIs(1));
  EXPECT_EQ(still[0].kind, TellingKind::kStillFiring);
  EXPECT_EQ(still[0].swallowed, 1);
  EXPECT_EQ(still[0].event->uid, "uid-2");
  EXPECT_EQ(still[0].event->message, "Back-off restarting failed container");
}

TEST(PipelineRestart, KeepsTheLengthThatAWindowHadGrownTo) {
  TestPipeline first(kLive);
  first.Process(PodEvent("uid-1", "1"), NowAt());
  first.Process(PodEvent("uid-2", "2"), NowAt(minutes(1)));
  ASSERT_THAT(first.Expire(NowAt(minutes(5))), SizeIs(1))
      << "the next one takes 10 min";
  first.Process(PodEvent("uid-3", "3"), NowAt(minutes(6)));
  TestPipeline second = Restarted(first, NowAt(minutes(6)), {});
  EXPECT_THAT(second.Expire(NextClock(minutes(14))), IsEmpty());
  EXPECT_THAT(second.Expire(NextClock(minutes(15))), SizeIs(1));
}

TEST(PipelineRestart, GoesOnCountingTowardsAThreshold) {
  const PipelineOptions options = {.deduplicator = {.thresholds = {{"BackOff", 3}}}};
  TestPipeline first(options);
  first.Process(PodEvent("uid-1", "1"), NowAt());
  first.Process(PodEvent("uid-2", "2"), NowAt(minutes(1)));
  TestPipeline second = Restarted(first, NowAt(minutes(1)), minutes(1), options);
  const auto told = second.Process(PodEvent("uid-3", "3"), NextClock(minutes(2)));
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_EQ(told[0].sightings, 3);
  TestPipeline late = Restarted(first, NowAt(minutes(1)), minutes(9), options);
  EXPECT_THAT(late.Process(PodEvent("uid-3", "3"), NextClock(minutes(1))), IsEmpty());
}

TEST(PipelineRestart, RemembersAPassedThresholdWithoutWindows) {
  const PipelineOptions options = {
      .deduplicator = {.window = {}, .thresholds = {{"BackOff", 2}}}};
  TestPipeline first(options);
  first.Process(PodEvent("uid-1", "1"), NowAt());
  ASSERT_THAT(first.Process(PodEvent("uid-2", "2"), NowAt()), SizeIs(1));
  TestPipeline second = Restarted(first, NowAt(), {}, options);
  EXPECT_THAT(second.Process(PodEvent("uid-3", "3"), NextClock({})), SizeIs(1));
}

TEST(PipelineRestart, SavesWhatItLoaded) {
  TestPipeline first(kLive);
  first.Process(PodEvent("uid-1", "1"), NowAt());
  first.Process(PodEvent("uid-2", "2"), NowAt(minutes(1)));
  TestPipeline second = Restarted(first, NowAt(minutes(1)), {});
  const std::vector<KeptKey> was = first->Save(NowAt(minutes(1)).steady);
  const std::vector<KeptKey> is = second->Save(NextClock(minutes(1)).steady);
  ASSERT_THAT(was, SizeIs(1));
  ASSERT_THAT(is, SizeIs(1));
  EXPECT_EQ(is[0].key, was[0].key);
  EXPECT_EQ(is[0].age, was[0].age);
  EXPECT_EQ(is[0].window, was[0].window);
  EXPECT_EQ(is[0].count, was[0].count);
}

TEST(PipelineRestart, TellsAgainWhatNobodyAcknowledgedWhateverItsWindowSays) {
  TestPipeline first(kLive);
  const auto told = first.Process(PodEvent("uid-1", "1"), NowAt());
  TestPipeline second = Restarted(first, NowAt(), {});
  Event again = PodEvent("uid-1", "1");
  again.retell = true;
  const auto retold = second.Process(again, NextClock(minutes(1)));
  ASSERT_THAT(retold, SizeIs(1));
  EXPECT_EQ(retold[0].id, told[0].id);
  EXPECT_EQ(retold[0].key, told[0].key);
  EXPECT_THAT(second.Process(PodEvent("uid-2", "2"), NextClock(minutes(2))), IsEmpty())
      << "the window stands as it stood";
  EXPECT_EQ(second.ledger().routed, 2u);
}

}  // namespace
}  // namespace k8sentry
