// A ClusterConfig says how to reach a Kubernetes API server, and as whom.
//
// Fill one in by hand, load a kubeconfig as kubectl does, or take what a Pod finds in
// its file system. Files named in it are read again when they change.
//
// Threads: a value and functions that only read files.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "k8sentry/exec_plugin.h"
#include "k8sentry/http_transport.h"
#include "k8sentry/secret.h"

namespace k8sentry {
namespace internal {
class ExecCredential;
}

// Whom to act as; nobody else when `user` is empty, and then the rest is empty, too.
struct Impersonation {
  std::string user = {};
  std::string uid = {};
  std::vector<std::string> groups = {};
  std::vector<std::pair<std::string, std::vector<std::string>>> extra = {};
};

struct ClusterConfig {
  std::string server = {};  // "https://host:port", perhaps with a path prefix
  TlsOptions tls = {};
  std::string proxy = {};  // `proxy-url`, or empty
  bool disable_compression = false;
  Duration request_timeout = {};  // of all but watches; 0: each request's own
  // Bearer token. `token_file`, when set, is read again whenever it changes.
  Secret token = {};
  std::string token_file = {};
  std::string username = {};  // basic authentication
  Secret password = {};
  // Asked when there is no token and no username.
  std::optional<ExecPlugin> exec = {};
  std::shared_ptr<internal::ExecCredential> shared_credential = {};  // ShareCredential
  Impersonation impersonation = {};
  std::string namespace_ = {};  // the context's default, or empty
  // Where this came from, for the log: "kubeconfig /home/me/.kube/config, context
  // prod".
  std::string origin = {};
  // What whoever wrote the configuration should know, in one line; or empty.
  std::string warning = {};
};

// From here on the copies of `cluster` share what its plugin fetches: the program runs
// once for the watch, the look-ups and the checks that are made of them, which must
// then be used by one thread at a time. Without a plugin it does nothing.
void ShareCredential(ClusterConfig& cluster);

// How it proves who asks, never what with: "token file /run/token", "exec plugin aws",
// "client certificate and token", "none".
std::string CredentialKind(const ClusterConfig& cluster);

// What flags say, as kubectl's do; what is empty says nothing.
struct ClusterOverrides {
  std::string server = {};  // clears the cluster's tls-server-name
  std::string tls_server_name = {};
  // Each of the two clears all that the cluster says about authorities.
  std::string certificate_authority = {};  // a file
  bool insecure_skip_tls_verify = false;
  std::string token_file = {};  // instead of any token, password and plugin
  Impersonation impersonation = {};
  Duration request_timeout = {};
};

// Puts `overrides` over `cluster`, which may be empty but for them. Drops credentials
// that would go to a server without TLS, and says so in `warning`.
// Errors: kInvalidArgument, when they contradict each other or `cluster`, or name a
// file that cannot be read.
Status Override(const ClusterOverrides& overrides, ClusterConfig& cluster);

struct KubeconfigOptions {
  // `:`-separated files, merged as kubectl merges them. Missing ones are skipped unless
  // there is only one.
  std::string paths = {};
  std::string context = {};  // empty: current-context
  std::string cluster = {};  // instead of the context's
  std::string user = {};     // instead of the context's
  ClusterOverrides overrides = {};
  ExecPolicy exec_policy = ExecPolicy::kDeny;
  std::vector<std::string> exec_environment = {};  // ExecPlugin::environment
};

// Errors: kConfiguration, as "file:line:col: what is wrong; what to do"; kNotFound when
// no file exists; as Override. (Kubernetes docs, organizing cluster access using
// kubeconfig files.)
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
