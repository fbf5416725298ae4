// Certificates of one test: an authority, and what it signs.
#pragma once

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <chrono>
#include <memory>
#include <string>

namespace k8sentry::internal {

struct FreeOpenSsl {
  void operator()(X509* p) const { X509_free(p); }
  void operator()(EVP_PKEY* p) const { EVP_PKEY_free(p); }
  void operator()(BIO* p) const { BIO_free(p); }
  void operator()(X509_EXTENSION* p) const { X509_EXTENSION_free(p); }
};
template <typename T>
using Owned = std::unique_ptr<T, FreeOpenSsl>;

struct Identity {
  std::string certificate_pem;
  std::string key_pem;
};

inline std::string Text(const Owned<BIO>& bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return std::string(data, static_cast<std::size_t>(size));
}

// Its own authority, for 127.0.0.1, from and until so long after now.
inline Identity SelfSigned(std::chrono::seconds from, std::chrono::seconds until) {
  const Owned<EVP_PKEY> key(EVP_EC_gen("P-256"));
  const Owned<X509> made(X509_new());
  X509_set_version(made.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(made.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(made.get()), from.count());
  X509_gmtime_adj(X509_getm_notAfter(made.get()), until.count());
  X509_set_pubkey(made.get(), key.get());
  X509_NAME_add_entry_by_txt(X509_get_subject_name(made.get()), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("self"), -1, -1, 0);
  X509_set_issuer_name(made.get(), X509_get_subject_name(made.get()));
  const Owned<X509_EXTENSION> name(
      X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "IP:127.0.0.1"));
  X509_add_ext(made.get(), name.get(), -1);
  X509_sign(made.get(), key.get(), EVP_sha256());
  const Owned<BIO> certificate(BIO_new(BIO_s_mem()));
  const Owned<BIO> private_key(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(certificate.get(), made.get());
  PEM_write_bio_PrivateKey(private_key.get(), key.get(), nullptr, nullptr, 0, nullptr,
                           nullptr);
  return {Text(certificate), Text(private_key)};
}

// A certificate authority of one test, and what it signs.
class Authority {
 public:
  explicit Authority(std::string name = "kubernetes")
      : authority_name_(std::move(name)),
        key_(NewKey()),
        certificate_(Make(*key_, "CA:TRUE", "")) {}

  std::string pem() const { return Pem(*certificate_); }
  // `alternative` as OpenSSL writes it: "DNS:kubernetes" or "IP:127.0.0.1".
  Identity Sign(const std::string& alternative) const {
    const Owned<EVP_PKEY> key = NewKey();
    Identity made = {Pem(*Make(*key, "CA:FALSE", alternative)), ""};
    const Owned<BIO> out(BIO_new(BIO_s_mem()));
    PEM_write_bio_PrivateKey(out.get(), key.get(), nullptr, nullptr, 0, nullptr,
                             nullptr);
    made.key_pem = Text(out);
    return made;
  }

 private:
  static Owned<EVP_PKEY> NewKey() { return Owned<EVP_PKEY>(EVP_EC_gen("P-256")); }
  static std::string Pem(X509& certificate) {
    const Owned<BIO> out(BIO_new(BIO_s_mem()));
    PEM_write_bio_X509(out.get(), &certificate);
    return Text(out);
  }
  static void Extend(X509& certificate, int nid, const std::string& value) {
    const Owned<X509_EXTENSION> extension(
        X509V3_EXT_conf_nid(nullptr, nullptr, nid, value.c_str()));
    X509_add_ext(&certificate, extension.get(), -1);
  }
  Owned<X509> Make(EVP_PKEY& key, const std::string& constraint,
                   const std::string& alternative) const {
    Owned<X509> made(X509_new());
    X509_set_version(made.get(), 2);
    static int serial = 0;
    ASN1_INTEGER_set(X509_get_serialNumber(made.get()), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(made.get()), -3600);
    X509_gmtime_adj(X509_getm_notAfter(made.get()), 3600);
    X509_set_pubkey(made.get(), &key);
    const std::string name = alternative.empty() ? authority_name_ : "signed by it";
    X509_NAME_add_entry_by_txt(X509_get_subject_name(made.get()), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(name.c_str()), -1,
                               -1, 0);
    X509_set_issuer_name(
        made.get(),
        X509_get_subject_name(certificate_ ? certificate_.get() : made.get()));
    Extend(*made, NID_basic_constraints, "critical," + constraint);
    if (!alternative.empty()) Extend(*made, NID_subject_alt_name, alternative);
    X509_sign(made.get(), key_.get(), EVP_sha256());
    return made;
  }

  std::string authority_name_;
  Owned<EVP_PKEY> key_;
  Owned<X509> certificate_;
};

}  // namespace k8sentry::internal
