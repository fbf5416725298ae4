#include "kube/checked_options.h"

#include <unistd.h>

#include <algorithm>
#include <string>
#include <utility>

#include "kube/resource_names.h"

namespace k8sentry::internal {

namespace {

Status Bad(std::string message) {
  return Status(StatusCode::kInvalidArgument, std::move(message));
}

bool IsLabel(std::string_view name) {
  return !name.empty() && name.size() <= 63 &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
         });
}

}  // namespace

Status CheckResource(const WatchedResource& resource) {
  if (!ParseGroupVersion(resource.api_version)) {
    return Bad("'" + resource.api_version +
               "' is no apiVersion, such as v1 or apps/v1");
  }
  if (!IsLabel(resource.resource)) {
    return Bad("'" + resource.resource +
               "' is not the plural of a resource, such as pods");
  }
  return resource.namespace_.empty() ? Status() : CheckNamespace(resource.namespace_);
}

Status CheckServer(std::string_view server) {
  if (server.starts_with("https://") || server.starts_with("http://")) return {};
  return Bad("the cluster's server must begin with https:// or http://");
}

Status CheckNamespace(std::string_view name) {
  if (IsLabel(name)) return {};
  return Bad("'" + std::string(name) + "' is not the name of a namespace");
}

Status CheckWatch(const WatchOptions& options) {
  if (options.page_size == 0) return Bad("page_size must be at least 1");
  if (options.min_watch < std::chrono::seconds(1) ||
      options.max_watch < options.min_watch) {
    return Bad("min_watch must be at least 1s, and max_watch no less");
  }
  if (options.min_backoff <= Duration::zero() ||
      options.max_backoff < options.min_backoff) {
    return Bad("min_backoff must be positive, and max_backoff no less");
  }
  if (options.overlap < Duration::zero()) return Bad("overlap must not be negative");
  return {};
}

std::uint64_t NewSeed() {
  std::uint64_t seed = 0;
  if (getentropy(&seed, sizeof seed) != 0) seed = static_cast<std::uint64_t>(getpid());
  return seed;
}

}  // namespace k8sentry::internal
