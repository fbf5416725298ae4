#include "file_chain.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace k8sentry::cli {
namespace {

constexpr std::string_view kStandardInput = "-";

Status Unreadable(const std::string& path, int error) {
  const StatusCode code = error == ENOENT   ? StatusCode::kNotFound
                          : error == EACCES ? StatusCode::kPermissionDenied
                                            : StatusCode::kDataLoss;
  return Status(code, "cannot read " + path + ": " + std::strerror(error));
}

// Whether `path` can be read; adds its size to `total` when it has one.
Status Inspect(const std::string& path, std::optional<std::uint64_t>& total) {
  struct stat info = {};
  const bool is_stdin = path == kStandardInput;
  if ((is_stdin ? fstat(STDIN_FILENO, &info) : stat(path.c_str(), &info)) != 0) {
    return Unreadable(is_stdin ? "standard input" : path, errno);
  }
  if (S_ISDIR(info.st_mode)) return Unreadable(path, EISDIR);
  if (!is_stdin && access(path.c_str(), R_OK) != 0) return Unreadable(path, errno);
  if (!S_ISREG(info.st_mode)) {
    total.reset();
  } else if (total) {
    *total += static_cast<std::uint64_t>(info.st_size);
  }
  return {};
}

Result<std::unique_ptr<EventSource>> OpenOne(const std::string& path) {
  if (path != kStandardInput) return NewFileSource(path);
  const int fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
  if (fd < 0) return Unreadable("standard input", errno);
  return NewDescriptorSource(fd);
}

}  // namespace

Result<std::unique_ptr<FileChain>> FileChain::Open(
    const std::vector<std::string>& paths) {
  auto chain = std::make_unique<FileChain>();
  chain->paths_ = paths;
  for (const std::string& path : paths) {
    const Status status = Inspect(path, chain->total_bytes_);
    if (!status.ok()) return status;
  }
  return chain;
}

EventBatch FileChain::Poll(Now now) {
  if (ended_) return {status_.ok() ? SourceState::kEnded : SourceState::kFailed, {}};
  if (current_ == nullptr) return Next({});
  const EventBatch batch = current_->Poll(now);
  Count();
  if (batch.state == SourceState::kEnded || batch.state == SourceState::kFailed) {
    const Status status = current_->status();
    before_ = counters_;
    if (current_->descriptor() >= 0) ended_pipes_.push_back(std::move(current_));
    current_.reset();
    return Next(status.ok() ? status : status.WithContext(paths_[next_ - 1]));
  }
  return batch;
}

// Opens the next file; the events come at the next Poll.
EventBatch FileChain::Next(Status status) {
  if (status.ok() && next_ < paths_.size()) {
    Result<std::unique_ptr<EventSource>> opened = OpenOne(paths_[next_++]);
    if (opened.ok()) {
      current_ = *std::move(opened);
      return {};
    }
    status = opened.status();
  }
  status_ = std::move(status);
  ended_ = true;
  return Poll({});
}

void FileChain::Count() {
  const DecoderCounters& now = current_->counters();
  if (now.malformed + before_.malformed != counters_.malformed) {
    malformed_sample_ = current_->malformed_sample();
  }
  counters_ = {.events = before_.events + now.events,
               .malformed = before_.malformed + now.malformed,
               .deleted = before_.deleted + now.deleted,
               .bookmarks = before_.bookmarks + now.bookmarks,
               .errors = before_.errors + now.errors,
               .blank_lines = before_.blank_lines + now.blank_lines,
               .bytes = before_.bytes + now.bytes};
}

SteadyTime FileChain::NextDeadline() const {
  return current_ != nullptr ? current_->NextDeadline() : SteadyTime::max();
}

int FileChain::descriptor() const {
  return current_ != nullptr ? current_->descriptor() : -1;
}

bool FileChain::ready() const { return current_ == nullptr || current_->ready(); }

}  // namespace k8sentry::cli
