#include "cluster.h"

#include "environment.h"

namespace k8sentry::cli {
namespace {

// What is not found was named by the user, or is the last resort: that is a wrong
// configuration, too.
Result<ClusterConfig> AsConfiguration(Result<ClusterConfig> found) {
  if (found.ok() || found.status().code() != StatusCode::kNotFound) return found;
  return Status(StatusCode::kConfiguration, found.status().message());
}

Result<ClusterConfig> Find(const RunOptions& options) {
  if (!options.kubeconfig.empty()) {
    return AsConfiguration(
        LoadKubeconfig({.paths = options.kubeconfig, .context = options.context}));
  }
  const std::string paths = Environment("KUBECONFIG");
  if (!paths.empty()) {
    return AsConfiguration(
        LoadKubeconfig({.paths = paths, .context = options.context}));
  }
  if (options.context.empty()) {  // a Pod has no contexts
    Result<ClusterConfig> pod =
        LoadInClusterConfig({.host = Environment("KUBERNETES_SERVICE_HOST"),
                             .port = Environment("KUBERNETES_SERVICE_PORT")});
    if (pod.ok() || pod.status().code() != StatusCode::kNotFound) return pod;
  }
  const std::string home = Environment("HOME");
  Result<ClusterConfig> found = home.empty()
                                    ? Status(StatusCode::kNotFound, "HOME is not set")
                                    : LoadKubeconfig({.paths = home + "/.kube/config",
                                                      .context = options.context});
  if (found.ok() || found.status().code() != StatusCode::kNotFound) return found;
  return Status(
      StatusCode::kConfiguration,
      "no cluster to watch: there is no --kubeconfig, no KUBECONFIG, no service "
      "account of a Pod and no ~/.kube/config");
}

}  // namespace

Result<ClusterConfig> FindCluster(const RunOptions& options) {
  Result<ClusterConfig> cluster = Find(options);
  if (cluster.ok() && cluster->proxy.empty())
    cluster->proxy = ProxyFor(cluster->server);
  return cluster;
}

}  // namespace k8sentry::cli
