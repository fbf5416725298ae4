// A kubeconfig's user: what proves who asks, and whom to act as.
#include "base/pem.h"
#include "config/cluster_rules.h"
#include "config/kubeconfig_stanza.h"
#include "config/yaml_document.h"

namespace k8sentry::internal {
namespace {

Status ReadExtra(const Stanza& user, Impersonation& as) {
  if (!user.Has("as-user-extra")) return {};
  const Result<Stanza> extra = user.Map("as-user-extra");
  if (!extra.ok()) return extra.status();
  for (const auto& member : extra->value) {
    if (!member.first.IsScalar()) {
      return user.Error("as-user-extra", "as-user-extra must be a map of lists");
    }
    const std::string key = member.first.Scalar();
    Result<std::vector<std::string>> values = extra->List(key.c_str());
    if (!values.ok()) return values.status();
    as.extra.emplace_back(key, *std::move(values));
  }
  return {};
}

Status ReadImpersonation(const Stanza& user, Impersonation& as) {
  Status s = Assign(user.Text("as"), as.user);
  if (s.ok()) s = Assign(user.Text("as-uid"), as.uid);
  if (s.ok()) s = Assign(user.List("as-groups"), as.groups);
  if (s.ok()) s = ReadExtra(user, as);
  if (!s.ok()) return s;
  const std::string_view fault = FaultOf(as);
  if (fault.empty()) return {};
  for (const char* key : {"as", "as-uid", "as-groups", "as-user-extra"}) {
    if (user.Has(key)) return user.Error(key, std::string(fault));
  }
  return {};
}

Status ReadCertificate(const Stanza& user, TlsOptions& tls) {
  std::string key;
  Status s = ReadPem(user, "client-certificate", "client-certificate-data",
                     tls.certificate_file, tls.certificate_pem);
  if (s.ok()) s = ReadPem(user, "client-key", "client-key-data", tls.key_file, key);
  if (!s.ok()) return s;
  tls.key_pem = Secret(std::move(key));
  const bool has_certificate =
      !tls.certificate_file.empty() || !tls.certificate_pem.empty();
  const bool has_key = !tls.key_file.empty() || !tls.key_pem.empty();
  const char* file = has_certificate ? "client-certificate" : "client-key";
  const char* data = has_certificate ? "client-certificate-data" : "client-key-data";
  const char* shown = user.Has(file) ? file : data;
  if (has_certificate != has_key) {
    return user.Error(shown,
                      "a client certificate and its key come together; one is missing");
  }
  if (!has_certificate) return {};
  std::string certificate_pem = tls.certificate_pem, key_pem = tls.key_pem.Reveal();
  if (!tls.certificate_file.empty()) {
    s = Assign(ReadBoundedFile(tls.certificate_file, kMaxYamlBytes), certificate_pem);
  }
  if (s.ok() && !tls.key_file.empty()) {
    s = Assign(ReadBoundedFile(tls.key_file, kMaxYamlBytes), key_pem);
  }
  if (s.ok()) s = CheckKeyPair(certificate_pem, key_pem);
  return s.ok() ? s : user.Error(shown, std::string(shown) + ": " + s.message());
}

}  // namespace

Status ApplyUser(const Stanza& user, const Stanza& cluster,
                 const KubeconfigOptions& options, ClusterConfig& config) {
  Status s = ReadCertificate(user, config.tls);
  if (s.ok()) s = Assign(user.Text("token"), config.token);
  if (s.ok()) s = Assign(user.File("tokenFile"), config.token_file);
  if (s.ok()) s = Assign(user.Text("username"), config.username);
  if (s.ok()) s = Assign(user.Text("password"), config.password);
  if (s.ok()) s = ReadImpersonation(user, config.impersonation);
  if (!s.ok()) return s;

  const bool has_token = !config.token.empty() || !config.token_file.empty();
  if (has_token && !config.username.empty()) {
    return user.Error("username",
                      "a token and a username exclude each other; remove one");
  }
  if (user.Has("exec") && user.Has("auth-provider")) {
    return user.Error(
        "auth-provider",
        "exec and auth-provider exclude each other; remove auth-provider");
  }
  // As in client-go, a plugin is not asked when there is another credential.
  if (CredentialKind(config) != "none") return {};
  if (user.Has("auth-provider")) {
    return user.Error("auth-provider",
                      "user '" + user.name +
                          "' needs auth-provider, which is gone from Kubernetes; use "
                          "exec, a tokenFile or a client certificate (kubectl create "
                          "token NAME makes a token)");
  }
  if (!user.Has("exec")) return {};
  Result<ExecPlugin> plugin = ReadExecPlugin(user, cluster, options);
  if (!plugin.ok()) return plugin.status();
  config.exec = *std::move(plugin);
  return {};
}

}  // namespace k8sentry::internal
