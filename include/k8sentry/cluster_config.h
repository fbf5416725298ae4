// A ClusterConfig says how to reach a Kubernetes API server, and as whom.
//
// Fill one in by hand, load a kubeconfig as kubectl does, or take what a Pod finds in
// its file system.
//
// Threads: a value and functions that only read files.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "k8sentry/http_transport.h"
#include "k8sentry/secret.h"

namespace k8sentry {

struct ClusterConfig {
  std::string server = {};  // "https://host:port", perhaps with a path prefix
  TlsOptions tls = {};
  std::string proxy = {};  // `proxy-url`, or empty
  // Bearer token. `token_file`, when set, is read again whenever it changes.
  Secret token = {};
  std::string token_file = {};
  std::string username = {};  // basic authentication
  Secret password = {};
  std::string namespace_ = {};  // the context's default, or empty
  // Where this came from, for the log: "kubeconfig /home/me/.kube/config, context
  // prod".
  std::string origin = {};
};

struct KubeconfigOptions {
  // `:`-separated files, merged as kubectl merges them. Missing ones are skipped unless
  // there is only one.
  std::string paths = {};
  std::string context = {};  // empty: current-context
};

// Errors: kConfiguration, as "file:line:col: what is wrong; what to do"; kNotFound when
// no file exists. A user with `exec` or `auth-provider` is refused with a clear
// message. (Kubernetes docs, organizing cluster access using kubeconfig files.)
Result<ClusterConfig> LoadKubeconfig(const KubeconfigOptions& options);

struct InClusterOptions {
  std::string host = {};  // KUBERNETES_SERVICE_HOST
  std::string port = {};  // KUBERNETES_SERVICE_PORT
  std::string service_account_dir = "/var/run/secrets/kubernetes.io/serviceaccount";
};

// What a Pod uses. Errors: kNotFound when this is no Pod, kConfiguration when the files
// cannot be read.
Result<ClusterConfig> LoadInClusterConfig(const InClusterOptions& options);

}  // namespace k8sentry
