// A FakeFault is one thing that goes wrong between a client and an API server.
//
// It says which requests it meets, and then what becomes of them, down to the byte. All
// of it can be combined: a gzipped watch that drips and is reset.
//
//   {.verb = "list", .status = 429, .headers = {{"Retry-After", "1"}}}
//   {.verb = "watch", .after_frames = 2, .lines = {"nonsense"}}
//   {.verb = "watch", .times = FakeFault::kAlways, .then = FakeFault::kSilence}
//
// Threads: a value.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "k8sentry/http_transport.h"
#include "k8sentry/time.h"

namespace k8sentry::testing {

struct FakeFault {
  enum Then : std::uint8_t {
    kGoOn,
    kEnd,      // the response ends, as if all was said
    kClose,    // the connection closes, although it was not
    kReset,    // so, but with RST; in HTTP/2 RST_STREAM(INTERNAL_ERROR)
    kSilence,  // nothing more, whatever timeoutSeconds says
  };
  static constexpr int kAlways = -1;

  // Of the requests with this verb ("list", "watch", "get", ...) and a path that begins
  // so (empty: any), the first `skip` pass and the next `times` do not.
  std::string verb = {};
  std::string path = {};
  int skip = 0;
  int times = 1;

  // Instead of a response.
  bool no_answer = false;
  // No byte more is read from the connection, though this request is answered.
  bool stop_reading = false;

  // Instead of the truth; 0: the truth.
  int status = 0;
  std::string body = {};
  // Besides the response's own headers. "Connection: close" is acted upon.
  std::vector<HttpHeader> headers = {};

  // Compress; a watch with one member for each frame, as watch-lists are.
  bool gzip = false;
  // So many spaces, compressed, before the body (in whole MiB).
  std::uint64_t gzip_bomb_bytes = 0;

  // In a watch the rest begins when so many frames were sent.
  int after_frames = 0;
  // Sent then, each with "\n", whatever they are.
  std::vector<std::string> lines = {};
  // `then` happens when so many bytes more of the truth were sent.
  std::uint64_t after_bytes = 0;
  Then then = kGoOn;

  // From the beginning: one byte at a time, with pauses of this length.
  Duration drip = {};
};

// The Status object of an error; `details` and `metadata` are JSON objects.
std::string ApiStatusJson(int code, std::string_view reason, std::string_view message,
                          std::string_view details = "{}",
                          std::string_view metadata = "{}");
// The ERROR frame of a watch with that Status, for `FakeFault::lines`.
std::string ApiErrorFrame(std::string_view status_json);

}  // namespace k8sentry::testing
