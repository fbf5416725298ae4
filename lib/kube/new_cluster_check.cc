#include "kube/checked_options.h"
#include "kube/cluster_check.h"

namespace k8sentry {

Result<std::unique_ptr<ClusterCheck>> NewClusterCheck(
    const ClusterCheckOptions& options, HttpTransport& transport) {
  Status status = internal::CheckServer(options.cluster.server);
  for (const std::string& name : options.namespaces) {
    if (status.ok()) status = internal::CheckNamespace(name);
  }
  if (!status.ok()) return status;
  if (options.deadline <= Duration::zero()) {
    return Status(StatusCode::kInvalidArgument, "deadline must be positive");
  }
  return std::unique_ptr<ClusterCheck>(
      std::make_unique<internal::ClusterCheckImpl>(options, transport));
}

}  // namespace k8sentry
