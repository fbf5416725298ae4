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
  if (!in) return Wrong("OpenSSL has no memory");
  int count = 0;
  for (;; ++count) {
    const Owned<X509> next(
        PEM_read_bio_X509_AUX(in.get(), nullptr, &NoPassword, nullptr));
    if (!next) break;
  }
  // Any other end than "no more" is a file that is being written.
  if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE) {
    return Wrong("one of the certificates in it cannot be read");
  }
  return count > 0 ? Status() : Wrong("there is no certificate in it");
}

Status CheckKeyPair(std::string_view certificate_pem, std::string_view key_pem) {
  const ErrorQueue errors;
  const Owned<BIO> certificates = Open(certificate_pem), keys = Open(key_pem);
  if (!certificates || !keys) return Wrong("OpenSSL has no memory");
  if (Status chain = CheckCertificates(certificate_pem); !chain.ok()) {
    return Wrong("there is no client certificate in it, or one that cannot be read");
  }
  const Owned<X509> certificate(
      PEM_read_bio_X509_AUX(certificates.get(), nullptr, &NoPassword, nullptr));
  const Owned<EVP_PKEY> key(
      PEM_read_bio_PrivateKey(keys.get(), nullptr, &NoPassword, nullptr));
  if (!key) return Wrong("there is no private key in it, or an encrypted one");
  return X509_check_private_key(certificate.get(), key.get()) == 1
             ? Status()
             : Wrong("the client key is not the certificate's");
}

}  // namespace k8sentry::internal
