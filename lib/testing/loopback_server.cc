#include "k8sentry/testing/loopback_server.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <strings.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "testing/loopback_connection.h"
#include "testing/loopback_tls.h"

namespace k8sentry::testing {
namespace {

using internal::LoopbackConnection;

class PollServer : public LoopbackServer {
 public:
  PollServer(Handler handler, std::unique_ptr<internal::TlsContext> tls, int listener,
             int wake, int port)
      : handler_(std::move(handler)),
        tls_(std::move(tls)),
        listener_(listener),
        wake_(wake),
        port_(port),
        thread_([this] { Serve(); }) {}

  ~PollServer() override {
    stop_ = true;
    Wake();
    thread_.join();
    close(listener_);
    close(wake_);
  }

  int port() const override { return port_; }
  std::string url() const override {
    return (tls_ ? "https://127.0.0.1:" : "http://127.0.0.1:") + std::to_string(port_);
  }

  std::vector<LoopbackRequest> requests() const override {
    const std::lock_guard<std::mutex> lock(mutex_);
    return requests_;
  }

  bool WaitForRequests(std::size_t count, Duration limit) const override {
    std::unique_lock<std::mutex> lock(mutex_);
    return arrived_.wait_for(lock, limit, [&] { return requests_.size() >= count; });
  }

  void SendOnOpen(std::string chunk) override {
    if (chunk.empty()) return;  // an empty chunk would end the response
    Command(std::move(chunk));
  }
  void Release() override { Command(""); }

 private:
  // A chunk for the open responses; empty: their end.
  void Command(std::string command) {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      commands_.push_back(std::move(command));
    }
    Wake();
  }

  void Wake() {
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t n = write(wake_, &one, sizeof one);
  }

  void Serve() {
    // OpenSSL writes with write(2), which knows no MSG_NOSIGNAL.
    sigset_t broken_pipe;
    sigemptyset(&broken_pipe);
    sigaddset(&broken_pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &broken_pipe, nullptr);
    std::vector<pollfd> fds;
    while (!stop_) {
      fds.assign({{listener_, POLLIN, 0}, {wake_, POLLIN, 0}});
      for (const auto& c : connections_) fds.push_back({c->fd(), c->interest(), 0});
      poll(fds.data(), fds.size(), -1);
      if (fds[1].revents != 0) {
        std::uint64_t ignored = 0;
        [[maybe_unused]] const ssize_t n = read(wake_, &ignored, sizeof ignored);
      }
      for (std::size_t i = 2; i < fds.size(); ++i) {
        if (fds[i].revents != 0 && !Step(*connections_[i - 2], fds[i].revents)) {
          connections_[i - 2].reset();
        }
      }
      std::erase(connections_, nullptr);
      RunCommands();
      if (fds[0].revents != 0) Accept();
    }
  }

  bool Step(LoopbackConnection& connection, short ready) {
    if (!connection.Move(ready)) return false;
    while (auto request = connection.NextRequest()) {
      connection.Answer(handler_(*request));
      // Known only now, so that SendOnOpen after WaitForRequests finds it open.
      {
        const std::lock_guard<std::mutex> lock(mutex_);
        requests_.push_back(*std::move(request));
      }
      arrived_.notify_all();
      if (!connection.Flush()) return false;
    }
    return connection.Flush();
  }

  void RunCommands() {
    std::vector<std::string> commands;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      commands.swap(commands_);
    }
    for (const std::string& command : commands) {
      for (auto& connection : connections_) {
        if (!connection->open()) continue;
        command.empty() ? connection->EndOpen() : connection->SendChunk(command);
        if (!connection->Flush()) connection.reset();
      }
      std::erase(connections_, nullptr);
    }
  }

  void Accept() {
    for (;;) {
      const int fd = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0) return;
      const int on = 1;
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      connections_.push_back(std::make_unique<LoopbackConnection>(
          fd, ++accepted_, tls_ ? tls_->NewSession(fd) : nullptr));
    }
  }

  const Handler handler_;
  const std::unique_ptr<internal::TlsContext> tls_;
  const int listener_;
  const int wake_;
  const int port_;
  std::atomic<bool> stop_ = false;
  mutable std::mutex mutex_;  // for the three below
  mutable std::condition_variable arrived_;
  std::vector<LoopbackRequest> requests_;
  std::vector<std::string> commands_;
  std::vector<std::unique_ptr<LoopbackConnection>> connections_;  // the thread's
  std::uint64_t accepted_ = 0;
  std::thread thread_;  // last: it uses all of the above
};

Result<std::unique_ptr<LoopbackServer>> Listen(
    LoopbackServer::Handler handler, std::unique_ptr<internal::TlsContext> tls) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (fd < 0 || wake < 0 || bind(fd, generic, length) != 0 || listen(fd, 128) != 0 ||
      getsockname(fd, generic, &length) != 0) {
    if (fd >= 0) close(fd);
    if (wake >= 0) close(wake);
    return Status(StatusCode::kUnavailable, "no port on 127.0.0.1 to listen on");
  }
  return std::unique_ptr<LoopbackServer>(std::make_unique<PollServer>(
      std::move(handler), std::move(tls), fd, wake, ntohs(address.sin_port)));
}

}  // namespace

std::string_view LoopbackRequest::header(std::string_view name) const {
  for (const HttpHeader& h : headers) {
    if (h.name.size() == name.size() &&
        strncasecmp(h.name.data(), name.data(), name.size()) == 0) {
      return h.value;
    }
  }
  return {};
}

Result<std::unique_ptr<LoopbackServer>> NewLoopbackServer(
    LoopbackServer::Handler handler) {
  return Listen(std::move(handler), nullptr);
}

Result<std::unique_ptr<LoopbackServer>> NewLoopbackServer(
    LoopbackServer::Handler handler, const LoopbackTls& tls) {
  auto context = internal::NewTlsContext(tls);
  if (!context.ok()) return context.status();
  return Listen(std::move(handler), *std::move(context));
}

}  // namespace k8sentry::testing
