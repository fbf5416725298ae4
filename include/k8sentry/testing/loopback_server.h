// A LoopbackServer answers HTTP on 127.0.0.1 as a test's script says: HTTP/1.1, and
// HTTP/2 to clients that begin with it.
//
// It is what FakeSentry stands on, and what tests of an HttpTransport talk to: it can
// answer late, in pieces, never, or with a reset in the middle of a body.
//
// Threads: it owns one thread, which calls the handler; all calls from any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "k8sentry/testing/loopback_exchange.h"

namespace k8sentry::testing {

// PEM, for a server that speaks TLS.
struct LoopbackTls {
  std::string certificate_pem;
  std::string key_pem;
  std::string client_ca_pem;  // not empty: clients must show a certificate of this CA
};

struct LoopbackOptions {
  LoopbackTls tls = {};  // without a certificate: no TLS
  // What clients of HTTP/2 are told. With a window of 0 no body ever arrives.
  std::uint32_t max_concurrent_streams = 100;
  std::uint32_t upload_window_bytes = 65535;
};

class LoopbackServer {
 public:
  using Handler = std::function<LoopbackResponse(const LoopbackRequest&)>;

  virtual ~LoopbackServer() = default;

  virtual int port() const = 0;
  virtual std::string url() const = 0;  // "http://127.0.0.1:PORT", or https

  // All requests so far, in order of arrival.
  virtual std::vector<LoopbackRequest> requests() const = 0;
  // Waits until at least `count` requests have come; false when `limit` passed first.
  virtual bool WaitForRequests(std::size_t count, Duration limit) const = 0;
  // Sends `chunk` on every response that stays open.
  virtual void SendOnOpen(std::string chunk) = 0;
  // Ends every response that stays open, cleanly.
  virtual void Release() = 0;

  // Asks all bodies that wait for their next piece.
  virtual void Wake() = 0;
  // Shows other certificates from the next connection on. Requires: it speaks TLS.
  // Errors: kConfiguration for PEM that is none.
  virtual Status SetTls(const LoopbackTls& tls) = 0;
  // Does nothing at all, on no connection, until Thaw: a stopped process.
  virtual void Freeze() = 0;
  virtual void Thaw() = 0;
  // Asks clients to come on other connections: GOAWAY, or "Connection: close" with the
  // next answer.
  virtual void GoAway() = 0;
  // Resets all connections.
  virtual void ResetConnections() = 0;
  // Does that and refuses new ones, until Restart on the same port: a killed process.
  virtual void Kill() = 0;
  virtual Status Restart() = 0;
};

// Errors: kUnavailable when there is no port; kConfiguration for PEM that is none.
Result<std::unique_ptr<LoopbackServer>> NewLoopbackServer(
    LoopbackServer::Handler handler, const LoopbackOptions& options = {});
Result<std::unique_ptr<LoopbackServer>> NewLoopbackServer(
    LoopbackServer::Handler handler, const LoopbackTls& tls);

}  // namespace k8sentry::testing
