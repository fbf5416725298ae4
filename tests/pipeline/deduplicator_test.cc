#include "k8sentry/deduplicator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/pipeline/test_event.h"

namespace k8sentry {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// Writes what is told as "first x 3" or "still x 2 e2", so that tests read as a story.
class Story : public testing::Test, public StillFiringSink {
 protected:
  void Use(const DeduplicatorOptions& options) { dedup_ = *NewDeduplicator(options); }

  // One frame of `key`; what was told, in order.
  std::vector<std::string> See(std::string_view key, Duration at,
                               std::int64_t count = 1, std::string_view name = "") {
    Event event = PodEvent("u", "1");
    event.name = name;
    event.reason = key;
    event.first_timestamp = first_;
    event.last_timestamp = last_;
    return Observe(event, key, at, count);
  }

  std::vector<std::string> Observe(const Event& event, std::string_view key,
                                   Duration at, std::int64_t count) {
    Sighting sighting = {.event = &event, .count = count, .now = SteadyTime(at)};
    sighting.key.workload = key;
    sighting.key.hash = std::hash<std::string_view>()(key);
    sighting.wall = At();
    told_.clear();
    dedup_->Observe({&sighting, 1}, *this, {&decision_, 1});
    if (decision_.verdict == DedupVerdict::kTell) {
      told_.push_back("first " + std::string(key) + " " +
                      std::to_string(decision_.sightings));
    }
    return told_;
  }

  std::vector<std::string> Expire(Duration at) {
    told_.clear();
    dedup_->Expire(SteadyTime(at), *this);
    return told_;
  }

  void OnStillFiring(const StillFiring& still) override {
    told_.push_back(
        "still " + std::string(still.key.workload) + " " +
        std::to_string(still.swallowed) +
        (still.event.name.empty() ? "" : " " + std::string(still.event.name)));
    last_still_first_ = still.first_seen;
    last_still_last_ = still.last_seen;
    EXPECT_EQ(still.event.raw_object, "");
  }

