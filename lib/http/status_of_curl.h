// What libcurl's error codes mean to a caller of HttpTransport.
#pragma once

#include <curl/curl.h>

#include <string_view>

#include "k8sentry/status.h"

namespace k8sentry::internal {

// `detail` is libcurl's error buffer. It names hosts and ports, never a header or body.
Status StatusOfCurl(CURLcode code, std::string_view detail);

}  // namespace k8sentry::internal
