// The server's half of TLS, for LoopbackServer: as read(2) and write(2), but encrypted.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <memory>

#include "k8sentry/testing/loopback_server.h"

namespace k8sentry::testing::internal {

// One connection. Reads and writes return -1 with errno EAGAIN when they would block;
// 0 from Read is the end.
class TlsSession {
 public:
  virtual ~TlsSession() = default;
  virtual ssize_t Read(char* data, std::size_t size) = 0;
  virtual ssize_t Write(const char* data, std::size_t size) = 0;
  // Whether the last Read waits for a place to write (a handshake does).
  virtual bool wants_write() const = 0;
};

// Certificates and key, ready to serve. Used by one thread.
class TlsContext {
 public:
  virtual ~TlsContext() = default;
  virtual std::unique_ptr<TlsSession> NewSession(int fd) = 0;
};

// Errors: kConfiguration (PEM that cannot be read).
Result<std::unique_ptr<TlsContext>> NewTlsContext(const LoopbackTls& options);

}  // namespace k8sentry::testing::internal
