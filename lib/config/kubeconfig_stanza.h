// One named entry of a kubeconfig's clusters, users or contexts.
#pragma once

#include <yaml-cpp/yaml.h>

#include <string>

#include "k8sentry/cluster_config.h"

namespace k8sentry::internal {

struct Stanza {
  std::string name;
  std::string path;  // of the file that defines it
  YAML::Node value;
  YAML::Mark mark;

  bool Has(const char* key) const;
  // The scalar at `key`; "" when absent or null. Errors: kConfiguration, not a scalar.
  Result<std::string> Text(const char* key) const;
  // The same as a path, resolved against the file's folder and readable.
  Result<std::string> File(const char* key) const;
  // The same as base64, decoded.
  Result<std::string> Data(const char* key) const;
  Result<bool> Bool(const char* key) const;
  // kConfiguration at `key`, or at the stanza when there is no such key.
  Status Error(const char* key, const std::string& message) const;
};

// Copy what a cluster and a user say into `config`. Errors: kConfiguration.
Status ApplyCluster(const Stanza& cluster, ClusterConfig& config);
Status ApplyUser(const Stanza& user, ClusterConfig& config);

}  // namespace k8sentry::internal
