#include "pipeline/kept_event.h"

#include <gtest/gtest.h>

#include "pipeline/chunk_pool.h"
#include "tests/event_texts.h"
#include "tests/pipeline/test_event.h"

namespace k8sentry::internal {
namespace {

TEST(KeptEvent, HasEveryFieldButTheRawObject) {
  for (const std::size_t factor : {0u, 1u, 7u, 61u, 1000u}) {
    Event event;
    std::vector<std::string> source;
    for (std::size_t i = 0; i < Texts(event).size(); ++i) {
      source.emplace_back(i * factor, static_cast<char>('a' + i));
    }
    for (std::size_t i = 0; i < source.size(); ++i) *Texts(event)[i] = source[i];
    event.frame_type = FrameType::kListItem;
    event.stale = true;
    event.creation_timestamp = At(seconds(1));
    event.first_timestamp = At(seconds(2));
    event.last_timestamp = At(seconds(3));
    event.event_time = At(seconds(4));
    event.series_last_observed = At(seconds(5));
    event.count = 6;
    event.series_count = 7;
    event.raw_object = "{}";
    const TellingId id = {1, 2, 3};

    ChunkPool pool;
    Chunk* const chain = WriteEvent(event, id, pool);
    const std::vector<std::string> expected = source;
    for (std::string& text : source) text.assign(text.size(), '?');
    TellingId read_id;
    std::string text;
    Event read = ReadEvent(chain, read_id, text);
    for (std::size_t i = 0; i < expected.size(); ++i)
      EXPECT_EQ(*Texts(read)[i], expected[i]);
    EXPECT_EQ(read_id, id);
    EXPECT_EQ(read.frame_type, FrameType::kListItem);
    EXPECT_TRUE(read.stale);
    EXPECT_EQ(read.creation_timestamp, At(seconds(1)));
    EXPECT_EQ(read.first_timestamp, At(seconds(2)));
    EXPECT_EQ(read.last_timestamp, At(seconds(3)));
    EXPECT_EQ(read.event_time, At(seconds(4)));
    EXPECT_EQ(read.series_last_observed, At(seconds(5)));
    EXPECT_EQ(read.count, 6);
    EXPECT_EQ(read.series_count, 7);
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
