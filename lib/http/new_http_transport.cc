#include <sys/epoll.h>

#include "http/curl_transport.h"
#include "http/url.h"
#include "k8sentry/version.h"

namespace k8sentry {

std::string_view HttpResponseHead::header(std::string_view name) const {
  for (const HttpHeader& h : headers) {
    if (internal::SameHeaderName(h.name, name)) return h.value;
  }
  return {};
}

Result<std::unique_ptr<HttpTransport>> NewHttpTransport(
    const HttpTransportOptions& options) {
  // Counted by libcurl and safe to repeat. Never undone: the host may use libcurl, too.
  static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
  const int epoll = started == CURLE_OK ? epoll_create1(EPOLL_CLOEXEC) : -1;
  if (epoll < 0) return Status(StatusCode::kInternal, "libcurl or epoll cannot start");
  HttpTransportOptions complete = options;
  if (complete.user_agent.empty()) {
    complete.user_agent.append("k8sentry/").append(Version());
  }
  return std::unique_ptr<HttpTransport>(
      std::make_unique<internal::CurlTransport>(epoll, std::move(complete)));
}

}  // namespace k8sentry
