// The socket of one connection to a LoopbackServer, with TLS or without.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "testing/loopback_tls.h"

namespace k8sentry::testing::internal {

class LoopbackSocket {
 public:
  // Owns `fd`. `tls` may be null.
  LoopbackSocket(int fd, std::unique_ptr<TlsSession> tls);
  ~LoopbackSocket();
  LoopbackSocket(const LoopbackSocket&) = delete;
  LoopbackSocket& operator=(const LoopbackSocket&) = delete;

  int fd() const { return fd_; }
  // Whether reading waits for a place to write (a handshake does).
  bool wants_write() const { return tls_ && tls_->wants_write(); }
  // Appends what has come. False: the end, or an error.
  bool Read(std::string& in);
  // How many bytes of `out` it took; -1: an error.
  std::ptrdiff_t Write(std::string_view out);
  void CloseWriting();
  // The connection will end with RST instead of FIN.
  void Reset();

 private:
  const int fd_;
  std::unique_ptr<TlsSession> tls_;
};

}  // namespace k8sentry::testing::internal
