
#include "k8sentry/cluster_config.h"
#include "kube/watched_file.h"

namespace k8sentry {

Result<ClusterConfig> LoadInClusterConfig(const InClusterOptions& options) {
  if (options.host.empty() || options.port.empty()) {
    return Status(StatusCode::kNotFound,
                  "this is no Pod: KUBERNETES_SERVICE_HOST and _PORT are not set");
  }
  ClusterConfig config;
  const bool ipv6 = options.host.find(':') != options.host.npos;
  config.server = "https://" + (ipv6 ? "[" + options.host + "]" : options.host) + ":" +
                  options.port;
  const std::string& dir = options.service_account_dir;
  config.token_file = dir + "/token";
  Result<std::string> token = internal::ReadSmallFile(config.token_file);
  if (token.status().code() == StatusCode::kNotFound) {
    return Status(StatusCode::kNotFound, "this is no Pod: " + token.status().message());
  }
  if (!token.ok()) return token.status();
  config.token = Secret(*std::move(token));
  config.tls.ca_file = dir + "/ca.crt";
  const Result<std::string> ca = internal::ReadSmallFile(config.tls.ca_file);
  if (!ca.ok()) return Status(StatusCode::kConfiguration, ca.status().message());
  if (ca->empty()) {
    return Status(StatusCode::kConfiguration, config.tls.ca_file + ": is empty");
  }
  // Only a default for the caller; a Pod without it is none the worse.
  if (Result<std::string> name = internal::ReadSmallFile(dir + "/namespace");
      name.ok()) {
    config.namespace_ = *std::move(name);
  }
  config.origin = "service account in " + dir;
  return config;
}

}  // namespace k8sentry
