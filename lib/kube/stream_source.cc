#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "k8sentry/event_source.h"

namespace k8sentry {
namespace {

constexpr std::size_t kReadBytes = 256 << 10;

class DecoderSource : public EventSource {
 public:
  explicit DecoderSource(WatchDecoder& decoder) : decoder_(decoder) {}

  EventBatch Poll(Now) override {
    const std::span<const Event> events = decoder_.NextEvents();
    read_bytes_ = decoder_.counters().bytes;
    if (!events.empty()) return {SourceState::kEvents, events};
    read_bytes_all_ = true;
    return {decoder_.ended() ? SourceState::kEnded : SourceState::kIdle, {}};
  }
  bool ready() const override {
    return !read_bytes_all_ || decoder_.ended() ||
           decoder_.counters().bytes != read_bytes_;
  }
  const DecoderCounters& counters() const override { return decoder_.counters(); }
  std::string_view malformed_sample() const override {
    return decoder_.malformed_sample();
  }

 private:
  WatchDecoder& decoder_;
  std::uint64_t read_bytes_ = 0;  // counted when it was last polled
  bool read_bytes_all_ = true;    // and nothing was left of them
};

class DescriptorSource : public EventSource {
 public:
  DescriptorSource(int fd, const WatchDecoderOptions& options)
      : fd_(fd), decoder_(options) {
    struct stat info = {};
    regular_ = fstat(fd, &info) == 0 && S_ISREG(info.st_mode);
    if (regular_) total_bytes_ = static_cast<std::uint64_t>(info.st_size);
    // Another descriptor of the same file keeps its flags: this one is ours alone.
    const int flags = fcntl(fd, F_GETFD);
    if (flags >= 0) fcntl(fd, F_SETFD, flags | FD_CLOEXEC);
  }
  ~DescriptorSource() override {
    if (fd_ >= 0) close(fd_);
  }
  DescriptorSource(const DescriptorSource&) = delete;
  DescriptorSource& operator=(const DescriptorSource&) = delete;

  EventBatch Poll(Now) override {
    // What one read brought is given out before the next.
    while (true) {
      const std::span<const Event> events = decoder_.NextEvents();
      if (!events.empty()) {
        decoded_all_ = false;
        return {SourceState::kEvents, events};
      }
      decoded_all_ = true;
      if (!status_.ok()) return {SourceState::kFailed, {}};
      if (decoder_.ended()) return {SourceState::kEnded, {}};
      if (!Read()) return {SourceState::kIdle, {}};
    }
  }

  int descriptor() const override { return regular_ ? -1 : fd_; }
  bool ready() const override { return regular_ || !decoded_all_; }
  const DecoderCounters& counters() const override { return decoder_.counters(); }
  std::string_view malformed_sample() const override {
    return decoder_.malformed_sample();
  }
  Status status() const override { return status_; }
  std::optional<std::uint64_t> total_bytes() const override { return total_bytes_; }

 private:
  // Reads once. False: it would have to wait.
  bool Read() {
    // O_NONBLOCK would hold for every process that shares this pipe or terminal, so
    // poll says whether read may be called.
    if (!regular_) {
      pollfd ready = {fd_, POLLIN, 0};
      if (poll(&ready, 1, 0) == 0) return false;
    }
    const std::span<char> room = decoder_.Prepare(kReadBytes);
    const ssize_t bytes = read(fd_, room.data(), room.size());
    if (bytes < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) {
      return false;
    }
    if (bytes > 0) {
      decoder_.Commit(static_cast<std::size_t>(bytes));
      return true;
    }
    if (bytes < 0) {
      status_ = Status(StatusCode::kDataLoss,
                       std::string("reading failed: ") + std::strerror(errno));
    }
    decoder_.End(StreamEnd::kFile);
    return true;
  }

  int fd_;
  WatchDecoder decoder_;
  bool regular_ = false;
  bool decoded_all_ = true;
  std::optional<std::uint64_t> total_bytes_;
  Status status_;
};

}  // namespace

std::unique_ptr<EventSource> NewDecoderSource(WatchDecoder& decoder) {
  return std::make_unique<DecoderSource>(decoder);
}

std::unique_ptr<EventSource> NewDescriptorSource(int fd,
                                                 const WatchDecoderOptions& options) {
  return std::make_unique<DescriptorSource>(fd, options);
}

Result<std::unique_ptr<EventSource>> NewFileSource(const std::string& path,
                                                   const WatchDecoderOptions& options) {
  // O_NONBLOCK: opening a FIFO does not wait for its writer.
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) {
    const int error = errno;
    const bool denied = error == EACCES || error == EPERM;
    return Status(denied ? StatusCode::kPermissionDenied : StatusCode::kNotFound,
                  path + ": " + std::strerror(error));
  }
  return NewDescriptorSource(fd, options);
}

}  // namespace k8sentry
