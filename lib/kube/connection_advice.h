// Why an API server cannot be reached, and what a person can do about it.
#pragma once

#include "k8sentry/cluster_check.h"

namespace k8sentry::internal {

// What `status`, the end of a request that got no response, means. `wall` is what this
// host takes for the time.
Finding Unreachable(const Status& status, const ClusterConfig& cluster, Time wall);
// A response that no API server gives to GET /version.
Finding NoApiServer(int status, std::string_view body, const ClusterConfig& cluster);
// 401.
Finding NotAuthenticated(std::string_view body, const ClusterConfig& cluster);

}  // namespace k8sentry::internal
