// The rows of the failure matrix that are about certificates and proxies.
#include <fstream>

#include "tests/authority.h"
#include "wire_cluster.h"

namespace k8sentry {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Names = std::vector<std::string>;

// Row 26
class WireTls : public WireCluster {
 protected:
  using Authority = internal::Authority;

  static testing::LoopbackTls Pem(const internal::Identity& identity,
                                  const std::string& client_ca = "") {
    return {identity.certificate_pem, identity.key_pem, client_ca};
  }
  void ServeTls(const testing::LoopbackTls& tls) {
    Serve(testing::NewFakeApiServer({.tls = tls}));
  }
  // Why it does not come to watching.
  std::string Fault() {
    states.clear();
    EXPECT_TRUE(RunUntilState("unavailable"));
    EXPECT_EQ(server->count(), 0) << "a request went to a stranger";
    return detail;
  }

  const Authority authority;
};

TEST_F(WireTls, NamesTheFaultOfACertificate) {
  ServeTls(Pem(Authority("other").Sign("IP:127.0.0.1")));
  options.cluster.tls.ca_pem = authority.pem();
  EXPECT_THAT(Fault(), HasSubstr("unable to get local issuer certificate"));

  BeginAnew();
  ASSERT_TRUE(server->loopback().SetTls(Pem(authority.Sign("DNS:kubernetes"))).ok());
  EXPECT_THAT(Fault(), HasSubstr("matches target host name '127.0.0.1'"));

  BeginAnew();
  const internal::Identity old = internal::SelfSigned(-minutes(60), -minutes(1));
  ASSERT_TRUE(server->loopback().SetTls(Pem(old)).ok());
  options.cluster.tls.ca_pem = old.certificate_pem;
  EXPECT_THAT(Fault(), HasSubstr("certificate has expired"));
}

TEST_F(WireTls, WatchesOnWhenTheServersCertificateIsReplaced) {
  ServeTls(Pem(authority.Sign("IP:127.0.0.1")));
  options.cluster.tls.ca_pem = authority.pem();
  RunUntilWatching();
  ASSERT_TRUE(server->loopback().SetTls(Pem(authority.Sign("IP:127.0.0.1"))).ok());
  server->loopback().ResetConnections();
  Create("a");
  ASSERT_TRUE(RunUntilTold(1));
  EXPECT_EQ(told, Names{"a"});
}

TEST_F(WireTls, ReadsAnAuthorityAgainThatWasReplacedOnDisk) {
  const std::string path = ::testing::TempDir() + "k8sentry_wire_ca.pem";
  std::ofstream(path) << authority.pem();
  ServeTls(Pem(authority.Sign("IP:127.0.0.1")));
  options.cluster.tls.ca_file = path;
  RunUntilWatching();
  const Authority next("kubernetes");
  ASSERT_TRUE(server->loopback().SetTls(Pem(next.Sign("IP:127.0.0.1"))).ok());
  server->loopback().ResetConnections();
  Create("a");
  ASSERT_TRUE(RunUntilState("unavailable"));
  RunFor(seconds(5));
  EXPECT_THAT(told, IsEmpty());
  std::ofstream(path) << next.pem();
  ASSERT_TRUE(RunUntilTold(1)) << detail;
}

TEST_F(WireTls, ShowsTheCertificateThatTheServerWants) {
  ServeTls(Pem(authority.Sign("IP:127.0.0.1"), authority.pem()));
  options.cluster.tls.ca_pem = authority.pem();
  EXPECT_NE(Fault(), "");
  BeginAnew();
  const internal::Identity mine = authority.Sign("DNS:k8sentry");
  options.cluster.tls.certificate_pem = mine.certificate_pem;
  options.cluster.tls.key_pem = Secret(mine.key_pem);
  RunUntilWatching();
}

// Row 29
class WireProxy : public WireCluster {};

TEST_F(WireProxy, SaysWhatItsProxySays) {
  int status = 0;
  const auto proxy = *testing::NewLoopbackServer([&](const testing::LoopbackRequest&) {
    return testing::LoopbackResponse{.status = status, .body = "who are you"};
  });
  options.cluster.server = "https://127.0.0.1:1";
  options.cluster.proxy = proxy->url();
  for (const int code : {407, 502}) {
    BeginAnew();
    status = code;
    ASSERT_TRUE(RunUntilState("unavailable"));
    EXPECT_THAT(detail, HasSubstr(std::to_string(code)));
    EXPECT_EQ(proxy->requests().back().method, "CONNECT");
  }
}

TEST_F(WireProxy, WaitsForAProxyThatIsNotThere) {
  for (const std::string scheme : {"http://", "socks5://"}) {
    BeginAnew();
    options.cluster.proxy = scheme + "127.0.0.1:1";
    ASSERT_TRUE(RunUntilState("unavailable"));
    EXPECT_EQ(server->count(), 0) << "it went past its proxy";
  }
}

}  // namespace
}  // namespace k8sentry
