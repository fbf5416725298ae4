// Compression of request bodies.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "k8sentry/status.h"

namespace k8sentry::internal {

// Keeps zlib's tables from one body to the next: to make them anew takes three times as
// long as to compress an issue. 64 KiB; 128 more once a body was that long.
//
// Threads: one at a time per instance.
class Gzip {
 public:
  Gzip();
  ~Gzip();

  // `bytes` as one gzip member (RFC 1952). The same bytes give the same result,
  // whatever came before: the header bears no time. Errors: kInternal, when zlib has no
  // memory.
  Result<std::string> Compress(std::string_view bytes);

 private:
  struct Stream;
  std::unique_ptr<Stream> stream_;
};

}  // namespace k8sentry::internal
