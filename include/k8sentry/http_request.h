// An HttpRequest says all that an HttpTransport needs to know: what to send, to whom,
// how to be sure that it is them, and how long to wait.
//
// Threads: values.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "k8sentry/secret.h"
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

// Whether a connection that dies before the response, as an idle one may, makes the
// transport send the request again on another one, by itself.
enum class HttpRepeat : std::uint8_t { kIfConnectionWasStale, kNever };

// HTTP/2 by ALPN; with a server that does not offer it HTTP/1.1 all the same.
enum class HttpVersion : std::uint8_t { k1_1, k2 };

// Which addresses a name may resolve to, for URLs that somebody else chose. Requests of
// different policies share no connection.
struct AddressPolicy {
  enum class Private : std::uint8_t { kAllow, kRefuse };
  // kRefuse: no address that is not global (loopback, link-local, private, multicast,
  // ...), whatever the name, unless `allowed` lists it. Holds for the connection that
  // is made; a proxy resolves by itself, so there must be none. (RFC 6890.)
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
  HttpRepeat repeat = HttpRepeat::kIfConnectionWasStale;
  bool accept_gzip = false;  // ask for gzip and decode it; never for a watch
  Duration connect_timeout = std::chrono::seconds(15);
  Duration deadline = std::chrono::seconds(60);  // for all of it; 0: none
};

}  // namespace k8sentry
