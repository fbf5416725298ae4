// Files that only we may change, because we will believe them later: the rules that the
// state file and the spool share.
//
// Directories have mode 0700, files 0600; what another user owns or others may write to
// is refused, and so are symbolic links in place of files. All is close-on-exec.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "k8sentry/status.h"

namespace k8sentry::internal {

class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  ~Descriptor();
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

// `path` in the messages below is for people. All errors are kConfiguration, but where
// another one is named.

// Makes the directory, but not its parents, if it is missing.
Result<Descriptor> OpenOwnDirectory(const std::string& path);
// One in a directory that is ours already; no symbolic link.
Result<Descriptor> OpenOwnDirectoryAt(int parent, const std::string& name,
                                      const std::string& path);
// A regular file, to read. Errors: kNotFound.
Result<Descriptor> OpenOwnFileAt(int directory, const std::string& name,
                                 const std::string& path);
// Takes the lock, or says that another process has it. It lasts as long as the result.
Result<Descriptor> LockFileAt(int directory, const std::string& name,
                              const std::string& path);

// All from where `file` stands to its end.
Result<std::string> ReadAll(int file, std::size_t max_bytes, const std::string& path);
// False: errno says why; a part may have been written.
bool WriteAll(int file, std::string_view bytes);

}  // namespace k8sentry::internal
