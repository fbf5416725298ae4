// Compression of request bodies.
#pragma once

#include <string>
#include <string_view>

#include "k8sentry/status.h"

namespace k8sentry::internal {

// `bytes` as one gzip member (RFC 1952). The same bytes give the same result: the
// header bears no time. Errors: kInternal, when zlib has no memory.
Result<std::string> Gzip(std::string_view bytes);

}  // namespace k8sentry::internal
