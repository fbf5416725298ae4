// The options of a request that concern its connection: time limits, sockets, TLS.
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>

#include "http/curl_request.h"

namespace k8sentry::internal {
namespace {

// Unacknowledged bytes, keepalive probes among them, end a connection after this: what
// client-go does with HTTP/2 pings (30 s idle and 15 s for the answer).
constexpr unsigned kUserTimeoutMillis = 45000;

int SetSocketOptions(void*, curl_socket_t fd, curlsocktype) {
  setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &kUserTimeoutMillis,
             sizeof kUserTimeoutMillis);
  return CURL_SOCKOPT_OK;  // a socket that is no TCP one goes without
}

// Rounded up, for 0 would mean libcurl's default.
long Millis(Duration duration) {
  return static_cast<long>(
      std::chrono::ceil<std::chrono::milliseconds>(std::max(duration, Duration{}))
          .count());
}

void SetBlob(CURL* easy, CURLoption option, const std::string& pem) {
  // The request outlives the handle, and secrets are better not copied.
  curl_blob blob = {const_cast<char*>(pem.data()), pem.size(), CURL_BLOB_NOCOPY};
  curl_easy_setopt(easy, option, &blob);
}

}  // namespace

// Behind the resolver, so that no name can talk us into an address it must not have.
curl_socket_t CurlRequest::OpenSocket(void* self, curlsocktype,
                                      curl_sockaddr* address) {
  auto& request = *static_cast<CurlRequest*>(self);
  if (!request.addresses_.Allow(address->addr, request.refused_address_)) {
    return CURL_SOCKET_BAD;
  }
  request.opened_socket_ = true;
  return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

void CurlRequest::KeepConnectionApart() {
  curl_easy_setopt(easy_, CURLOPT_FRESH_CONNECT, 1L);
  curl_easy_setopt(easy_, CURLOPT_FORBID_REUSE, 1L);
}

void CurlRequest::SetUpConnection() {
  curl_easy_setopt(easy_, CURLOPT_QUICK_EXIT, 1L);
  curl_easy_setopt(easy_, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy_, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(easy_, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy_, CURLOPT_PATH_AS_IS, 1L);
  curl_easy_setopt(easy_, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  curl_easy_setopt(
      easy_, CURLOPT_HTTP_VERSION,
      static_cast<long>(request_.version == HttpVersion::k2 ? CURL_HTTP_VERSION_2TLS
                                                            : CURL_HTTP_VERSION_1_1));
  // Rather wait a moment for a connection that may turn out to be shared.
  curl_easy_setopt(easy_, CURLOPT_PIPEWAIT,
                   request_.version == HttpVersion::k2 ? 1L : 0L);
  curl_easy_setopt(easy_, CURLOPT_CONNECTTIMEOUT_MS, Millis(request_.connect_timeout));
  curl_easy_setopt(easy_, CURLOPT_TIMEOUT_MS, Millis(request_.deadline));
  curl_easy_setopt(easy_, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(easy_, CURLOPT_TCP_KEEPIDLE, 30L);
  curl_easy_setopt(easy_, CURLOPT_TCP_KEEPINTVL, 15L);
  curl_easy_setopt(easy_, CURLOPT_OPENSOCKETFUNCTION, &OpenSocket);
  curl_easy_setopt(easy_, CURLOPT_OPENSOCKETDATA, this);
  curl_easy_setopt(easy_, CURLOPT_SOCKOPTFUNCTION, &SetSocketOptions);
  // Larger reads than libcurl's 16 KB: at 5,000 frames a second a pass of the loop
  // finds half a megabyte. No larger, for each connection keeps its own.
  if (request_.group == ConnectionGroup::kWatch ||
      request_.group == ConnectionGroup::kList) {
    curl_easy_setopt(easy_, CURLOPT_BUFFERSIZE, 128L << 10);
  }
}

void CurlRequest::SetUpTls() {
  const TlsOptions& tls = request_.tls;
  const long verify = tls.verification == TlsVerification::kVerify ? 1 : 0;
  curl_easy_setopt(easy_, CURLOPT_SSLVERSION,
                   static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  curl_easy_setopt(easy_, CURLOPT_SSL_VERIFYPEER, verify);
  curl_easy_setopt(easy_, CURLOPT_SSL_VERIFYHOST, verify * 2);
  if (!tls.ca_pem.empty() || !tls.ca_file.empty()) {
    // Only these: without this the system's directory of roots would be trusted too.
    curl_easy_setopt(easy_, CURLOPT_CAPATH, nullptr);
  }
  if (!tls.ca_pem.empty()) {
    SetBlob(easy_, CURLOPT_CAINFO_BLOB, tls.ca_pem);
  } else if (!tls.ca_file.empty()) {
    curl_easy_setopt(easy_, CURLOPT_CAINFO, tls.ca_file.c_str());
    // libcurl would remember it for a day by its name, and miss that it was replaced.
    curl_easy_setopt(easy_, CURLOPT_CA_CACHE_TIMEOUT, 0L);
  }
  if (!tls.certificate_pem.empty()) {
    SetBlob(easy_, CURLOPT_SSLCERT_BLOB, tls.certificate_pem);
  } else if (!tls.certificate_file.empty()) {
    curl_easy_setopt(easy_, CURLOPT_SSLCERT, tls.certificate_file.c_str());
  }
  if (!tls.key_pem.empty()) {
    SetBlob(easy_, CURLOPT_SSLKEY_BLOB, tls.key_pem.Reveal());
  } else if (!tls.key_file.empty()) {
    curl_easy_setopt(easy_, CURLOPT_SSLKEY, tls.key_file.c_str());
  }
}

}  // namespace k8sentry::internal
