#include "delivery/gzip.h"

#include <zlib.h>

#include <algorithm>
#include <limits>

namespace k8sentry::internal {
namespace {

constexpr int kGzipFormat = 15 + 16;  // the largest window; 16 asks for gzip's frame
constexpr int kMemoryLevel = 8;       // zlib's default

}  // namespace

Result<std::string> Gzip(std::string_view bytes) {
  const Status failed(StatusCode::kInternal, "zlib cannot compress");
  if (bytes.size() > std::numeric_limits<uInt>::max()) return failed;
  z_stream stream = {};
  if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kGzipFormat,
                   kMemoryLevel, Z_DEFAULT_STRATEGY) != Z_OK) {
    return failed;
  }
  std::string out(deflateBound(&stream, static_cast<uLong>(bytes.size())), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(
      std::min<std::size_t>(out.size(), std::numeric_limits<uInt>::max()));
  const int end = deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  if (end != Z_STREAM_END) return failed;
  return out;
}

}  // namespace k8sentry::internal
