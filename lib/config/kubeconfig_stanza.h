// One named entry of a kubeconfig's clusters, users or contexts.
#pragma once

#include <yaml-cpp/yaml.h>

#include <string>
#include <vector>

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
  // The same for a list of scalars; empty when absent.
  Result<std::vector<std::string>> List(const char* key) const;
  // The same as a path, resolved against the file's folder and readable.
  Result<std::string> File(const char* key) const;
  // The same as base64, decoded.
  Result<std::string> Data(const char* key) const;
  Result<bool> Bool(const char* key) const;
  // The map at `key` as a stanza of its own. Errors: kConfiguration, not a map.
  Result<Stanza> Map(const char* key) const;
  // `file` resolved against the folder of the file that names it.
  std::string Resolve(const std::string& file) const;
  // kConfiguration at `key`, or at the stanza when there is no such key.
  Status Error(const char* key, const std::string& message) const;
};

// `target = value` for a Result, or the error.
template <typename T, typename Target>
Status Assign(Result<T> value, Target& target) {
  if (!value.ok()) return value.status();
  target = Target(*std::move(value));
  return {};
}

// `file_key` as a path, or `data_key` decoded into `pem`; at most one may be there, and
// what is there is not empty.
Status ReadPem(const Stanza& stanza, const char* file_key, const char* data_key,
               std::string& file, std::string& pem);

// Copy what a cluster and a user say into `config`. Errors: kConfiguration.
Status ApplyCluster(const Stanza& cluster, ClusterConfig& config);
Status ApplyUser(const Stanza& user, const Stanza& cluster,
                 const KubeconfigOptions& options, ClusterConfig& config);
// The plugin that the map at `exec` of `user` describes.
Result<ExecPlugin> ReadExecPlugin(const Stanza& user, const Stanza& cluster,
                                  const KubeconfigOptions& options);

}  // namespace k8sentry::internal
