// HttpTransport is the only door to the network, for watches, lists and posts.
//
// The default one, NewHttpTransport, drives libcurl. Hosts with an HTTP stack of their
// own implement this interface instead, and k8sentry opens no socket at all.
//
// Nothing blocks. `Start` queues a request; `Poll` moves all and calls their handlers.
//
// Threads: one at a time per instance, and handlers run on the one that calls Poll.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "k8sentry/secret.h"
#include "k8sentry/status.h"
#include "k8sentry/time.h"

namespace k8sentry {

// Different groups never share a connection: a stalled stream must delay no other.
enum class ConnectionGroup : std::uint8_t { kWatch, kList, kLookup, kLease, kPost };

enum class TlsVerification : std::uint8_t { kVerify, kInsecureSkipVerify };

struct TlsOptions {
  std::string ca_file = {};  // PEM; empty with an empty `ca_pem`: the system's roots
  std::string ca_pem = {};   // wins over ca_file; only these are trusted
  std::string certificate_file = {};
  std::string certificate_pem = {};
  std::string key_file = {};
  Secret key_pem = {};
  std::string server_name = {};  // verify and announce this instead of the URL's host
  TlsVerification verification = TlsVerification::kVerify;
};

// HTTP/2 by ALPN; with a server that does not offer it HTTP/1.1 all the same.
enum class HttpVersion : std::uint8_t { k1_1, k2 };

// Which addresses a name may resolve to, for URLs that somebody else chose.
struct AddressPolicy {
  enum class Private : std::uint8_t { kAllow, kRefuse };
  // kRefuse: no loopback, link-local, private, unique local, multicast or unspecified
  // address, whatever the name, unless `allowed` lists it. Holds for the connection
  // that is made, after resolution. (RFC 6890, special-purpose addresses.)
  Private private_addresses = Private::kAllow;
  std::vector<std::string> allowed = {};  // CIDR, such as "10.1.0.0/16", "fd00::/8"
};

struct HttpHeader {
  std::string name, value;
};

struct HttpRequest {
  std::string method = "GET";
  std::string url = {};
  std::vector<HttpHeader> headers = {};
  // "Authorization: Bearer ..." or "X-Sentry-Auth: ...", kept apart from `headers`.
  std::string auth_header_name = {};
  Secret auth_header_value = {};
  std::string body = {};
  TlsOptions tls = {};
  // "http://host:port", "https://..." or "socks5://..."; empty: none. The environment
  // is never read.
  std::string proxy = {};
  AddressPolicy addresses = {};
  ConnectionGroup group = ConnectionGroup::kPost;
  HttpVersion version = HttpVersion::k1_1;
  bool accept_gzip = false;  // ask for gzip and decode it; never for a watch
  Duration connect_timeout = std::chrono::seconds(15);
  Duration deadline = std::chrono::seconds(60);  // for all of it; 0: none
};

struct HttpResponseHead {
  int status = 0;
  std::vector<HttpHeader> headers;
  // Of the first header `name`, in any case; empty if there is none.
  std::string_view header(std::string_view name) const;
};

enum class BodyFlow { kContinue, kPause };

// Receives one response. Must live until OnDone has run or Cancel has returned.
class HttpHandler {
 public:
  virtual void OnHead(const HttpResponseHead& head) = 0;
  // A piece of the body, decoded. After kPause (the piece counts as taken) nothing more
  // comes until Resume.
  virtual BodyFlow OnBody(std::string_view bytes) = 0;
  // The end: ok after a whole response of any status code; else kUnavailable (refused,
  // reset, cut off), kDeadlineExceeded, or kConfiguration (TLS: CA or name).
  virtual void OnDone(const Status& status) = 0;

 protected:
  ~HttpHandler() = default;
};

using HttpRequestId = std::uint64_t;

class HttpTransport {
 public:
  virtual ~HttpTransport() = default;

  // Queues `request`; no handler is called before the next Poll.
  // Errors: kInvalidArgument (a URL or proxy that cannot be used).
  virtual Result<HttpRequestId> Start(HttpRequest request, HttpHandler& handler) = 0;
  // Ends a request; its handler is not called again. Unknown ids are ignored.
  virtual void Cancel(HttpRequestId id) = 0;
  virtual void Resume(HttpRequestId id) = 0;

  virtual void Poll(SteadyTime now) = 0;
  virtual SteadyTime NextDeadline() const = 0;
  // Readable means: call Poll. -1 if the transport has no descriptor.
  virtual int descriptor() const = 0;
};

struct HttpTransportOptions {
  std::string user_agent = {};  // empty: "k8sentry/VERSION"
  // What a compressed body may become at most; beyond, it ends in kUnavailable.
  std::uint64_t max_decoded_bytes = 1 << 30;
};

// The transport over libcurl's multi interface. Starts no thread but libcurl's
// short-lived resolver. Errors: kInternal when libcurl cannot start.
Result<std::unique_ptr<HttpTransport>> NewHttpTransport(
    const HttpTransportOptions& options = {});

}  // namespace k8sentry
