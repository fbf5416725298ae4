#include <algorithm>
#include <string>
#include <vector>

#include "tests/event_texts.h"

namespace k8sentry {
namespace {

TEST(OwnedEvent, HasEveryFieldOfTheEventAndItsOwnText) {
  const auto at = [](int n) { return Time(std::chrono::seconds(n)); };
  // All lengths around the borders at which texts are copied in another way.
  for (std::size_t shift = 0; shift < 140; ++shift) {
    Event event;
    std::vector<std::string> source;
    for (std::size_t i = 0; i < Texts(event).size(); ++i) {
      source.emplace_back((shift + i * 7) % 140, static_cast<char>('a' + i));
    }
    for (std::size_t i = 0; i < source.size(); ++i) *Texts(event)[i] = source[i];
    event.frame_type = FrameType::kListItem;
    event.stale = true;
    event.creation_timestamp = at(1);
    event.first_timestamp = at(2);
    event.last_timestamp = at(3);
    event.event_time = at(4);
    event.series_last_observed = at(5);
    event.count = 6;
    event.series_count = 7;
    event.raw_object = "{}";

    const std::vector<std::string> expected = source;
    const OwnedEvent owned(event);
    for (std::string& text : source) std::fill(text.begin(), text.end(), '?');
    Event copy = owned.view();
    for (std::size_t i = 0; i < expected.size(); ++i) {
      EXPECT_EQ(*Texts(copy)[i], expected[i]);
    }
    EXPECT_EQ(copy.frame_type, FrameType::kListItem);
    EXPECT_TRUE(copy.stale);
    EXPECT_EQ(copy.creation_timestamp, at(1));
    EXPECT_EQ(copy.first_timestamp, at(2));
    EXPECT_EQ(copy.last_timestamp, at(3));
    EXPECT_EQ(copy.event_time, at(4));
    EXPECT_EQ(copy.series_last_observed, at(5));
    EXPECT_EQ(copy.count, 6);
    EXPECT_EQ(copy.series_count, 7);
    EXPECT_EQ(copy.raw_object, "");
  }
}

}  // namespace
}  // namespace k8sentry
