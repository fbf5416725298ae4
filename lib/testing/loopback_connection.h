// One connection of a LoopbackServer: bytes in, requests out, responses back.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "k8sentry/testing/loopback_server.h"
#include "testing/loopback_tls.h"

namespace k8sentry::testing::internal {

class LoopbackConnection {
 public:
  // Owns `fd`. `tls` may be null.
  LoopbackConnection(int fd, std::uint64_t id, std::unique_ptr<TlsSession> tls);
  ~LoopbackConnection();
  LoopbackConnection(const LoopbackConnection&) = delete;
  LoopbackConnection& operator=(const LoopbackConnection&) = delete;

  int fd() const { return fd_; }
  // What poll(2) is to wait for.
  short interest() const;
  // When Move has something to do although nothing is ready.
  SteadyTime deadline() const {
    return body_ && sent_ == out_.size() ? ask_again_ : SteadyTime::max();
  }
  // Moves bytes both ways. False: the connection is over.
  bool Move(short ready, SteadyTime now);
  // The next whole request, if none is being answered.
  std::optional<LoopbackRequest> NextRequest();
  void Answer(const LoopbackResponse& response);
  // Whether a response stays open, and what can be done to it.
  bool open() const { return open_; }
  void SendChunk(const std::string& chunk);
  void EndOpen();
  // Writes what fits. False: the connection is over.
  bool Flush(SteadyTime now);
  // The connection will end with RST instead of FIN.
  void Reset();

 private:
  bool Read();
  void Queue(std::string_view bytes);
  bool Write();
  void Pull(SteadyTime now);

  int fd_;
  std::uint64_t id_;
  std::unique_ptr<TlsSession> tls_;
  std::string in_;
  std::string out_;
  std::size_t sent_ = 0;  // of `out_`
  std::optional<std::size_t> bytes_before_reset_;
  std::shared_ptr<LoopbackBody> body_;
  SteadyTime ask_again_ = SteadyTime::max();
  bool chunked_ = false;
  bool reads_ = true;
  bool answering_ = false;  // a response is under way, or never comes
  bool open_ = false;
  bool close_after_ = false;
  bool continued_ = false;  // "100 Continue" has been said for the request at hand
};

}  // namespace k8sentry::testing::internal
