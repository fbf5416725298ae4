#include "k8sentry/testing/loopback_server.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <strings.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>

#include "testing/loopback_connection.h"
#include "testing/loopback_tls.h"

namespace k8sentry::testing {
namespace {

using internal::LoopbackConnection;

Status NoPort() {
  return Status(StatusCode::kUnavailable, "no port on 127.0.0.1 to listen on");
}

// A socket that listens on `port`; 0: on any.
Result<int> Listener(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return NoPort();
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  if (bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
      listen(fd, 128) == 0) {
    return fd;
  }
  close(fd);
  return NoPort();
}

class PollServer : public LoopbackServer {
 public:
  PollServer(Handler handler, const LoopbackOptions& options,
             std::unique_ptr<internal::TlsContext> tls, int listener, int wake,
             int port)
      : handler_(std::move(handler)),
        options_(options),
        speaks_tls_(tls != nullptr),
        wake_(wake),
        port_(port),
        tls_(std::move(tls)),
        listener_(listener),
        thread_([this] { Serve(); }) {}

  ~PollServer() override {
    stop_ = true;
    Wake();
    thread_.join();
    if (listener_ >= 0) close(listener_);
    close(wake_);
  }

  int port() const override { return port_; }
  std::string url() const override {
    return (speaks_tls_ ? "https://127.0.0.1:" : "http://127.0.0.1:") +
           std::to_string(port_);
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

  void Wake() override {
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t n = write(wake_, &one, sizeof one);
  }
  Status SetTls(const LoopbackTls& tls) override {
    auto context = internal::NewTlsContext(tls);
    if (!context.ok()) return context.status();
    const std::lock_guard<std::mutex> lock(mutex_);
    tls_ = *std::move(context);
    return {};
  }
  void Freeze() override { frozen_ = true; }
  void Thaw() override {
    frozen_ = false;
    Wake();
  }
  void GoAway() override {
    go_away_ = true;
    Wake();
  }
  void ResetConnections() override { CutAndWait(Cut::kConnections); }
  void Kill() override { CutAndWait(Cut::kAll); }
  Status Restart() override {
    Result<int> listener = Listener(port_);
    if (!listener.ok()) return listener.status();
    const std::lock_guard<std::mutex> lock(mutex_);
    if (listener_ >= 0) close(*listener);
    if (listener_ < 0) listener_ = *listener;
    Wake();
    return {};
  }

 private:
  enum class Cut { kNone, kConnections, kAll };

  // Returns when it is done: whoever kills a server wants to find it dead.
  void CutAndWait(Cut cut) {
    std::unique_lock<std::mutex> lock(mutex_);
    cut_ = cut;
    Wake();
    arrived_.wait(lock, [&] { return cut_ == Cut::kNone; });
  }

  // Whether there was something to cut, so that what poll(2) said is no longer true.
  bool RunCut() {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (cut_ == Cut::kNone) return false;
    for (auto& connection : connections_) connection->Reset();
    connections_.clear();
    if (cut_ == Cut::kAll && listener_ >= 0) {
      close(listener_);  // with what waits in it
      listener_ = -1;
    }
    cut_ = Cut::kNone;
    arrived_.notify_all();
    return true;
  }

  // A chunk for the open responses; empty: their end.
  void Command(std::string command) {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      commands_.push_back(std::move(command));
    }
    Wake();
  }

  void Serve() {
    // OpenSSL writes with write(2), which knows no MSG_NOSIGNAL.
    sigset_t broken_pipe;
    sigemptyset(&broken_pipe);
    sigaddset(&broken_pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &broken_pipe, nullptr);
    std::vector<pollfd> fds;
    while (!stop_) {
      const int listener = Listening();
      fds.assign({{wake_, POLLIN, 0}, {listener, POLLIN, 0}});
      SteadyTime deadline = SteadyTime::max();
      for (const auto& c : connections_) {
        fds.push_back({c->fd(), c->interest(), 0});
        deadline = std::min(deadline, c->deadline());
      }
      if (frozen_) {
        fds.resize(1);
        deadline = SteadyTime::max();
      }
      poll(fds.data(), fds.size(), MillisUntil(deadline));
      if (fds[0].revents != 0) {
        std::uint64_t ignored = 0;
        [[maybe_unused]] const ssize_t n = read(wake_, &ignored, sizeof ignored);
      }
      if (RunCut()) continue;
      goes_away_ = go_away_.exchange(false);
      if (frozen_ || fds.size() != connections_.size() + 2) continue;
      for (std::size_t i = 2; i < fds.size(); ++i) {
        if (!Step(connections_[i - 2], fds[i].revents)) connections_[i - 2].reset();
      }
      std::erase(connections_, nullptr);
      RunCommands();
      if (fds[1].revents != 0) Accept(listener);
    }
  }

