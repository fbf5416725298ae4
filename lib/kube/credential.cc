#include "kube/credential.h"

#include "base/base64.h"

namespace k8sentry::internal {
namespace {

constexpr Duration kTokenPeriod = std::chrono::minutes(1);

bool IsOneLine(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) == text.npos;
}

}  // namespace

Credential::Credential(const ClusterConfig& cluster) {
  const TlsOptions& tls = cluster.tls;
  if (!cluster.token_file.empty())
    token_file_.emplace(cluster.token_file, kTokenPeriod);
  if (!cluster.token.empty()) {
    authorization_ = Secret("Bearer " + cluster.token.Reveal());
  } else if (!cluster.username.empty() && !token_file_) {
    authorization_ = Secret(
        "Basic " + EncodeBase64(cluster.username + ":" + cluster.password.Reveal()));
  }
  // As in client-go, a plugin is not asked when there is another credential.
  const bool has_other = token_file_ || !authorization_.empty() ||
                         !tls.certificate_pem.empty() || !tls.certificate_file.empty();
  if (!cluster.exec || has_other) return;
  plugin_ = cluster.shared_credential ? cluster.shared_credential
                                      : std::make_shared<ExecCredential>(cluster);
}

Status Credential::Prepare(Now now) {
  if (token_file_) return ReadToken(now.steady);
  if (!plugin_) return {};
  if (Status status = plugin_->Prepare(now); !status.ok()) return status;
  plugin_generation_ = plugin_->generation();
  const std::string& token = plugin_->credential().token.Reveal();
  authorization_ = Secret(token.empty() ? "" : "Bearer " + token);
  return {};
}

Status Credential::ReadToken(SteadyTime now) {
  std::optional<Result<std::string>> read = token_file_->ReadIfDue(now);
  if (!read) return {};
  Status status = read->status();
  if (status.ok() && !IsOneLine(**read)) {
    status = Status(StatusCode::kConfiguration, "there is more than a token in it");
  }
  if (status.ok()) {
    authorization_ = Secret("Bearer " + **read);
    return {};
  }
  // In the middle of the kubelet's swap it may be empty or absent.
  ++failures_;
  token_file_->Expire();
  if (!authorization_.empty()) return {};
  return Status(StatusCode::kConfiguration, "token file: " + status.message());
}

void Credential::Refused() {
  if (token_file_) token_file_->Expire();
  // Who shares it may have fetched another since.
  if (plugin_ && plugin_generation_ == plugin_->generation()) plugin_->Refused();
}

void Credential::AddCertificate(TlsOptions& tls) const {
  if (!plugin_ || plugin_->credential().certificate_pem.empty()) return;
  tls.certificate_pem = plugin_->credential().certificate_pem;
  tls.key_pem = plugin_->credential().key_pem;
}

}  // namespace k8sentry::internal

void k8sentry::ShareCredential(ClusterConfig& cluster) {
  if (!cluster.exec) return;
  cluster.shared_credential = std::make_shared<internal::ExecCredential>(cluster);
}
