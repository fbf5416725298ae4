#include "pipeline/kept_event.h"

#include <gtest/gtest.h>

#include "pipeline/chunk_pool.h"
#include "tests/event_texts.h"

namespace k8sentry::internal {
namespace {

TEST(KeptEvent, HasEveryFieldButTheRawObject) {
  for (const std::size_t factor : {0u, 1u, 7u, 61u, 1000u}) {
    const auto length_of = [&](std::size_t i) { return i * factor; };
    const FullEvent expected(length_of);
    FullEvent source(length_of);
    const TellingId id = {1, 2, 3};
    ChunkPool pool;
    Chunk* const chain = WriteEvent(source.event, id, pool);
    source.Scribble();
    TellingId read_id;
    std::string text;
    const Event read = ReadEvent(chain, read_id, text);
    EXPECT_EQ(read_id, id);
    ExpectSame(read, expected.event);
    EXPECT_EQ(read.frame_type, FrameType::kListItem);
    EXPECT_TRUE(read.stale);
    EXPECT_EQ(read.raw_object, "");
    pool.Give(chain);
  }
}

TEST(ChunkReader, FindsTextAcrossChunks) {
  ChunkPool pool;
  for (const std::size_t n : {0u, 1u, 119u, 120u, 121u, 240u, 1000u}) {
    ChunkWriter writer(pool);
    const std::string a(n, 'a'), b(n + 3, 'b');
    writer.Write(a);
    writer.Write(b);
    Chunk* const chain = writer.Finish();
    EXPECT_TRUE(ChunkReader(chain).Skip(a + b)) << n;
    ChunkReader parts(chain);
    EXPECT_TRUE(parts.Skip(a) && parts.Skip(b)) << n;
    EXPECT_FALSE(ChunkReader(chain).Skip(a + b.substr(1) + "x")) << n;
    pool.Give(chain);
  }
}

TEST(ChunkPool, UsesWhatWasGivenBack) {
  ChunkPool pool;
  const std::string text(100000, 'x');
  const Chunk* first = nullptr;
  for (int i = 0; i < 100; ++i) {
    ChunkWriter writer(pool);
    writer.Write(text);
    Chunk* const chain = writer.Finish();
    if (i == 0) first = chain;
    EXPECT_EQ(chain, first);
    pool.Give(chain);
  }
  pool.Give(nullptr);
}

}  // namespace
}  // namespace k8sentry::internal