  int Listening() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return listener_;
  }

  static SteadyTime Present() { return std::chrono::steady_clock::now(); }
  static int MillisUntil(SteadyTime deadline) {
    if (deadline == SteadyTime::max()) return -1;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(
        std::max(deadline, SteadyTime()) - Present());
    return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 60000));
  }

  bool Step(std::unique_ptr<LoopbackConnection>& connection, short ready) {
    if (goes_away_) connection->GoAway();
    if (!connection->Move(ready, Present())) return false;
    if (auto upgraded = connection->TakeUpgrade()) {
      connection = std::move(upgraded);
      if (!connection->Move(0, Present())) return false;
    }
    while (auto request = connection->NextRequest()) {
      connection->Answer(*request, handler_(*request));
      // Known only now, so that SendOnOpen after WaitForRequests finds it open.
      {
        const std::lock_guard<std::mutex> lock(mutex_);
        requests_.push_back(*std::move(request));
      }
      arrived_.notify_all();
      if (!connection->Flush(Present())) return false;
    }
    return connection->Flush(Present());
  }

  void RunCommands() {
    std::vector<std::string> commands;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      commands.swap(commands_);
    }
    for (const std::string& command : commands) {
      for (auto& connection : connections_) {
        command.empty() ? connection->EndOpen() : connection->SendChunk(command);
        if (!connection->Flush(Present())) connection.reset();
      }
      std::erase(connections_, nullptr);
    }
  }

  void Accept(int listener) {
    for (;;) {
      const int fd = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0) return;
      const int on = 1;
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      const std::lock_guard<std::mutex> lock(mutex_);
      connections_.push_back(
          internal::NewHttp1Connection(std::make_unique<internal::LoopbackSocket>(
                                           fd, tls_ ? tls_->NewSession(fd) : nullptr),
                                       ++accepted_, options_));
    }
  }

  const Handler handler_;
  const LoopbackOptions options_;
  const bool speaks_tls_;
  const int wake_;
  const int port_;
  std::atomic<bool> stop_ = false;
  std::atomic<bool> frozen_ = false;
  std::atomic<bool> go_away_ = false;
  mutable std::mutex mutex_;  // for the six below
  mutable std::condition_variable arrived_;
  std::vector<LoopbackRequest> requests_;
  std::vector<std::string> commands_;
  std::unique_ptr<internal::TlsContext> tls_;
  int listener_;  // -1: killed
  Cut cut_ = Cut::kNone;
  std::vector<std::unique_ptr<LoopbackConnection>> connections_;  // the thread's
  std::uint64_t accepted_ = 0;
  bool goes_away_ = false;  // said to all connections in this round
  std::thread thread_;      // last: it uses all of the above
};

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
    LoopbackServer::Handler handler, const LoopbackOptions& options) {
  std::unique_ptr<internal::TlsContext> tls;
  if (!options.tls.certificate_pem.empty() || !options.tls.key_pem.empty()) {
    auto context = internal::NewTlsContext(options.tls);
    if (!context.ok()) return context.status();
    tls = *std::move(context);
  }
  Result<int> listener = Listener(0);
  if (!listener.ok()) return listener.status();
  const int wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  sockaddr_in address = {};
  socklen_t length = sizeof address;
  if (wake < 0 ||
      getsockname(*listener, reinterpret_cast<sockaddr*>(&address), &length) != 0) {
    close(*listener);
    if (wake >= 0) close(wake);
    return NoPort();
  }
  return std::unique_ptr<LoopbackServer>(
      std::make_unique<PollServer>(std::move(handler), options, std::move(tls),
                                   *listener, wake, ntohs(address.sin_port)));
}

Result<std::unique_ptr<LoopbackServer>> NewLoopbackServer(
    LoopbackServer::Handler handler, const LoopbackTls& tls) {
  return NewLoopbackServer(std::move(handler), LoopbackOptions{.tls = tls});
}

}  // namespace k8sentry::testing
