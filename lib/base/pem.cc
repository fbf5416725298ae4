#include "base/pem.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <memory>

namespace k8sentry::internal {
namespace {

struct Free {
  void operator()(BIO* p) const { BIO_free(p); }
  void operator()(X509* p) const { X509_free(p); }
  void operator()(EVP_PKEY* p) const { EVP_PKEY_free(p); }
};
template <typename T>
using Owned = std::unique_ptr<T, Free>;

// What is wrong is ours to say: errors left in OpenSSL's queue would be taken for those
// of the next connection.
class ErrorQueue {
 public:
  ErrorQueue() { ERR_set_mark(); }
  ~ErrorQueue() { ERR_pop_to_mark(); }
};

// Instead of OpenSSL's own, which asks on the terminal.
int NoPassword(char*, int, int, void*) { return -1; }

Owned<BIO> Open(std::string_view pem) {
  return Owned<BIO>(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

Status Wrong(const char* what) { return Status(StatusCode::kConfiguration, what); }

}  // namespace

Status CheckCertificates(std::string_view pem) {
  const ErrorQueue errors;
  const Owned<BIO> in = Open(pem);
  const Owned<X509> first(
      in ? PEM_read_bio_X509_AUX(in.get(), nullptr, &NoPassword, nullptr) : nullptr);
  return first ? Status() : Wrong("there is no certificate in it");
}

Status CheckKeyPair(std::string_view certificate_pem, std::string_view key_pem) {
  const ErrorQueue errors;
  const Owned<BIO> certificates = Open(certificate_pem), keys = Open(key_pem);
  if (!certificates || !keys) return Wrong("OpenSSL has no memory");
  const Owned<X509> certificate(
      PEM_read_bio_X509_AUX(certificates.get(), nullptr, &NoPassword, nullptr));
  if (!certificate) return Wrong("there is no client certificate in it");
  const Owned<EVP_PKEY> key(
      PEM_read_bio_PrivateKey(keys.get(), nullptr, &NoPassword, nullptr));
  if (!key) return Wrong("there is no private key in it, or an encrypted one");
  return X509_check_private_key(certificate.get(), key.get()) == 1
             ? Status()
             : Wrong("the client key is not the certificate's");
}

}  // namespace k8sentry::internal
