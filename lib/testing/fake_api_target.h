// What a request to an API server is about: verb, resource, namespace and name.
#pragma once

#include <string>
#include <string_view>

namespace k8sentry::testing::internal {

// (Kubernetes API concepts, resource URIs.)
struct ApiTarget {
  std::string path, query;
  std::string verb;  // empty: no resource
  // Of a resource; `collection` is its path without namespace and name, such as
  // "/apis/batch/v1/jobs".
  std::string collection;
  std::string group, version, resource;
  std::string namespace_, name, subresource;

  bool is_resource() const { return !resource.empty(); }
  // "v1" or "batch/v1".
  std::string api_version() const {
    return group.empty() ? version : group + "/" + version;
  }
  std::string parameter(std::string_view key) const;
  bool flag(std::string_view key) const;
};

ApiTarget ParseApiTarget(std::string_view method, std::string_view target);

// The value of `key` in a query, decoded; empty if it is not there.
std::string QueryParameter(std::string_view query, std::string_view key);

}  // namespace k8sentry::testing::internal
