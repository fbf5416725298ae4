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

Result<ClusterConfig> Load(const ClusterOptions& options, const std::string& paths) {
  return LoadKubeconfig({.paths = paths,
                         .context = options.context,
                         .cluster = options.cluster,
                         .user = options.user,
                         .overrides = options.overrides,
                         // Whoever starts the command may run any other, too.
                         .exec_policy = ExecPolicy::kAllow,
                         .exec_environment = WholeEnvironment()});
}

Result<ClusterConfig> OverrideOf(const ClusterOptions& options, ClusterConfig cluster) {
  if (Status s = Override(options.overrides, cluster); !s.ok()) return s;
  return cluster;
}

Result<ClusterConfig> Find(const ClusterOptions& options) {
  if (!options.kubeconfig.empty()) {
    return AsConfiguration(Load(options, options.kubeconfig));
  }
  const std::string paths = Environment("KUBECONFIG");
  if (!paths.empty()) return AsConfiguration(Load(options, paths));
  const bool named =  // something of a kubeconfig, which a Pod has not
      !options.context.empty() || !options.cluster.empty() || !options.user.empty();
  if (!named) {
    // No credential that we found somewhere goes to a server that somebody names.
    if (!options.overrides.server.empty()) return OverrideOf(options, {});
    Result<ClusterConfig> pod =
        LoadInClusterConfig({.host = Environment("KUBERNETES_SERVICE_HOST"),
                             .port = Environment("KUBERNETES_SERVICE_PORT")});
    if (pod.ok()) return OverrideOf(options, *std::move(pod));
    if (pod.status().code() != StatusCode::kNotFound) return pod;
  }
  const std::string home = Environment("HOME");
  Result<ClusterConfig> found = home.empty()
                                    ? Status(StatusCode::kNotFound, "HOME is not set")
                                    : Load(options, home + "/.kube/config");
  if (found.ok() || found.status().code() != StatusCode::kNotFound) return found;
  return Status(
      StatusCode::kConfiguration,
      "no cluster to watch: there is no --kubeconfig, no --server, no KUBECONFIG, no "
      "service account of a Pod and no ~/.kube/config");
}

}  // namespace

Result<ClusterConfig> FindCluster(const ClusterOptions& options) {
  Result<ClusterConfig> cluster = Find(options);
  if (!cluster.ok()) return cluster;
  if (cluster->proxy.empty()) cluster->proxy = ProxyFor(cluster->server);
  ShareCredential(*cluster);  // the watch, the look-ups and the checks run one plugin
  return cluster;
}

std::string WithoutUser(std::string url) {
  const std::size_t scheme = url.find("://");
  const std::size_t begin = scheme == url.npos ? 0 : scheme + 3;
  // The last one, for a password may hold what should have been escaped.
  const std::size_t at = url.rfind('@');
  if (at != url.npos && at >= begin) url.replace(begin, at - begin, "***");
  return url;
}

}  // namespace k8sentry::cli
