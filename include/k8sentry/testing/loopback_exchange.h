// One request to a LoopbackServer, and what a script wants it to be answered with.
//
// Threads: values; a LoopbackBody is asked by the server's thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "k8sentry/http_transport.h"

namespace k8sentry::testing {

struct LoopbackRequest {
  std::string method;
  std::string target;  // path and query
  std::vector<HttpHeader> headers;
  std::string body;
  std::uint64_t connection = 0;  // same number: same connection
  std::uint32_t stream = 0;      // of HTTP/2; 0: HTTP/1.1

  std::string_view header(std::string_view name) const;  // in any case; empty if absent
};

// What comes after a piece of a body.
enum class LoopbackThen : std::uint8_t {
  kMore,
  kWait,   // nothing until `ask_again`, or LoopbackServer::Wake
  kEnd,    // the end, as HTTP writes it
  kClose,  // the connection ends without it
  kReset,  // so, with RST; in HTTP/2 RST_STREAM(INTERNAL_ERROR)
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
  // Sent instead of all of that, status line and headers included. HTTP/1.1 only.
  std::shared_ptr<LoopbackBody> raw = {};
  bool never_answer = false;  // read the request, say nothing
  bool stop_reading = false;  // take no byte more of this connection
  // Send only so many bytes of head and body, then reset the connection.
  std::optional<std::size_t> reset_after_bytes;
  bool close = false;  // close the connection after this response
};

}  // namespace k8sentry::testing
