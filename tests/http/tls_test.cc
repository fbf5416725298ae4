#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <fstream>

#include "exchange.h"

namespace k8sentry {
namespace {

struct Free {
  void operator()(X509* p) const { X509_free(p); }
  void operator()(EVP_PKEY* p) const { EVP_PKEY_free(p); }
  void operator()(BIO* p) const { BIO_free(p); }
  void operator()(X509_EXTENSION* p) const { X509_EXTENSION_free(p); }
};
template <typename T>
using Owned = std::unique_ptr<T, Free>;

struct Identity {
  std::string certificate_pem;
  std::string key_pem;
};

std::string Text(const Owned<BIO>& bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return std::string(data, static_cast<std::size_t>(size));
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

std::unique_ptr<testing::LoopbackServer> ServeTls(const Identity& identity,
                                                  const std::string& client_ca = "") {
  return *testing::NewLoopbackServer(
      [](const testing::LoopbackRequest&) {
        return testing::LoopbackResponse{.body = "over TLS"};
      },
      {.certificate_pem = identity.certificate_pem,
       .key_pem = identity.key_pem,
       .client_ca_pem = client_ca});
}

std::unique_ptr<NotedResponse> Get(const testing::LoopbackServer& server,
                                   TlsOptions tls) {
  const auto transport = Transport();
  auto response = std::make_unique<NotedResponse>();
  const auto id =
      transport->Start({.url = server.url(), .tls = std::move(tls)}, *response);
  EXPECT_TRUE(id.ok());
  EXPECT_TRUE(RunUntilDone(*transport, *response));
  return response;
}

TEST(HttpTransportTls, TrustsTheAuthorityItWasGivenAsTextOrFile) {
  const Authority authority;
  const auto server = ServeTls(authority.Sign("IP:127.0.0.1"));
  EXPECT_EQ(Get(*server, {.ca_pem = authority.pem()})->body, "over TLS");
  const std::string path = ::testing::TempDir() + "k8sentry_tls_test_ca.pem";
  std::ofstream(path) << authority.pem();
  EXPECT_EQ(Get(*server, {.ca_file = path})->body, "over TLS");
}

TEST(HttpTransportTls, RefusesAnUnknownAuthority) {
  const Authority authority, other("other"), built_anew;
  const auto server = ServeTls(authority.Sign("IP:127.0.0.1"));
  for (const std::string& ca : {other.pem(), built_anew.pem(), std::string()}) {
    const auto response = Get(*server, {.ca_pem = ca});
    EXPECT_EQ(response->code(), StatusCode::kConfiguration)
        << response->status->message();
    EXPECT_EQ(response->body, "");
  }
  EXPECT_EQ(Get(*server, {.verification = TlsVerification::kInsecureSkipVerify})->body,
            "over TLS");
  EXPECT_EQ(server->requests().size(), 1u) << "a request went to a stranger";
}

TEST(HttpTransportTls, RefusesAnotherName) {
  const Authority authority;
  const auto server = ServeTls(authority.Sign("DNS:kubernetes"));
  const auto response = Get(*server, {.ca_pem = authority.pem()});
  EXPECT_EQ(response->code(), StatusCode::kConfiguration)
      << response->status->message();
}

TEST(HttpTransportTls, VerifiesTheServerNameInsteadOfTheHostWhenGivenOne) {
  const Authority authority;
  const auto server = ServeTls(authority.Sign("DNS:kubernetes"));
  EXPECT_EQ(
      Get(*server, {.ca_pem = authority.pem(), .server_name = "kubernetes"})->body,
      "over TLS");
  EXPECT_EQ(server->requests()[0].header("Host"),
            "127.0.0.1:" + std::to_string(server->port()));
  EXPECT_EQ(Get(*server, {.ca_pem = authority.pem(), .server_name = "other"})->code(),
            StatusCode::kConfiguration);
}

TEST(HttpTransportTls, CallsAServerWithoutTlsAConfigurationError) {
  const auto server = ServeAlways({});
  const auto transport = Transport();
  NotedResponse response;
  const std::string url = "https://127.0.0.1:" + std::to_string(server->port());
  ASSERT_TRUE(transport->Start({.url = url}, response).ok());
  ASSERT_TRUE(RunUntilDone(*transport, response));
  EXPECT_EQ(response.code(), StatusCode::kConfiguration);
}

TEST(HttpTransportTls, ShowsItsCertificate) {
  const Authority authority;
  const Identity mine = authority.Sign("DNS:me");
  const auto server = ServeTls(authority.Sign("IP:127.0.0.1"), authority.pem());
  EXPECT_EQ(Get(*server, {.ca_pem = authority.pem(),
                          .certificate_pem = mine.certificate_pem,
                          .key_pem = Secret(mine.key_pem)})
                ->body,
            "over TLS");
  const auto without = Get(*server, {.ca_pem = authority.pem()});
  EXPECT_EQ(without->code(), StatusCode::kConfiguration) << without->status->message();
}

TEST(HttpTransportTls, CallsUnreadablePemAConfigurationErrorAndDoesNotPrintIt) {
  const Authority authority;
  const Identity mine = authority.Sign("DNS:me");
  const auto server = ServeTls(authority.Sign("IP:127.0.0.1"));
  const auto bad_ca = Get(*server, {.ca_pem = "hush"});
  EXPECT_EQ(bad_ca->code(), StatusCode::kConfiguration);
  const auto bad_key = Get(*server, {.ca_pem = authority.pem(),
                                     .certificate_pem = mine.certificate_pem,
                                     .key_pem = Secret("hush")});
  EXPECT_EQ(bad_key->code(), StatusCode::kConfiguration);
  EXPECT_EQ(bad_key->status->message().find("hush"), std::string::npos);
  const auto no_file = Get(*server, {.ca_file = "/nonexistent/ca.pem"});
  EXPECT_EQ(no_file->code(), StatusCode::kConfiguration);
}

}  // namespace
}  // namespace k8sentry
