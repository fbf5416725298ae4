// A small file that somebody replaces while we run: a token, a certificate.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "k8sentry/status.h"
#include "k8sentry/time.h"

namespace k8sentry::internal {

// The file's text without white space around it, at most 1 MiB.
// Errors: kNotFound, kConfiguration.
Result<std::string> ReadSmallFile(const std::string& path);

class WatchedFile {
 public:
  // It is read anew at least every `period`, for a network's file system may not tell
  // of a change.
  WatchedFile(std::string path, Duration period)
      : path_(std::move(path)), period_(period) {}

  // As ReadSmallFile, or nullopt when the file is the one that was read last. An empty
  // file is kConfiguration: somebody is about to write it.
  std::optional<Result<std::string>> ReadIfDue(SteadyTime now);
  // What was read last is of no use: the next call reads.
  void Expire() { next_read_ = SteadyTime::min(); }

 private:
  // Device, inode, size and both times of change: a rename, as the kubelet's, changes
  // the inode, and writing in place the times.
  using Identity = std::array<std::int64_t, 7>;

  std::string path_;
  Duration period_;
  SteadyTime next_read_ = SteadyTime::min();
  Identity identity_ = {};
};

}  // namespace k8sentry::internal
