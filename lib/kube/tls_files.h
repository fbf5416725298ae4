// The TLS identity of a cluster's client: its files, read again while we run.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "k8sentry/http_transport.h"
#include "k8sentry/time.h"
#include "kube/watched_file.h"

namespace k8sentry::internal {

// Hands out the files' text instead of their names. libcurl pools no connections of
// different text together, so that a new one stands on new files; and an authority that
// vanishes never means the system's.
class TlsFiles {
 public:
  explicit TlsFiles(const TlsOptions& tls);

  // Reads what has changed since, and keeps the old until the new can be used.
  // Errors: kConfiguration while there has been nothing that can be used.
  Status Refresh(SteadyTime now);
  const TlsOptions& options() const { return options_; }
  // How often a file could not be used.
  std::uint64_t failures() const { return failures_; }

 private:
  Status RefreshAuthority(SteadyTime now);
  Status RefreshIdentity(SteadyTime now);

  TlsOptions options_;  // without names of files
  std::optional<WatchedFile> authority_, certificate_, key_;
  // What was read last, good or not: both files of a pair change one after the other.
  std::string certificate_pem_;
  Secret key_pem_;
  std::uint64_t failures_ = 0;
};

}  // namespace k8sentry::internal
