// What proves to an API server who asks, read or fetched again while we run.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "k8sentry/cluster_config.h"
#include "k8sentry/time.h"
#include "kube/exec_plugin.h"
#include "kube/watched_file.h"

namespace k8sentry::internal {

class Credential {
 public:
  explicit Credential(const ClusterConfig& cluster);

  // Reads the token file when it has changed, or a minute after it was last read; when
  // that fails, the last good token stays. Or runs the plugin when it must.
  // Errors: kUnavailable while the plugin runs, until NextDeadline() (`pending`);
  // kConfiguration while there is no credential at all.
  Status Prepare(Now now);
  bool pending() const { return plugin_ && plugin_->pending(); }
  SteadyTime NextDeadline() const {
    return pending() ? plugin_->NextDeadline() : SteadyTime::max();
  }
  // The server refused it: the next Prepare reads or fetches at once.
  void Refused();

  // The Authorization header: "Bearer ...", "Basic ..." or empty.
  const Secret& authorization() const { return authorization_; }
  // Puts a fetched client certificate into `tls`.
  void AddCertificate(TlsOptions& tls) const;
  // How often the token file could not be used, or the plugin failed.
  std::uint64_t failures() const {
    return failures_ + (plugin_ ? plugin_->failures() : 0);
  }

 private:
  Status ReadToken(SteadyTime now);

  std::optional<WatchedFile> token_file_;
  std::shared_ptr<ExecCredential> plugin_;
  std::uint64_t plugin_generation_ = 0;  // of what is used
  Secret authorization_;
  std::uint64_t failures_ = 0;
};

}  // namespace k8sentry::internal
