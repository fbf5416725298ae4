#include "config/cluster_rules.h"

#include <algorithm>

namespace k8sentry::internal {
namespace {

bool HasControl(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) < ' ' || c == '\x7f';
  });
}

}  // namespace

std::string CleanServer(std::string server, bool tls_wanted) {
  if (server.find("://") == server.npos) {
    server.insert(0, tls_wanted ? "https://" : "http://");
  }
  server.resize(std::min(server.find_first_of("?#"), server.size()));
  while (server.ends_with('/')) server.pop_back();
  return server;
}

bool IsHttpUrl(std::string_view url) {
  return url.starts_with("https://") || url.starts_with("http://");
}

std::string_view FaultOf(const Impersonation& as) {
  if (as.user.empty() && !(as.uid.empty() && as.groups.empty() && as.extra.empty())) {
    return "as-uid, as-groups and as-user-extra need a user to act as; add it as 'as'";
  }
  // They become headers.
  bool good = !HasControl(as.user) && !HasControl(as.uid) &&
              std::none_of(as.groups.begin(), as.groups.end(), HasControl);
  for (const auto& [key, values] : as.extra) {
    good =
        good && !key.empty() && std::none_of(values.begin(), values.end(), HasControl);
  }
  return good ? "" : "a name to act as must not have control characters";
}

void DropCredentialsWithoutTls(ClusterConfig& config) {
  if (config.server.starts_with("https://")) return;
  const std::string kind = CredentialKind(config);
  if (kind == "none") return;
  config.warning = "the credential (" + kind + ") is not used, for " + config.server +
                   " has no TLS; use https://";
  config.token = config.password = Secret();
  config.token_file.clear();
  config.username.clear();
  config.exec.reset();
  TlsOptions& tls = config.tls;
  tls.certificate_file.clear();
  tls.certificate_pem.clear();
  tls.key_file.clear();
  tls.key_pem = Secret();
}

}  // namespace k8sentry::internal
