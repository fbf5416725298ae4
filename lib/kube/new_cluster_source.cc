#include "kube/checked_options.h"
#include "kube/cluster_source.h"
#include "kube/resource_watcher.h"

namespace k8sentry {
Result<std::unique_ptr<EventSource>> NewClusterSource(
    const ClusterSourceOptions& options, HttpTransport& transport, Logger& logger) {
  Status status = internal::CheckServer(options.cluster.server);
  for (const std::string& name : options.namespaces) {
    if (status.ok()) status = internal::CheckNamespace(name);
  }
  if (status.ok()) status = internal::CheckWatch(options.watch);
  if (!status.ok()) return status;
  return std::unique_ptr<EventSource>(std::make_unique<internal::ClusterSource>(
      options, transport, logger, internal::NewSeed()));
}

Result<std::unique_ptr<ResourceWatcher>> NewResourceWatcher(
    const ResourceWatcherOptions& options, HttpTransport& transport, Logger& logger) {
  Status status = internal::CheckServer(options.cluster.server);
  for (const WatchedResource& resource : options.resources) {
    if (status.ok()) status = internal::CheckResource(resource);
  }
  if (status.ok()) status = internal::CheckWatch(options.watch);
  if (!status.ok()) return status;
  return std::unique_ptr<ResourceWatcher>(
      std::make_unique<internal::ResourceWatcherImpl>(options, transport, logger,
                                                      internal::NewSeed()));
}

}  // namespace k8sentry
