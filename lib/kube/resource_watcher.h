// The ResourceWatcher over the watches of several resources.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "k8sentry/resource_watcher.h"
#include "kube/cluster_watcher.h"

namespace k8sentry::internal {

class ResourceWatcherImpl final : public ResourceWatcher {
 public:
  // Requires: options as NewResourceWatcher accepts them.
  ResourceWatcherImpl(const ResourceWatcherOptions& options, HttpTransport& transport,
                      Logger& logger, std::uint64_t seed);

  WatchedObjects Poll(Now now) override;
  SteadyTime NextDeadline() const override;
  bool ready() const override;
  const WatchStatus& status(std::size_t resource) const override {
    return watchers_[resource]->status();
  }

 private:
  const ResourceWatcherOptions options_;
  ApiClient api_;
  std::vector<std::unique_ptr<ClusterWatcher>> watchers_;
  std::size_t next_ = 0;  // the watcher that has its turn
  std::vector<WatchedObject> objects_;
};

}  // namespace k8sentry::internal
