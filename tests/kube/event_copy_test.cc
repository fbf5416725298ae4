#include "tests/event_texts.h"

namespace k8sentry {
namespace {

TEST(OwnedEvent, HasEveryFieldOfTheEventAndItsOwnText) {
  // All lengths around the borders at which texts are copied in another way.
  for (std::size_t shift = 0; shift < 140; ++shift) {
    const auto length_of = [&](std::size_t i) { return (shift + i * 7) % 140; };
    const FullEvent expected(length_of);
    FullEvent source(length_of);
    const OwnedEvent owned(source.event);
    source.Scribble();
    ExpectSame(owned.view(), expected.event);
    EXPECT_EQ(owned.view().frame_type, FrameType::kListItem);
    EXPECT_TRUE(owned.view().stale);
    EXPECT_TRUE(owned.view().retell);
    EXPECT_EQ(owned.view().raw_object, "");
  }
}

}  // namespace
}  // namespace k8sentry
