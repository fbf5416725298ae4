#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "k8sentry/state.h"

namespace k8sentry {
namespace {

constexpr std::size_t kMaxBytes = 64 << 20;

class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  int get() const { return fd_; }
  bool ok() const { return fd_ >= 0; }

 private:
  int fd_;
};

Status Bad(const std::string& what) { return Status(StatusCode::kConfiguration, what); }
Status Failed(const std::string& path, const char* doing) {
  return Status(StatusCode::kUnavailable,
                path + ": cannot " + doing + ": " + std::strerror(errno));
}

// Only we may be able to change what we will believe later.
Status CheckOurs(int fd, const std::string& path) {
  struct stat info = {};
  if (fstat(fd, &info) != 0) return Bad(path + ": " + std::strerror(errno));
  if (info.st_uid != geteuid()) return Bad(path + ": belongs to another user");
  if ((info.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return Bad(path + ": others may write to it; take a directory of mode 0700");
  }
  return {};
}

Result<std::string> ReadAll(int fd, const std::string& path) {
  std::string text;
  char buffer[1 << 16];
  for (;;) {
    const ssize_t n = read(fd, buffer, sizeof buffer);
    if (n == 0) return text;
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Bad(path + ": " + std::strerror(errno));
    text.append(buffer, static_cast<std::size_t>(n));
    if (text.size() > kMaxBytes) return Bad(path + ": is larger than 64 MiB");
  }
}

bool WriteAll(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

class RenamedFile final : public StateFile {
 public:
  RenamedFile(std::string path, std::string name, Descriptor directory, Descriptor lock,
              std::optional<State> found)
      : path_(std::move(path)),
        name_(std::move(name)),
        temporary_(name_ + ".new"),
        directory_(std::move(directory)),
        lock_(std::move(lock)),
        found_(std::move(found)) {}

  const std::optional<State>& found() const override { return found_; }

  Status Save(const State& state) override {
    unlinkat(directory_.get(), temporary_.c_str(), 0);  // of a process that was killed
    const Descriptor file(openat(directory_.get(), temporary_.c_str(),
                                 O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                                 0600));
    if (!file.ok()) return Failed(path_, "be written");
    if (!WriteAll(file.get(), FormatState(state)) || fsync(file.get()) != 0) {
      return Failed(path_, "be written");
    }
    if (renameat(directory_.get(), temporary_.c_str(), directory_.get(),
                 name_.c_str()) != 0 ||
        fsync(directory_.get()) != 0) {
      return Failed(path_, "be replaced");
    }
    return {};
  }

 private:
  const std::string path_, name_, temporary_;
  const Descriptor directory_, lock_;
  const std::optional<State> found_;
};

Result<std::optional<State>> ReadFound(int directory, const std::string& name,
                                       const std::string& path) {
  const Descriptor file(
      openat(directory, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!file.ok() && errno == ENOENT) return std::optional<State>();
  if (!file.ok() && errno == ELOOP) return Bad(path + ": is a symbolic link");
  if (!file.ok()) return Bad(path + ": " + std::strerror(errno));
  struct stat info = {};
  if (fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode)) {
    return Bad(path + ": is not a regular file");
  }
  if (Status ours = CheckOurs(file.get(), path); !ours.ok()) return ours;
  Result<std::string> text = ReadAll(file.get(), path);
  if (!text.ok()) return text.status();
  Result<State> state = ParseState(*text);
  if (!state.ok()) {
    return state.status().WithContext(path + ": remove it to begin anew");
  }
  return std::optional<State>(*std::move(state));
}

}  // namespace

Result<std::unique_ptr<StateFile>> OpenStateFile(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  const std::string name = path.substr(slash == path.npos ? 0 : slash + 1);
  const std::string parent = slash == path.npos ? "."
                             : slash == 0       ? "/"
                                                : path.substr(0, slash);
  if (name.empty() || name == "." || name == "..") return Bad(path + ": names no file");
  if (mkdir(parent.c_str(), 0700) != 0 && errno != EEXIST) {
    return Bad(parent + ": cannot be made: " + std::strerror(errno));
  }
  Descriptor directory(open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory.ok()) return Bad(parent + ": " + std::strerror(errno));
  if (Status ours = CheckOurs(directory.get(), parent); !ours.ok()) return ours;

  const std::string lock_name = name + ".lock";
  Descriptor lock(openat(directory.get(), lock_name.c_str(),
                         O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!lock.ok()) return Bad(path + ".lock: " + std::strerror(errno));
  if (flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    return Bad(path + ": another process is using it");
  }
  auto found = ReadFound(directory.get(), name, path);
  if (!found.ok()) return found.status();
  return std::unique_ptr<StateFile>(std::make_unique<RenamedFile>(
      path, name, std::move(directory), std::move(lock), *std::move(found)));
}

}  // namespace k8sentry
