#include "testing/loopback_socket.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

namespace k8sentry::testing::internal {

LoopbackSocket::LoopbackSocket(int fd, std::unique_ptr<TlsSession> tls)
    : fd_(fd), tls_(std::move(tls)) {}

LoopbackSocket::~LoopbackSocket() {
  tls_.reset();
  close(fd_);
}

bool LoopbackSocket::Read(std::string& in) {
  char buffer[64 << 10];
  for (;;) {
    const ssize_t n =
        tls_ ? tls_->Read(buffer, sizeof buffer) : recv(fd_, buffer, sizeof buffer, 0);
    if (n > 0) {
      in.append(buffer, static_cast<std::size_t>(n));
    } else if (n < 0 && errno == EINTR) {
      continue;
    } else {
      return n < 0 && errno == EAGAIN;
    }
  }
}

std::ptrdiff_t LoopbackSocket::Write(std::string_view out) {
  if (out.empty()) return 0;
  const ssize_t n = tls_ ? tls_->Write(out.data(), out.size())
                         : send(fd_, out.data(), out.size(), MSG_NOSIGNAL);
  if (n >= 0) return n;
  return errno == EAGAIN || errno == EINTR ? 0 : -1;
}

void LoopbackSocket::CloseWriting() { shutdown(fd_, SHUT_WR); }

void LoopbackSocket::Reset() {
  // Closing a lingering socket with a limit of 0 sends RST instead of FIN.
  const linger at_once = {1, 0};
  setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

}  // namespace k8sentry::testing::internal
