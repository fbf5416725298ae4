#include <algorithm>

#include "kube/cluster_check.h"

namespace k8sentry {
namespace {

bool IsNamespace(std::string_view name) {
  return !name.empty() && name.size() <= 63 &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
         });
}

}  // namespace

Result<std::unique_ptr<ClusterCheck>> NewClusterCheck(
    const ClusterCheckOptions& options, HttpTransport& transport) {
  const auto bad = [](std::string message) {
    return Status(StatusCode::kInvalidArgument, std::move(message));
  };
  const std::string& server = options.cluster.server;
  if (!server.starts_with("https://") && !server.starts_with("http://")) {
    return bad("the cluster's server must begin with https:// or http://");
  }
  for (const std::string& name : options.namespaces) {
    if (!IsNamespace(name)) return bad("'" + name + "' is not the name of a namespace");
  }
  if (options.deadline <= Duration::zero()) return bad("deadline must be positive");
  return std::unique_ptr<ClusterCheck>(
      std::make_unique<internal::ClusterCheckImpl>(options, transport));
}

}  // namespace k8sentry
