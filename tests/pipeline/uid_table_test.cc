#include "pipeline/uid_table.h"

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <random>

#include "tests/pipeline/test_event.h"

namespace k8sentry::internal {
namespace {

class Sightings : public testing::Test {
 protected:
  std::int64_t Of(const Event& event, Time now = At()) {
    return table_.Observe(event, UidTable::KeyOf(event.uid), now);
  }
  UidTable table_{100, minutes(15)};
};

Event With(std::string_view version, int count, Time last = At()) {
  Event event = PodEvent("a0000000-0000-0000-0000-000000000001", version);
  event.count = count;
  event.last_timestamp = last;
  return event;
}

TEST_F(Sightings, OfAnUnknownObjectAreItsTotal) {
  EXPECT_EQ(Of(With("1", 7)), 7);
  for (const FrameType type : {FrameType::kListItem, FrameType::kObject}) {
    Event event = With("1", 7);
    event.uid = type == FrameType::kObject ? "o" : "l";
    event.frame_type = type;
    EXPECT_EQ(Of(event), 7);
  }
}

TEST_F(Sightings, OfAnUnknownObjectThatIsModifiedAreOne) {
  Event event = With("1", 7);
  event.frame_type = FrameType::kModified;
  EXPECT_EQ(Of(event), 1);
}

TEST_F(Sightings, OfAnObjectThatBeganBeforeTheLookbackAreOne) {
  EXPECT_EQ(Of(With("1", 7), At(minutes(15))), 7);
  Event event = With("1", 7);
  event.uid = "other";
  EXPECT_EQ(Of(event, At(minutes(15) + std::chrono::microseconds(1))), 1);
}

TEST_F(Sightings, HaveNoLookbackInAReplay) {
  UidTable table(100, std::nullopt);
  const Event event = With("1", 7);
  EXPECT_EQ(table.Observe(event, UidTable::KeyOf(event.uid), At(hours(9999))), 7);
}

TEST_F(Sightings, OfAKnownObjectAreWhatItsTotalRose) {
  EXPECT_EQ(Of(With("1", 2)), 2);
  EXPECT_EQ(Of(With("2", 9)), 7);
  Event modified = With("3", 10);
  modified.frame_type = FrameType::kModified;
  EXPECT_EQ(Of(modified), 1);
}

TEST_F(Sightings, OfALaterOccurrenceAreOneThoughTheTotalDidNotRise) {
  EXPECT_EQ(Of(With("1", 5)), 5);
  EXPECT_EQ(Of(With("2", 5, At(seconds(1)))), 1);
  EXPECT_EQ(Of(With("3", 4, At(seconds(2)))), 1);
  EXPECT_EQ(Of(With("4", 6, At(seconds(2)))), 2);  // the total fell to 4 before
}

TEST_F(Sightings, OfAFrameThatSaysNothingNewAreNone) {
  EXPECT_EQ(Of(With("1", 5)), 5);
  EXPECT_EQ(Of(With("2", 5)), 0);
  EXPECT_EQ(Of(With("3", 4, At(-seconds(1)))), 0);
  EXPECT_EQ(Of(With("4", 5, At(-seconds(1)))),
            1);  // that frame was remembered all the same
}

TEST_F(Sightings, OfTheVersionReadLastAreNone) {
  EXPECT_EQ(Of(With("1", 5)), 5);
  EXPECT_EQ(Of(With("1", 9, At(seconds(9)))), 0);
  EXPECT_EQ(Of(With("2", 6)), 1);  // the frame before wrote nothing
  EXPECT_EQ(Of(With("1", 7)), 1);  // only the last version counts
}

TEST_F(Sightings, TakeVersionsForOpaqueText) {
  const char* kVersions[] = {
      "1",  "01", "x", "X", "123456789012345678901", "123456789012345678902",
      "+1", "1 ", "0", "00"};
  int total = 0;
  for (const char* version : kVersions) {
    EXPECT_EQ(Of(With(version, ++total)), 1) << version;
    EXPECT_EQ(Of(With(version, total + 1)), 0) << version;
  }
}

TEST_F(Sightings, DoNotTakeTwoAbsentVersionsForTheSame) {
  EXPECT_EQ(Of(With("", 1)), 1);
  EXPECT_EQ(Of(With("", 3)), 2);
}

TEST_F(Sightings, CountASeriesOfOneAsTwo) {
  Event event = With("1", 0);
  event.count = 0;
  event.series_count = 1;
  EXPECT_EQ(Of(event), 2);
}

TEST_F(Sightings, OfAnObjectWithoutUidAreAlwaysThoseOfAnUnknownOne) {
  Event event = With("1", 3);
  event.uid = "";
  EXPECT_EQ(Of(event), 3);
  EXPECT_EQ(Of(event), 3);
  event.frame_type = FrameType::kModified;
  EXPECT_EQ(Of(event), 1);
}

TEST_F(Sightings, TakeThePresentForAnAbsentTime) {
  Event event = With("1", 1);
  event.first_timestamp = event.last_timestamp = std::nullopt;
  EXPECT_EQ(Of(event, At()), 1);
  event.resource_version = "2";
  EXPECT_EQ(Of(event, At()), 0);
  event.resource_version = "3";
  EXPECT_EQ(Of(event, At(seconds(1))), 1);
}

TEST(UidTable, TellsUidsApartByEveryCharacter) {
  const char* kUids[] = {"a0000000-0000-0000-0000-000000000001",
                         "a0000000-0000-0000-0000-000000000002",
                         "b0000000-0000-0000-0000-000000000001",
                         "A0000000-0000-0000-0000-000000000001",
                         "a0000000+0000-0000-0000-000000000001",
                         "a0000000-0000-0000-0000-00000000000",
                         "a000000000000000000000000000000001",
                         "x",
                         ""};
  for (const char* a : kUids) {
    for (const char* b : kUids) {
      EXPECT_EQ(UidTable::KeyOf(a) == UidTable::KeyOf(b), std::string_view(a) == b)
          << a << " " << b;
    }
  }
}

TEST(UidTable, ForgetsTheUidSeenLongestAgo) {
  UidTable table(2, std::nullopt);
  const auto see = [&](std::string_view uid, std::string_view version) {
    Event event = PodEvent(uid, version);
    event.count = 5;
    return table.Observe(event, UidTable::KeyOf(uid), At());
  };
  EXPECT_EQ(see("a", "1"), 5);
  EXPECT_EQ(see("b", "1"), 5);
  EXPECT_EQ(see("a", "1"), 0);  // a stale frame is a sight, too
  EXPECT_EQ(see("c", "1"), 5);  // b goes
  EXPECT_EQ(see("a", "2"), 0);
  EXPECT_EQ(see("b", "1"), 5);
  EXPECT_EQ(table.size(), 2u);
}

// The rule, as the page has it, over random frames.
TEST(UidTable, AgreesWithAModelOnRandomFrames) {
  std::mt19937 random(1);
  constexpr std::size_t kMax = 50;
  UidTable table(kMax, std::nullopt);
  struct Seen {
    std::string version;
    std::int64_t total;
    Time last;
  };
  std::map<std::string, Seen> model;
  std::deque<std::string> age;
  for (int i = 0; i < 20000; ++i) {
    const std::string uid = "uid-" + std::to_string(random() % 80);
    const std::string version = random() % 9 == 0 ? "" : std::to_string(random() % 3);
    Event event = PodEvent(uid, version);
    event.count = 1 + random() % 5;
    event.last_timestamp = At(seconds(random() % 3));
    event.frame_type = random() % 2 ? FrameType::kModified : FrameType::kAdded;

    std::int64_t expected = event.frame_type == FrameType::kModified ? 1 : event.count;
    bool same = false;
    if (const auto it = model.find(uid); it != model.end()) {
      const Seen& seen = it->second;
      same = !version.empty() && seen.version == version;
      expected = same                                ? 0
                 : event.count > seen.total          ? event.count - seen.total
                 : *event.last_timestamp > seen.last ? 1
                                                     : 0;
      std::erase(age, uid);
    } else if (model.size() == kMax) {
      model.erase(age.front());
      age.pop_front();
    }
    age.push_back(uid);
    if (!same) model[uid] = {version, event.count, *event.last_timestamp};
    ASSERT_EQ(table.Observe(event, UidTable::KeyOf(uid), At()), expected) << i;
  }
}

}  // namespace
}  // namespace k8sentry::internal
