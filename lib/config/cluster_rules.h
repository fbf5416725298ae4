// What holds for a ClusterConfig wherever its parts come from: a kubeconfig or flags.
#pragma once

#include <string>
#include <string_view>

#include "k8sentry/cluster_config.h"

namespace k8sentry::internal {

// A server as requests need it: with a scheme, without query, fragment and slashes at
// its end. A path prefix (Rancher's, for one) stays. Without a scheme it is https if
// TLS was spoken of, as for kubectl.
std::string CleanServer(std::string server, bool tls_wanted);
bool IsHttpUrl(std::string_view url);

// What is wrong with it, or "".
std::string_view FaultOf(const Impersonation& impersonation);

// As client-go: over plain HTTP nobody gets to see a credential, so it is as if there
// were none. `warning` says so.
void DropCredentialsWithoutTls(ClusterConfig& config);

}  // namespace k8sentry::internal
