#include "kube/tls_files.h"

#include "base/pem.h"

namespace k8sentry::internal {
namespace {

constexpr Duration kPeriod = std::chrono::minutes(5);

Status AsConfiguration(const Status& status) {
  return Status(StatusCode::kConfiguration, status.message());
}

}  // namespace

TlsFiles::TlsFiles(const TlsOptions& tls)
    : options_(tls), certificate_pem_(tls.certificate_pem), key_pem_(tls.key_pem) {
  if (tls.ca_pem.empty() && !tls.ca_file.empty())
    authority_.emplace(tls.ca_file, kPeriod);
  if (tls.certificate_pem.empty() && !tls.certificate_file.empty()) {
    certificate_.emplace(tls.certificate_file, kPeriod);
  }
  if (tls.key_pem.empty() && !tls.key_file.empty()) key_.emplace(tls.key_file, kPeriod);
  options_.ca_file.clear();
  options_.certificate_file.clear();
  options_.key_file.clear();
}

Status TlsFiles::Refresh(SteadyTime now) {
  const Status authority = RefreshAuthority(now);
  const Status identity = RefreshIdentity(now);
  return authority.ok() ? identity : authority;
}

Status TlsFiles::RefreshAuthority(SteadyTime now) {
  if (!authority_) return {};
  std::optional<Result<std::string>> read = authority_->ReadIfDue(now);
  if (!read) return {};
  Status status = read->status();
  if (status.ok()) status = CheckCertificates(**read);
  if (status.ok()) {
    options_.ca_pem = **std::move(read);
    return {};
  }
  ++failures_;
  authority_->Expire();
  if (!options_.ca_pem.empty()) return {};
  return AsConfiguration(status).WithContext("certificate authority");
}

Status TlsFiles::RefreshIdentity(SteadyTime now) {
  if (!certificate_ && !key_) return {};
  bool changed = false;
  Status status;
  const auto read = [&](std::optional<WatchedFile>& file, auto& text) {
    std::optional<Result<std::string>> found;
    if (file) found = file->ReadIfDue(now);
    if (!found) return;
    changed = true;
    if (found->ok()) {
      text = std::decay_t<decltype(text)>(**std::move(found));
    } else {
      status = found->status();
    }
  };
  read(certificate_, certificate_pem_);
  read(key_, key_pem_);
  if (!changed) return {};
  if (status.ok()) status = CheckKeyPair(certificate_pem_, key_pem_.Reveal());
  if (status.ok()) {
    options_.certificate_pem = certificate_pem_;
    options_.key_pem = key_pem_;
    return {};
  }
  ++failures_;
  // A pair that is being replaced: the old one goes on, and the new one is read again.
  if (certificate_) certificate_->Expire();
  if (key_) key_->Expire();
  const bool good = !options_.certificate_pem.empty() && !options_.key_pem.empty();
  return good ? Status() : AsConfiguration(status).WithContext("client certificate");
}

}  // namespace k8sentry::internal
