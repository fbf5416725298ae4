// An ExecPlugin is a program that fetches a credential: aws, gcloud, kubelogin.
//
// Clouds have no token to write into a kubeconfig; they name a program that prints one
// ("ExecCredential" on its stdout). k8sentry runs it without a shell and without a
// terminal, for at most 30 s, and again when the credential expires or is refused. A
// kubeconfig that names one runs foreign code, so LoadKubeconfig wants to be told that
// it may. (Kubernetes docs, client-go credential plugins.)
//
// Threads: a value.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace k8sentry {

// Whether a kubeconfig may name a program to run.
enum class ExecPolicy { kDeny, kAllow };

struct ExecPlugin {
  // A path, or a name that is looked up in the PATH of `environment`.
  std::string command = {};
  std::vector<std::string> arguments = {};
  // "client.authentication.k8s.io/v1" or ".../v1beta1"
  std::string api_version = {};
  // "NAME=value", the whole environment that it runs in, but for names that begin with
  // SENTRY_: the DSN is none of its business. Usually the host's own.
  std::vector<std::string> environment = {};
  // Name and value, over `environment`.
  std::vector<std::pair<std::string, std::string>> variables = {};
  std::string install_hint = {};  // shown when there is no such program
  // Tells it the cluster in KUBERNETES_EXEC_INFO, with `cluster_config` (JSON) if any.
  bool provide_cluster_info = false;
  std::string cluster_config = {};
};

}  // namespace k8sentry
