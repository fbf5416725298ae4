#include "output.h"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "exit_code.h"

namespace k8sentry::cli {

void Output::Write(std::string_view text) {
  buffer_ += text;
  if (buffer_.size() >= 65536) Flush();
}

void Output::Flush() {
  std::string_view rest = buffer_;
  while (!rest.empty() && !reader_is_gone_ && status_.ok()) {
    const ssize_t n = write(STDOUT_FILENO, rest.data(), rest.size());
    if (n >= 0) {
      rest.remove_prefix(static_cast<std::size_t>(n));
    } else if (errno == EAGAIN) {  // someone made our terminal non-blocking
      pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT, .revents = 0};
      poll(&out, 1, -1);
    } else if (errno == EPIPE) {
      reader_is_gone_ = true;
    } else if (errno != EINTR) {
      status_ = Status(StatusCode::kUnavailable,
                       std::string("cannot write the output: ") + std::strerror(errno));
    }
  }
  buffer_.clear();
}

void Output::DieOfReader() {
  signal(SIGPIPE, SIG_DFL);
  raise(SIGPIPE);
  _exit(kExitFailure);  // it is blocked
}

}  // namespace k8sentry::cli