  std::unique_ptr<Deduplicator> dedup_ = *NewDeduplicator({});
  DedupDecision decision_;
  std::vector<std::string> told_;
  Time first_ = At(), last_ = At();
  Time last_still_first_, last_still_last_;
};

class Deduplicates : public Story {};

TEST_F(Deduplicates, TellsTheFirstAndSwallowsTheRest) {
  EXPECT_THAT(See("a", seconds(0), 3), ElementsAre("first a 3"));
  EXPECT_THAT(See("a", seconds(1), 3), IsEmpty());
  EXPECT_EQ(decision_.verdict, DedupVerdict::kSwallow);
  EXPECT_THAT(See("b", seconds(1)), ElementsAre("first b 1"));
  EXPECT_EQ(dedup_->size(), 2u);
}

TEST_F(Deduplicates, TellsAgainWhenAWindowClosesThatSwallowed) {
  See("a", seconds(0));
  See("a", seconds(1), 4, "e1");
  See("a", seconds(2), 2, "e2");
  EXPECT_EQ(dedup_->NextDeadline(), SteadyTime(minutes(5)));
  EXPECT_THAT(Expire(minutes(5) - Duration(1)), IsEmpty());
  EXPECT_THAT(Expire(minutes(5)), ElementsAre("still a 6 e2"));
}

TEST_F(Deduplicates, ForgetsTheKeyWhenAWindowClosesThatSwallowedNothing) {
  See("a", seconds(0));
  EXPECT_THAT(Expire(minutes(5)), IsEmpty());
  EXPECT_EQ(dedup_->size(), 0u);
  EXPECT_EQ(dedup_->NextDeadline(), SteadyTime::max());
  EXPECT_THAT(See("a", minutes(5)), ElementsAre("first a 1"));
}

TEST_F(Deduplicates, ClosesWindowsBeforeItLooksAtTheFrame) {
  See("a", seconds(0));
  EXPECT_THAT(See("a", minutes(5)),
              ElementsAre("first a 1"));  // at the very end: outside
  See("a", minutes(6));
  EXPECT_THAT(See("b", minutes(10)), ElementsAre("still a 1", "first b 1"));
  EXPECT_THAT(See("a", minutes(10)), IsEmpty());
}

TEST_F(Deduplicates, DoublesWindowsUpToTheLongest) {
  See("a", minutes(0));
  Duration at = minutes(0);
  for (const minutes length :
       {minutes(5), minutes(10), minutes(20), minutes(40), minutes(60), minutes(60)}) {
    See("a", at);
    EXPECT_THAT(Expire(at + length - Duration(1)), IsEmpty());
    EXPECT_THAT(Expire(at + length), ElementsAre("still a 1"));
    at += length;
  }
  EXPECT_THAT(Expire(at + hours(1)), IsEmpty());
  EXPECT_EQ(dedup_->size(), 0u);
  See("a", at + hours(1));
  EXPECT_EQ(dedup_->NextDeadline(), SteadyTime(at + hours(1) + minutes(5)));  // anew
}

TEST_F(Deduplicates, OpensTheNextWindowWhenItTells) {
  See("a", minutes(0));
  See("a", minutes(1));
  EXPECT_THAT(Expire(minutes(8)), ElementsAre("still a 1"));  // late
  EXPECT_EQ(dedup_->NextDeadline(), SteadyTime(minutes(18)));
}

TEST_F(Deduplicates, ClosesTheEarliestFirstAndOfEqualEndsTheOneOpenedFirst) {
  See("a", minutes(0));
  See("a", minutes(0));
  Expire(minutes(5));  // a's next window ends at 15
  See("c", minutes(10));
  See("b", minutes(10));
  See("d", minutes(9));  // now never runs backwards: this is 10
  for (const char* key : {"a", "b", "c", "d"}) See(key, minutes(11));
  EXPECT_THAT(Expire(minutes(99)),
              ElementsAre("still a 1", "still c 1", "still b 1", "still d 1"));
}

TEST_F(Deduplicates, SaysWhenTheTroubleWasSeen) {
  first_ = At(seconds(10)), last_ = At(seconds(20));
  See("a", minutes(0));
  EXPECT_EQ(decision_.first_seen, At(seconds(10)));
  EXPECT_EQ(decision_.last_seen, At(seconds(20)));
  first_ = At(seconds(30)), last_ = At(seconds(90));
  See("a", minutes(0));
  first_ = At(seconds(25)), last_ = At(seconds(80));
  See("a", minutes(0));
  Expire(minutes(5));
  EXPECT_EQ(last_still_first_, At(seconds(25)));  // only of what was swallowed
  EXPECT_EQ(last_still_last_, At(seconds(90)));
  first_ = last_ = At(seconds(95));
  See("a", minutes(6));
  Expire(minutes(99));
  EXPECT_EQ(last_still_first_, At(seconds(95)));
}

TEST_F(Deduplicates, TakesThePresentForAnEventWithoutTime) {
  Event event = PodEvent("u", "1");
  event.first_timestamp = event.last_timestamp = std::nullopt;
  Observe(event, "a", minutes(0), 1);
  EXPECT_EQ(decision_.first_seen, At());
  EXPECT_EQ(decision_.last_seen, At());
}

TEST_F(Deduplicates, KeepsItsOwnCopyOfTheLastEvent) {
  See("a", minutes(0));
  {
    std::string name = "gone", message(3000, 'm');
    Event event = PodEvent("u", "1");
    event.name = name;
    event.message = message;
    Observe(event, "a", minutes(1), 1);
    name = "XXXX";
  }
  EXPECT_THAT(Expire(minutes(5)), ElementsAre("still a 1 gone"));
}

class Thresholds : public Story {
 protected:
  Thresholds() { Use({.thresholds = {{"t", 3}, {"u", 2}}}); }
};

TEST_F(Thresholds, TellWithAllThatWasCounted) {
  first_ = At(seconds(2)), last_ = At(seconds(9));
  EXPECT_THAT(See("t", seconds(0)), IsEmpty());
  EXPECT_EQ(decision_.verdict, DedupVerdict::kBelowThreshold);
  first_ = At(seconds(1)), last_ = At(seconds(3));
  EXPECT_THAT(See("t", seconds(1)), IsEmpty());
  first_ = At(seconds(5)), last_ = At(seconds(5));
  EXPECT_THAT(See("t", seconds(2), 5), ElementsAre("first t 7"));
  EXPECT_EQ(decision_.first_seen, At(seconds(1)));
  EXPECT_EQ(decision_.last_seen, At(seconds(9)));
}

TEST_F(Thresholds, CountSightingsNotFrames) {
  EXPECT_THAT(See("t", seconds(0), 3), ElementsAre("first t 3"));
}

TEST_F(Thresholds, HoldForTheirReasonOnly) {
  EXPECT_THAT(See("x", seconds(0)), ElementsAre("first x 1"));
}

TEST_F(Thresholds, CountInAWindowFromTheFirst) {
  first_ = At();
  See("u", minutes(0));
  EXPECT_THAT(See("u", minutes(10)), IsEmpty());  // over: begins a new one
  first_ = last_ = At(seconds(7));
  EXPECT_THAT(See("u", minutes(20) - Duration(1)), ElementsAre("first u 2"));
  EXPECT_EQ(decision_.first_seen, At());

  Use({.thresholds = {{"u", 2}}});
  first_ = last_ = At();
  See("u", minutes(0));
  first_ = last_ = At(seconds(5));
  See("u", minutes(10));
  See("u", minutes(11));
  EXPECT_EQ(decision_.first_seen, At(seconds(5)));  // the first one does not count
  EXPECT_EQ(decision_.sightings, 2);
}

TEST_F(Thresholds, AreOffAfterATellingUntilTheKeyIsForgotten) {
  See("u", minutes(0), 2);
  See("u", minutes(1));
  EXPECT_THAT(Expire(minutes(5)), ElementsAre("still u 1"));
  See("u", minutes(6));
  EXPECT_THAT(Expire(minutes(15)), ElementsAre("still u 1"));
  Expire(minutes(35));  // forgotten
  EXPECT_EQ(dedup_->size(), 0u);
  EXPECT_THAT(See("u", minutes(36)), IsEmpty());
  EXPECT_EQ(decision_.verdict, DedupVerdict::kBelowThreshold);
}

TEST_F(Thresholds, DoNotFireByThemselves) {
  See("t", minutes(0));
  EXPECT_EQ(dedup_->NextDeadline(), SteadyTime::max());
  EXPECT_THAT(Expire(hours(9)), IsEmpty());
}

TEST_F(Story, WithoutWindowsTellsEachFrame) {
  Use({.window = Duration(0), .thresholds = {{"u", 2}}});
  EXPECT_THAT(See("a", minutes(0), 3), ElementsAre("first a 3"));
  EXPECT_THAT(See("a", minutes(0), 2), ElementsAre("first a 2"));
  EXPECT_EQ(dedup_->NextDeadline(), SteadyTime::max());
  EXPECT_THAT(See("u", minutes(0)), IsEmpty());
  EXPECT_THAT(See("u", minutes(1)), ElementsAre("first u 2"));
  EXPECT_THAT(See("u", minutes(2)), ElementsAre("first u 1"));
  EXPECT_THAT(See("u", hours(99)), ElementsAre("first u 1"));  // off for good
}

class FullTables : public Story {};

TEST_F(FullTables, CloseTheWindowOpenedLongestAgo) {
  Use({.max_keys = 2});
  See("a", minutes(0));
  See("b", minutes(1));
  See("a", minutes(2), 7);
  EXPECT_THAT(See("c", minutes(3)), ElementsAre("still a 7", "first c 1"));
  EXPECT_THAT(See("d", minutes(3)), ElementsAre("first d 1"));  // b swallowed nothing
  EXPECT_THAT(See("a", minutes(3)), ElementsAre("first a 1"));
  EXPECT_EQ(dedup_->size(), 2u);
}

TEST_F(FullTables, CountAReopenedWindowAsOpenedAgain) {
  Use({.max_keys = 2});
  See("a", minutes(0));
  See("b", minutes(1));
  See("a", minutes(2));
  Expire(minutes(5));  // a told and opened again
  See("b", minutes(5));
  EXPECT_THAT(See("c", minutes(5)), ElementsAre("still b 1", "first c 1"));
}

TEST_F(FullTables, DropKeysBelowTheirThresholdInSilence) {
  Use({.thresholds = {{"u", 2}}, .max_keys = 1});
  See("u", minutes(0));
  EXPECT_THAT(See("a", minutes(0)), ElementsAre("first a 1"));
  EXPECT_THAT(See("u", minutes(0)), IsEmpty());
}

TEST_F(FullTables, MakeRoomForTheBytesOfEvents) {
  Event event = PodEvent("u", "1");
  event.name = "";
  const std::size_t bytes = EventTextBytes(event);
  Use({.max_event_bytes = 2 * bytes});
  for (const char* key : {"a", "b", "c"}) See(key, minutes(0));
  Observe(event, "a", minutes(1), 1);
  Observe(event, "b", minutes(1), 1);
  Observe(event, "b", minutes(1), 1);  // replaces its own
  EXPECT_THAT(told_, IsEmpty());
  EXPECT_THAT(Observe(event, "c", minutes(1), 1), ElementsAre("still a 1"));
  EXPECT_EQ(dedup_->size(), 2u);
  EXPECT_THAT(Observe(event, "c", minutes(2), 1), IsEmpty());
  EXPECT_THAT(Expire(minutes(5)), ElementsAre("still b 2", "still c 2"));
  // What was told is kept no longer.
  See("d", minutes(6));
  EXPECT_THAT(Observe(event, "b", minutes(6), 1), IsEmpty());
  EXPECT_THAT(Observe(event, "d", minutes(6), 1), IsEmpty());
}

TEST_F(FullTables, CloseTheKeyItselfWhenItIsTheOldest) {
  Use({.max_event_bytes = 1});
  See("a", minutes(0));
  EXPECT_THAT(See("a", minutes(1), 5, "e1"), ElementsAre("still a 5 e1"));
  EXPECT_EQ(decision_.verdict, DedupVerdict::kSwallow);
  EXPECT_EQ(dedup_->size(), 0u);
  EXPECT_THAT(See("a", minutes(1)), ElementsAre("first a 1"));
}

TEST_F(Deduplicates, ShowsOpenWindowsThatSwallowed) {
  See("a", minutes(0));
  See("b", minutes(1));
  See("b", minutes(2), 3, "e");
  told_.clear();
  dedup_->ForEachOpen(*this);
  dedup_->ForEachOpen(*this);
  EXPECT_THAT(told_, ElementsAre("still b 3 e", "still b 3 e"));
}

TEST_F(Deduplicates, ClosesAllWindows) {
  Use({.thresholds = {{"t", 2}}});
  for (const char* key : {"a", "b", "c", "t"}) See(key, minutes(0));
  See("c", minutes(1));
  See("a", minutes(1), 2);
  told_.clear();
  dedup_->Close(*this);
  EXPECT_THAT(told_, ElementsAre("still a 2", "still c 1"));
  EXPECT_EQ(dedup_->size(), 0u);
  EXPECT_EQ(dedup_->NextDeadline(), SteadyTime::max());
  EXPECT_THAT(See("a", minutes(2)), ElementsAre("first a 1"));
}

TEST_F(Deduplicates, TellsApartKeysOfOneHash) {
  Event event = PodEvent("u", "1");
  const auto see = [&](KeyView key) {
    Sighting sighting = {.event = &event, .key = key};
    dedup_->Observe({&sighting, 1}, *this, {&decision_, 1});
    return decision_.verdict;
  };
  EXPECT_EQ(see({"a", "b", "", "", "", "", 5}), DedupVerdict::kTell);
  EXPECT_EQ(see({"ab", "", "", "", "", "", 5}), DedupVerdict::kTell);
  EXPECT_EQ(see({"", "a", "b", "", "", "", 5}), DedupVerdict::kTell);
  EXPECT_EQ(see({"a", "b", "", "", "", "", 5}), DedupVerdict::kSwallow);
  EXPECT_EQ(dedup_->size(), 3u);
}

TEST_F(Deduplicates, DecidesOnABatchInOrder) {
  Event event = PodEvent("u", "1");
  std::vector<Sighting> batch(40, Sighting{.event = &event});
  for (std::size_t i = 0; i < batch.size(); ++i) {
    batch[i].key.hash = (i % 10) << 40;
    batch[i].key.workload = std::string_view("0123456789").substr(i % 10, 1);
  }
  std::vector<DedupDecision> decisions(batch.size());
  dedup_->Observe(batch, *this, decisions);
  for (std::size_t i = 0; i < batch.size(); ++i) {
    EXPECT_EQ(decisions[i].verdict,
              i < 10 ? DedupVerdict::kTell : DedupVerdict::kSwallow);
  }
}

TEST(NewDeduplicator, RefusesWhatMakesNoSense) {
  for (const DeduplicatorOptions& options : {
           DeduplicatorOptions{.window = -seconds(1)},
           DeduplicatorOptions{.max_window = -seconds(1)},
           DeduplicatorOptions{.max_window = seconds(0)},
           DeduplicatorOptions{.thresholds = {{"x", 0}}},
           DeduplicatorOptions{.threshold_window = -seconds(1)},
           DeduplicatorOptions{.max_keys = 0},
           DeduplicatorOptions{.max_event_bytes = 0},
       }) {
    EXPECT_EQ(NewDeduplicator(options).status().code(), StatusCode::kInvalidArgument);
  }
  EXPECT_TRUE(NewDeduplicator({.window = seconds(0), .max_window = seconds(0)}).ok());
}

TEST_F(Deduplicates, BearsTheLongestDurations) {
  Use({.window = Duration::max(),
       .max_window = Duration::max(),
       .thresholds = {{"u", 2}},
       .threshold_window = Duration::max()});
  See("a", hours(1));
  See("a", hours(2));
  See("u", hours(1));
  EXPECT_THAT(See("u", hours(9999)), ElementsAre("first u 2"));
  EXPECT_THAT(Expire(hours(99999)), IsEmpty());
}

}  // namespace
}  // namespace k8sentry
