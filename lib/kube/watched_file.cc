#include "kube/watched_file.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

namespace k8sentry::internal {
namespace {

constexpr std::size_t kMaxBytes = 1 << 20;

struct Close {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

}  // namespace

Result<std::string> ReadSmallFile(const std::string& path) {
  const std::unique_ptr<std::FILE, Close> file(std::fopen(path.c_str(), "rbe"));
  if (!file) {
    return Status(errno == ENOENT ? StatusCode::kNotFound : StatusCode::kConfiguration,
                  path + ": " + std::strerror(errno));
  }
  std::string text;
  char piece[16384];
  std::size_t size = 0;
  while (text.size() <= kMaxBytes &&
         (size = std::fread(piece, 1, sizeof piece, file.get())) > 0) {
    text.append(piece, size);
  }
  if (std::ferror(file.get()) != 0) {
    return Status(StatusCode::kConfiguration, path + ": cannot be read");
  }
  if (text.size() > kMaxBytes) {
    return Status(StatusCode::kConfiguration, path + ": is larger than 1 MiB");
  }
  text.erase(text.find_last_not_of(" \t\r\n") + 1);
  text.erase(0, std::min(text.find_first_not_of(" \t\r\n"), text.size()));
  return text;
}

std::optional<Result<std::string>> WatchedFile::ReadIfDue(SteadyTime now) {
  struct stat found = {};
  const bool there = stat(path_.c_str(), &found) == 0;
  const Identity identity = {static_cast<std::int64_t>(found.st_dev),
                             static_cast<std::int64_t>(found.st_ino),
                             found.st_size,
                             found.st_mtim.tv_sec,
                             found.st_mtim.tv_nsec,
                             found.st_ctim.tv_sec,
                             found.st_ctim.tv_nsec};
  if (there && identity == identity_ && now < next_read_) return std::nullopt;
  identity_ = identity;
  next_read_ = now + period_;
  Result<std::string> text = ReadSmallFile(path_);
  if (text.ok() && text->empty()) {
    return Result<std::string>(
        Status(StatusCode::kConfiguration, path_ + ": is empty"));
  }
  return text;
}

}  // namespace k8sentry::internal
