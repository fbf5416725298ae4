// A LoopbackServer answers HTTP/1.1 on 127.0.0.1 as a test's script says.
//
// It is what FakeSentry stands on, and what tests of an HttpTransport talk to: it can
// answer late, in pieces, never, or with a reset in the middle of a body.
//
// Threads: it owns one thread, which calls the handler; all calls from any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "k8sentry/http_transport.h"

namespace k8sentry::testing {

struct LoopbackRequest {
  std::string method;
  std::string target;  // path and query
  std::vector<HttpHeader> headers;
  std::string body;
  std::uint64_t connection = 0;  // same number: same connection

  std::string_view header(std::string_view name) const;  // in any case; empty if absent
};

// What comes after a piece of a body.
enum class LoopbackThen : std::uint8_t {
  kMore,
  kWait,   // nothing until `ask_again`, or LoopbackServer::Wake
  kEnd,    // the end, as HTTP writes it
  kClose,  // the connection ends without it
  kReset,  // RST
};

// A body that is written while it is sent: a watch, a slow answer, a broken one.
class LoopbackBody {
 public:
  struct Piece {
    std::string bytes = {};
    LoopbackThen then = LoopbackThen::kMore;
    SteadyTime ask_again = SteadyTime::max();
  };
  virtual ~LoopbackBody() = default;
  // The next piece, when there is room for it. Called by the server's thread.
  virtual Piece Next(SteadyTime now) = 0;
};

struct LoopbackResponse {
  int status = 200;
  std::vector<HttpHeader> headers;
  std::string body;
  // Chunks sent one by one instead of `body`, as `Transfer-Encoding: chunked`.
  std::vector<std::string> chunks;
  // After the chunks: leave the response open (a watch) until the server stops or
  // Release is called.
  bool stay_open = false;
  // Sent after all of that, chunked unless `headers` tell the length.
  std::shared_ptr<LoopbackBody> stream = {};
  bool never_answer = false;  // read the request, say nothing
  bool stop_reading = false;  // take no byte more of this connection
  // Send only so many bytes of head and body, then reset the connection.
  std::optional<std::size_t> reset_after_bytes;
  bool close = false;  // close the connection after this response
};

// PEM, for a server that speaks TLS.
struct LoopbackTls {
  std::string certificate_pem;
  std::string key_pem;
  std::string client_ca_pem;  // not empty: clients must show a certificate of this CA
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
  // Resets all connections.
  virtual void ResetConnections() = 0;
  // Does that and refuses new ones, until Restart on the same port: a killed process.
  virtual void Kill() = 0;
  virtual Status Restart() = 0;
};

// Errors: kUnavailable when there is no port; kConfiguration for PEM that is none.
Result<std::unique_ptr<LoopbackServer>> NewLoopbackServer(
    LoopbackServer::Handler handler);
Result<std::unique_ptr<LoopbackServer>> NewLoopbackServer(
    LoopbackServer::Handler handler, const LoopbackTls& tls);

}  // namespace k8sentry::testing
