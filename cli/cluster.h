// Which cluster to watch, found as kubectl finds it.
#pragma once

#include "k8sentry/cluster_config.h"
#include "options.h"

namespace k8sentry::cli {

// --kubeconfig, then KUBECONFIG, then --server, then the Pod's service account, then
// ~/.kube/config; and flags over all of them.
// Errors: as LoadKubeconfig; kConfiguration when there is none of them.
Result<ClusterConfig> FindCluster(const ClusterOptions& options);

// `url` without a user and password, which must not be shown.
std::string WithoutUser(std::string url);

}  // namespace k8sentry::cli
