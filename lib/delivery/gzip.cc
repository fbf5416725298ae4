#include "delivery/gzip.h"

#include <zlib.h>

#include <algorithm>
#include <limits>

namespace k8sentry::internal {
namespace {

// 15: the largest window, of which a short body uses a little; 16 asks for gzip's
// frame.
constexpr int kGzipFormat = 15 + 16;
// Tables for bodies as short as most issues, for zlib clears them each time.
constexpr int kMemoryLevel = 6;
// Half the time of the default, which seeks longer for the last few bytes: a body
// becomes larger by 3 to 6 %.
constexpr int kLevel = 3;

}  // namespace

struct Gzip::Stream {
  ~Stream() { deflateEnd(&z); }
  z_stream z = {};
};

Gzip::Gzip() = default;
Gzip::~Gzip() = default;

Result<std::string> Gzip::Compress(std::string_view bytes) {
  const Status failed(StatusCode::kInternal, "zlib cannot compress");
  if (bytes.size() > std::numeric_limits<uInt>::max()) return failed;
  if (!stream_) {
    auto stream = std::make_unique<Stream>();
    if (deflateInit2(&stream->z, kLevel, Z_DEFLATED, kGzipFormat, kMemoryLevel,
                     Z_DEFAULT_STRATEGY) != Z_OK) {
      return failed;
    }
    stream_ = std::move(stream);
  }
  z_stream& z = stream_->z;
  if (deflateReset(&z) != Z_OK) return failed;
  std::string out(deflateBound(&z, static_cast<uLong>(bytes.size())), '\0');
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  z.avail_in = static_cast<uInt>(bytes.size());
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(
      std::min<std::size_t>(out.size(), std::numeric_limits<uInt>::max()));
  const int end = deflate(&z, Z_FINISH);
  out.resize(z.total_out);
  if (end != Z_STREAM_END) return failed;
  return out;
}

}  // namespace k8sentry::internal
