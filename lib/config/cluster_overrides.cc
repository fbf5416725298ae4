#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/pem.h"
#include "config/cluster_rules.h"
#include "config/yaml_document.h"
#include "k8sentry/cluster_config.h"

namespace k8sentry {
namespace {

Status Contradiction(std::string_view message) {
  return Status(StatusCode::kInvalidArgument, std::string(message));
}

Status OverrideTls(const ClusterOverrides& overrides, TlsOptions& tls) {
  const std::string& ca = overrides.certificate_authority;
  if (!ca.empty() && overrides.insecure_skip_tls_verify) {
    return Contradiction(
        "a certificate authority and insecure-skip-tls-verify exclude each other");
  }
  if (!ca.empty() || overrides.insecure_skip_tls_verify) {
    tls.ca_pem.clear();
    tls.ca_file = ca;
    tls.verification = overrides.insecure_skip_tls_verify
                           ? TlsVerification::kInsecureSkipVerify
                           : TlsVerification::kVerify;
  }
  if (!ca.empty()) {
    const Result<std::string> pem =
        internal::ReadBoundedFile(ca, internal::kMaxYamlBytes);
    if (!pem.ok()) return Status(StatusCode::kConfiguration, pem.status().message());
    if (Status s = internal::CheckCertificates(*pem); !s.ok()) return s.WithContext(ca);
  }
  if (!overrides.server.empty()) tls.server_name.clear();
  if (!overrides.tls_server_name.empty()) tls.server_name = overrides.tls_server_name;
  return {};
}

Status OverrideServer(const ClusterOverrides& overrides, ClusterConfig& cluster) {
  if (overrides.server.empty()) return {};
  const TlsOptions& tls = cluster.tls;
  const bool tls_wanted = !tls.ca_file.empty() || !tls.ca_pem.empty() ||
                          !tls.server_name.empty() ||
                          tls.verification == TlsVerification::kInsecureSkipVerify;
  cluster.server = internal::CleanServer(overrides.server, tls_wanted);
  if (internal::IsHttpUrl(cluster.server)) return {};
  return Contradiction("the server must begin with https:// or http://");
}

Status OverrideToken(const ClusterOverrides& overrides, ClusterConfig& cluster) {
  const std::string& file = overrides.token_file;
  if (file.empty()) return {};
  if (access(file.c_str(), R_OK) != 0) {
    return Status(StatusCode::kConfiguration, file + ": " + std::strerror(errno));
  }
  cluster.token_file = file;
  cluster.token = cluster.password = Secret();
  cluster.username.clear();
  cluster.exec.reset();
  return {};
}

Status OverrideImpersonation(const Impersonation& as, Impersonation& out) {
  if (!as.user.empty()) out.user = as.user;
  if (!as.uid.empty()) out.uid = as.uid;
  if (!as.groups.empty()) out.groups = as.groups;
  if (!as.extra.empty()) out.extra = as.extra;
  const std::string_view fault = internal::FaultOf(out);
  return fault.empty() ? Status() : Contradiction(fault);
}

// "server, token file": what of a ClusterConfig does not come from its origin.
std::string Overridden(const ClusterOverrides& overrides) {
  std::string all;
  const auto add = [&all](bool given, const char* name) {
    if (given) all.append(all.empty() ? "" : ", ").append(name);
  };
  add(!overrides.server.empty(), "server");
  add(!overrides.tls_server_name.empty(), "TLS server name");
  add(!overrides.certificate_authority.empty(), "certificate authority");
  add(overrides.insecure_skip_tls_verify, "no TLS verification");
  add(!overrides.token_file.empty(), "token file");
  add(!overrides.impersonation.user.empty() || !overrides.impersonation.uid.empty() ||
          !overrides.impersonation.groups.empty() ||
          !overrides.impersonation.extra.empty(),
      "impersonation");
  return all;
}

}  // namespace

std::string CredentialKind(const ClusterConfig& cluster) {
  std::string kind;
  const auto add = [&kind](const std::string& name) {
    kind += (kind.empty() ? "" : " and ") + name;
  };
  const TlsOptions& tls = cluster.tls;
  if (!tls.certificate_file.empty()) {
    add("client certificate " + tls.certificate_file);
  } else if (!tls.certificate_pem.empty()) {
    add("client certificate");
  }
  if (!cluster.token_file.empty()) {
    add("token file " + cluster.token_file);
  } else if (!cluster.token.empty()) {
    add("token");
  } else if (!cluster.username.empty()) {
    add("user name and password");
  }
  if (kind.empty() && cluster.exec) add("exec plugin " + cluster.exec->command);
  return kind.empty() ? "none" : kind;
}

Status Override(const ClusterOverrides& overrides, ClusterConfig& cluster) {
  Status status = OverrideTls(overrides, cluster.tls);
  if (status.ok()) status = OverrideServer(overrides, cluster);
  if (status.ok()) status = OverrideToken(overrides, cluster);
  if (status.ok()) {
    status = OverrideImpersonation(overrides.impersonation, cluster.impersonation);
  }
  if (!status.ok()) return status;
  if (overrides.request_timeout > Duration::zero()) {
    cluster.request_timeout = overrides.request_timeout;
  }
  if (const std::string given = Overridden(overrides); !given.empty()) {
    cluster.origin +=
        (cluster.origin.empty() ? "given explicitly: " : "; given explicitly: ") +
        given;
  }
  internal::DropCredentialsWithoutTls(cluster);
  return {};
}

}  // namespace k8sentry
