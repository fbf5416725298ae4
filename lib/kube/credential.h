// What proves to an API server who asks, read again while we run.
#pragma once

#include <string>

#include "k8sentry/cluster_config.h"
#include "k8sentry/time.h"

namespace k8sentry::internal {

// The file's text without white space around it, at most 64 KiB.
// Errors: kNotFound, kConfiguration.
Result<std::string> ReadSmallFile(const std::string& path);

// The Authorization header of a cluster, read again when it may have changed.
class Credential {
 public:
  explicit Credential(const ClusterConfig& cluster);

  // The value for a request at `now`: "Bearer ...", "Basic ..." or empty. A token file
  // is read again a minute after it was last read; when that fails, the last good token
  // stays.
  const Secret& At(SteadyTime now);
  // The server refused it: At reads the file at once.
  void Refused() { next_read_ = SteadyTime::min(); }

 private:
  std::string token_file_;
  Secret value_;
  SteadyTime next_read_ = SteadyTime::min();
};

}  // namespace k8sentry::internal
