#include <fstream>

#include "exchange.h"
#include "tests/authority.h"

namespace k8sentry {
namespace {

using internal::Authority;
using internal::Identity;

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
