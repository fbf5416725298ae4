// The EventSource over one or several watches of a cluster.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "k8sentry/cluster_source.h"
#include "kube/cluster_watcher.h"

namespace k8sentry::internal {

class ClusterSource final : public EventSource {
 public:
  // Requires: options as NewClusterSource accepts them.
  ClusterSource(const ClusterSourceOptions& options, HttpTransport& transport,
                Logger& logger, std::uint64_t seed);

  EventBatch Poll(Now now) override;
  SteadyTime NextDeadline() const override;
  bool ready() const override;
  const DecoderCounters& counters() const override;
  std::string_view malformed_sample() const override;
  std::optional<ResumePoint> position() const override;

 private:
  void TellFailures();

  const ClusterSourceOptions options_;
  ApiClient api_;
  Logger& logger_;
  std::uint64_t failures_to_tell_ = 1;  // of the credential
  std::optional<Resumption> left_;
  std::vector<std::unique_ptr<ClusterWatcher>> watchers_;
  std::size_t next_ = 0;  // the watcher that has its turn
  mutable DecoderCounters counters_;
};

}  // namespace k8sentry::internal
