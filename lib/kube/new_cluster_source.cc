#include <unistd.h>

#include <algorithm>

#include "kube/cluster_source.h"

namespace k8sentry {
namespace {

// A DNS label (RFC 1123), as Kubernetes wants namespaces; it becomes part of a URL.
bool IsNamespace(std::string_view name) {
  return !name.empty() && name.size() <= 63 &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
         });
}

Status Check(const ClusterSourceOptions& options) {
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
  if (options.page_size == 0) return bad("page_size must be at least 1");
  if (options.min_watch < std::chrono::seconds(1) ||
      options.max_watch < options.min_watch) {
    return bad("min_watch must be at least 1s, and max_watch no less");
  }
  if (options.min_backoff <= Duration::zero() ||
      options.max_backoff < options.min_backoff) {
    return bad("min_backoff must be positive, and max_backoff no less");
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<EventSource>> NewClusterSource(
    const ClusterSourceOptions& options, HttpTransport& transport, Logger& logger) {
  if (Status status = Check(options); !status.ok()) return status;
  // Jitter must differ from process to process, and nothing more.
  std::uint64_t seed = 0;
  if (getentropy(&seed, sizeof seed) != 0) seed = static_cast<std::uint64_t>(getpid());
  return std::unique_ptr<EventSource>(
      std::make_unique<internal::ClusterSource>(options, transport, logger, seed));
}

}  // namespace k8sentry
