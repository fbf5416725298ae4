// What can be wrong in the options of everything that asks a cluster.
#pragma once

#include <cstdint>
#include <string_view>

#include "k8sentry/resource_watcher.h"

namespace k8sentry::internal {

// Whether watches can work with them. Errors: kInvalidArgument.
Status CheckWatch(const WatchOptions& options);
Status CheckResource(const WatchedResource& resource);
// A DNS label (RFC 1123), as Kubernetes wants namespaces; it becomes part of a URL.
Status CheckNamespace(std::string_view name);
// "http://..." or "https://...".
Status CheckServer(std::string_view server);
// For jitter, which must differ from process to process, and nothing more.
std::uint64_t NewSeed();

}  // namespace k8sentry::internal
