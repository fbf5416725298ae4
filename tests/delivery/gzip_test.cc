#include "delivery/gzip.h"

#include <gtest/gtest.h>
#include <zlib.h>

namespace k8sentry::internal {
namespace {

// What zlib itself reads out of a gzip member; "<broken>" if it is none.
std::string Gunzipped(std::string bytes, std::size_t size) {
  z_stream stream = {};
  if (inflateInit2(&stream, 15 + 16) != Z_OK) return "<broken>";
  std::string out(size + 1, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(bytes.data());
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int end = inflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  inflateEnd(&stream);
  return end == Z_STREAM_END && stream.avail_in == 0 ? out : "<broken>";
}

TEST(Gzip, IsReadBackAsItWas) {
  std::string noise;
  for (std::uint32_t x = 1; noise.size() < 100000; x = x * 1664525 + 1013904223) {
    noise += static_cast<char>(x >> 24);
  }
  Gzip gzip;
  for (const std::string& bytes :
       {std::string(), std::string("x"), std::string(1 << 20, 'a'), noise}) {
    const Result<std::string> compressed = gzip.Compress(bytes);
    ASSERT_TRUE(compressed.ok());
    EXPECT_EQ(Gunzipped(*compressed, bytes.size()), bytes);
  }
}

TEST(Gzip, OfTheSameBytesIsTheSameWhateverCameBefore) {
  Gzip used;
  const std::string first = *used.Compress("bytes");
  (void)used.Compress(std::string(100000, 'b')).ok();
  EXPECT_EQ(*used.Compress("bytes"), first);
  EXPECT_EQ(*Gzip().Compress("bytes"), first);
}

TEST(Gzip, MakesTextSmaller) {
  EXPECT_LT(Gzip().Compress(std::string(10000, 'a'))->size(), 200u);
}

}  // namespace
}  // namespace k8sentry::internal
