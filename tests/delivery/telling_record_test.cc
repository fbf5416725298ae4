#include "delivery/telling_record.h"

#include <random>

#include "spooled.h"
#include "tests/event_texts.h"

namespace k8sentry::internal {
namespace {

using namespace std::chrono_literals;

Telling FullTelling() {
  FullEvent full([](std::size_t i) { return i + 1; });
  full.event.frame_type = FrameType::kModified;
  full.event.message = std::string_view("a\0b\xF5K8\xF5\xFF", 8);
  full.event.event_time = Time(4s + 5us);
  full.event.series_count = -3;
  Telling telling = {.kind = TellingKind::kStillFiring,
                     .key = {.cluster = "c",
                             .namespace_ = "n",
                             .workload = "w",
                             .container = "o",
                             .reason = "r",
                             .message_class = "m"},
                     .workload_kind = "Deployment",
                     .event = OwnedEvent(full.event),
                     .sightings = 1,
                     .swallowed = 1LL << 40,
                     .frames = 3,
                     .first_seen = Time(7s),
                     .last_seen = Time(8s)};
  for (std::size_t i = 0; i < 16; ++i)
    telling.id[i] = static_cast<std::uint8_t>(250 + i);
  return telling;
}

TEST(TellingRecord, BringsBackEveryField) {
  const Telling telling = FullTelling();
  const Replaced replaces = {SpoolPlace{1ULL << 40, 17}, SpoolPlace{3, 4}};
  std::string bytes;
  EncodeRecord(telling, replaces, bytes);
  const auto record = DecodeRecord(bytes);
  ASSERT_TRUE(record);
  EXPECT_EQ(record->replaces, replaces);
  const Telling& back = record->telling;
  EXPECT_EQ(back.id, telling.id);
  EXPECT_EQ(back.kind, telling.kind);
  EXPECT_EQ(back.key, telling.key);
  EXPECT_EQ(back.workload_kind, telling.workload_kind);
  EXPECT_EQ(back.sightings, telling.sightings);
  EXPECT_EQ(back.swallowed, telling.swallowed);
  EXPECT_EQ(back.frames, telling.frames);
  EXPECT_EQ(back.first_seen, telling.first_seen);
  EXPECT_EQ(back.last_seen, telling.last_seen);
  ExpectSame(back.event.view(), telling.event.view());
  EXPECT_EQ(back.event.view().frame_type, FrameType::kModified);
  EXPECT_TRUE(back.event.view().stale);
  EXPECT_TRUE(back.event.view().retell);
  // What is written of the copy is the same.
  std::string again;
  EncodeRecord(back, record->replaces, again);
  EXPECT_EQ(again, bytes);
}

TEST(TellingRecord, RefusesWhatIsCutOffOrTooLongOrOfAnotherVersion) {
  std::string bytes;
  EncodeRecord(FullTelling(), {}, bytes);
  for (std::size_t n = 0; n < bytes.size(); ++n) {
    EXPECT_FALSE(DecodeRecord(std::string_view(bytes).substr(0, n))) << n;
  }
  EXPECT_FALSE(DecodeRecord(bytes + '\0'));
  for (const char version : {1, 3}) {
    bytes[0] = version;
    EXPECT_FALSE(DecodeRecord(bytes)) << int{version};
  }
}

TEST(TellingRecord, ReadsNoiseWithoutHarm) {
  std::mt19937 random(1);
  std::string good;
  EncodeRecord(FullTelling(), {}, good);
  for (int i = 0; i < 20000; ++i) {
    std::string bytes = good;
    for (unsigned flips = 1 + random() % 4; flips > 0; --flips) {
      bytes[random() % bytes.size()] = static_cast<char>(random());
    }
    if (const auto record = DecodeRecord(bytes)) FormatTime(record->telling.first_seen);
  }
}

TEST(Frame, IsFoundBehindWhatIsDamaged) {
  std::string text;
  for (const char* record : {"one", "two", "three"}) AppendFrame(record, text);
  text[kFrameHeaderBytes + 3 + kFrameHeaderBytes] ^= 1;  // the t of two
  const auto one = FindFrame(text, 0);
  ASSERT_TRUE(one);
  EXPECT_EQ(one->record, "one");
  const auto three = FindFrame(text, one->end);
  ASSERT_TRUE(three);
  EXPECT_EQ(three->record, "three");
  EXPECT_FALSE(FindFrame(text, three->end));
}

}  // namespace
}  // namespace k8sentry::internal
