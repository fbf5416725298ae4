#include "base/own_files.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace k8sentry::internal {
namespace {

Status Bad(const std::string& what) { return Status(StatusCode::kConfiguration, what); }
Status BadNow(const std::string& path) {
  return Bad(path + ": " + std::strerror(errno));
}

Status CheckOurs(int fd, const std::string& path) {
  struct stat info = {};
  if (fstat(fd, &info) != 0) return BadNow(path);
  if (info.st_uid != geteuid()) return Bad(path + ": belongs to another user");
  if ((info.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return Bad(path + ": others may write to it; take a directory of mode 0700");
  }
  return {};
}

Result<Descriptor> Checked(Descriptor descriptor, const std::string& path) {
  if (!descriptor.ok()) return BadNow(path);
  if (Status ours = CheckOurs(descriptor.get(), path); !ours.ok()) return ours;
  return descriptor;
}

}  // namespace

Descriptor::~Descriptor() {
  if (fd_ >= 0) close(fd_);
}

Result<Descriptor> OpenOwnDirectory(const std::string& path) {
  if (mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
    return Bad(path + ": cannot be made: " + std::strerror(errno));
  }
  return Checked(Descriptor(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)),
                 path);
}

Result<Descriptor> OpenOwnDirectoryAt(int parent, const std::string& name,
                                      const std::string& path) {
  if (mkdirat(parent, name.c_str(), 0700) != 0 && errno != EEXIST) {
    return Bad(path + ": cannot be made: " + std::strerror(errno));
  }
  return Checked(Descriptor(openat(parent, name.c_str(),
                                   O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)),
                 path);
}

Result<Descriptor> OpenOwnFileAt(int directory, const std::string& name,
                                 const std::string& path) {
  // O_NONBLOCK: opening a FIFO would wait for its other end.
  Descriptor file(
      openat(directory, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!file.ok() && errno == ENOENT) {
    return Status(StatusCode::kNotFound, path + ": does not exist");
  }
  if (!file.ok() && errno == ELOOP) return Bad(path + ": is a symbolic link");
  if (!file.ok()) return BadNow(path);
  struct stat info = {};
  if (fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode)) {
    return Bad(path + ": is not a regular file");
  }
  return Checked(std::move(file), path);
}

Result<Descriptor> LockFileAt(int directory, const std::string& name,
                              const std::string& path) {
  Descriptor lock(
      openat(directory, name.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!lock.ok()) return BadNow(path);
  if (flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    return Bad(path + ": another process is using it");
  }
  return lock;
}

Result<std::string> ReadAll(int file, std::size_t max_bytes, const std::string& path) {
  std::string text;
  char buffer[1 << 16];
  for (;;) {
    const ssize_t n = read(file, buffer, sizeof buffer);
    if (n == 0) return text;
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return BadNow(path);
    text.append(buffer, static_cast<std::size_t>(n));
    if (text.size() > max_bytes) {
      return Bad(path + ": is larger than " + std::to_string(max_bytes >> 20) + " MiB");
    }
  }
}

bool WriteAll(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = write(file, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

}  // namespace k8sentry::internal
