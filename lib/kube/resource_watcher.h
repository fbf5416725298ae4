// The ResourceWatcher over the watches of several resources.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "k8sentry/resource_watcher.h"
#include "kube/cluster_watcher.h"

namespace k8sentry::internal {

// Whether watches can work with them. Errors: kInvalidArgument.
Status CheckWatch(const WatchOptions& options);
// A DNS label (RFC 1123), as Kubernetes wants namespaces; it becomes part of a URL.
Status CheckNamespace(std::string_view name);
// "http://..." or "https://...".
Status CheckServer(std::string_view server);
// For jitter, which must differ from process to process, and nothing more.
std::uint64_t NewSeed();

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
