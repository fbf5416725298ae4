// Decoding allocates nothing per event once the decoder has grown.
#include "tests/alloc/counting_malloc.h"
#include "tests/kube/decoding.h"

namespace k8sentry {
namespace {

// Reads `text` in pieces of `bytes`; gives the allocations that it took.
std::size_t Allocations(WatchDecoder& decoder, std::string_view text,
                        std::size_t bytes) {
  testing::StartCounting();
  for (; !text.empty(); text.remove_prefix(std::min(bytes, text.size()))) {
    decoder.Feed(text.substr(0, bytes));
    while (!decoder.NextEvents().empty()) {
    }
  }
  return testing::StopCounting();
}

TEST(Allocations, AreNoneInSteadyState) {
  const std::string watch = ReadRecording("kubernetes-1.37/events.watch.ndjson");
  const std::string list = ReadRecording("kubernetes-1.37/lists/events.json");
  for (const std::string& text : {watch, Pretty(list) + "\n", list + "\n"}) {
    WatchDecoder decoder;
    EXPECT_GT(Allocations(decoder, text, 256 << 10), 0u);
    Allocations(decoder, text, 256 << 10);  // the two buffers of a List take turns
    for (const std::size_t bytes : {256 << 10, 16 << 10, 1000}) {
      EXPECT_EQ(Allocations(decoder, text, bytes), 0u) << bytes;
    }
    EXPECT_EQ(decoder.counters().malformed, 0u);
  }
}

TEST(Allocations, AreNoneInSteadyStateWithSmallFramesOnly) {
  const std::string text = ReadRecording("kubernetes-1.37/events.watch.ndjson");
  WatchDecoder decoder({.max_frame_bytes = 8 << 10});
  Allocations(decoder, text, 64 << 10);
  EXPECT_EQ(Allocations(decoder, text, 1000), 0u);
  EXPECT_EQ(decoder.counters().malformed, 0u);
}

}  // namespace
}  // namespace k8sentry
