#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

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
  if (started != CURLE_OK) return Status(StatusCode::kInternal, "libcurl cannot start");
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  const int wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (epoll < 0 || wake < 0) {
    close(epoll);
    close(wake);
    return Status(StatusCode::kInternal,
                  "no descriptors for the network; raise the limit of open files");
  }
  HttpTransportOptions complete = options;
  if (complete.user_agent.empty()) {
    complete.user_agent.append("k8sentry/").append(Version());
  }
  return std::unique_ptr<HttpTransport>(
      std::make_unique<internal::CurlTransport>(epoll, wake, std::move(complete)));
}

}  // namespace k8sentry
