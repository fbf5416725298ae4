#include "testing/loopback_tls.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <cerrno>

namespace k8sentry::testing::internal {
namespace {

struct Free {
  void operator()(SSL_CTX* p) const { SSL_CTX_free(p); }
  void operator()(SSL* p) const { SSL_free(p); }
  void operator()(BIO* p) const { BIO_free(p); }
  void operator()(X509* p) const { X509_free(p); }
  void operator()(EVP_PKEY* p) const { EVP_PKEY_free(p); }
};
template <typename T>
using Owned = std::unique_ptr<T, Free>;

class Session : public TlsSession {
 public:
  explicit Session(Owned<SSL> ssl) : ssl_(std::move(ssl)) {}

  ssize_t Read(char* data, std::size_t size) override {
    if (failed_) return Drain(data, size);
    ERR_clear_error();
    return Finish(SSL_read(ssl_.get(), data, static_cast<int>(size)));
  }
  ssize_t Write(const char* data, std::size_t size) override {
    ERR_clear_error();
    return Finish(SSL_write(ssl_.get(), data, static_cast<int>(size)));
  }
  bool wants_write() const override { return wants_write_; }

 private:
  ssize_t Finish(int n) {
    wants_write_ = false;
    if (n > 0) return n;
    switch (SSL_get_error(ssl_.get(), n)) {
      case SSL_ERROR_WANT_WRITE:
        wants_write_ = true;
        [[fallthrough]];
      case SSL_ERROR_WANT_READ:
        errno = EAGAIN;
        return -1;
      case SSL_ERROR_ZERO_RETURN:
        return 0;
      default:
        // Closing now, with bytes unread, would reset the connection and lose our
        // alert.
        failed_ = true;
        shutdown(SSL_get_fd(ssl_.get()), SHUT_WR);
        errno = EAGAIN;
        return -1;
    }
  }

  ssize_t Drain(char* data, std::size_t size) {
    ssize_t n = 0;
    while ((n = recv(SSL_get_fd(ssl_.get()), data, size, 0)) > 0) {
    }
    return n;
  }

  Owned<SSL> ssl_;
  bool wants_write_ = false;
  bool failed_ = false;
};

class Context : public TlsContext {
 public:
  explicit Context(Owned<SSL_CTX> context) : context_(std::move(context)) {}
  std::unique_ptr<TlsSession> NewSession(int fd) override {
    Owned<SSL> ssl(SSL_new(context_.get()));
    SSL_set_fd(ssl.get(), fd);
    SSL_set_accept_state(ssl.get());
    return std::make_unique<Session>(std::move(ssl));
  }

 private:
  Owned<SSL_CTX> context_;
};

Owned<BIO> Reader(const std::string& text) {
  return Owned<BIO>(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

Owned<X509> ReadCertificate(const std::string& pem) {
  return Owned<X509>(PEM_read_bio_X509(Reader(pem).get(), nullptr, nullptr, nullptr));
}

// HTTP/2 for who offers it (ALPN).
int SelectProtocol(SSL*, const unsigned char** out, unsigned char* out_size,
                   const unsigned char* in, unsigned in_size, void*) {
  static constexpr unsigned char kOurs[] = "\x02h2\x08http/1.1";
  unsigned char* selected = nullptr;
  if (SSL_select_next_proto(&selected, out_size, kOurs, sizeof kOurs - 1, in,
                            in_size) != OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_NOACK;
  }
  *out = selected;
  return SSL_TLSEXT_ERR_OK;
}

}  // namespace

Result<std::unique_ptr<TlsContext>> NewTlsContext(const LoopbackTls& options) {
  const Status bad(StatusCode::kConfiguration, "the test server's PEM cannot be read");
  Owned<SSL_CTX> context(SSL_CTX_new(TLS_server_method()));
  const Owned<X509> certificate = ReadCertificate(options.certificate_pem);
  const Owned<EVP_PKEY> key(PEM_read_bio_PrivateKey(Reader(options.key_pem).get(),
                                                    nullptr, nullptr, nullptr));
  if (!context || !certificate || !key ||
      SSL_CTX_use_certificate(context.get(), certificate.get()) != 1 ||
      SSL_CTX_use_PrivateKey(context.get(), key.get()) != 1) {
    return bad;
  }
  if (!options.client_ca_pem.empty()) {
    const Owned<X509> ca = ReadCertificate(options.client_ca_pem);
    if (!ca ||
        X509_STORE_add_cert(SSL_CTX_get_cert_store(context.get()), ca.get()) != 1) {
      return bad;
    }
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                       nullptr);
  }
  SSL_CTX_set_alpn_select_cb(context.get(), &SelectProtocol, nullptr);
  SSL_CTX_set_mode(context.get(),
                   SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  return std::unique_ptr<TlsContext>(std::make_unique<Context>(std::move(context)));
}

}  // namespace k8sentry::testing::internal
