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

#include "k8sentry/http_request.h"
#include "k8sentry/status.h"
#include "k8sentry/time.h"

namespace k8sentry {

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
  // The last byte of the request's body went out: whatever fails later does not prove
  // that it did not arrive. Called before OnDone, at the latest directly before it.
  virtual void OnSent() {}
  // The end: ok after a whole response of any status code; else kUnavailable (refused,
  // reset, cut off), kDeadlineExceeded, or kConfiguration (TLS: CA or name; an address
  // that the policy refuses).
  virtual void OnDone(const Status& status) = 0;

 protected:
  ~HttpHandler() = default;
};

using HttpRequestId = std::uint64_t;

class HttpTransport {
 public:
  virtual ~HttpTransport() = default;

  // Queues `request`; no handler is called before the next Poll.
  // Errors: kInvalidArgument (a URL, proxy or CIDR that cannot be used).
  virtual Result<HttpRequestId> Start(HttpRequest request, HttpHandler& handler) = 0;
  // Ends a request; its handler is not called again. Unknown ids are ignored.
  virtual void Cancel(HttpRequestId id) = 0;
  virtual void Resume(HttpRequestId id) = 0;

  // `now` is the steady clock's: timeouts are reckoned from it.
  virtual void Poll(SteadyTime now) = 0;
  // Call Poll when this time has come, or when the descriptor is readable; not before,
  // if you like. min(): at once, as after Start. max(): never by itself.
  virtual SteadyTime NextDeadline() const = 0;
  // Readable (epoll, poll, select) when bytes have come or can go out, or a request was
  // started or resumed since the last Poll; -1 if there is no such descriptor.
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
