// A ClusterCheck over the real transport and a FakeApiServer.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>

#include "k8sentry/cluster_check.h"
#include "k8sentry/testing/fake_api_server.h"
#include "tests/authority.h"

namespace k8sentry {
namespace {

using internal::Authority;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Lines = std::vector<std::string>;

class ClusterCheckWire : public ::testing::Test {
 protected:
  void Serve(const internal::Identity& identity = {},
             const std::string& client_ca = "") {
    auto made = testing::NewFakeApiServer(
        {.tls = {identity.certificate_pem, identity.key_pem, client_ca}});
    ASSERT_TRUE(made.ok()) << made.status().message();
    server_ = *std::move(made);
    options_.cluster.server = server_->url();
  }
  // Drives it as a host does.
  void Run() {
    auto check = NewClusterCheck(options_, *transport_);
    ASSERT_TRUE(check.ok()) << check.status().message();
    const auto limit = std::chrono::steady_clock::now() + seconds(20);
    for ((*check)->Poll(Present()); !(*check)->done(); (*check)->Poll(Present())) {
      ASSERT_LT(std::chrono::steady_clock::now(), limit);
      const SteadyTime next =
          std::min((*check)->NextDeadline(), transport_->NextDeadline());
      const bool now = next <= std::chrono::steady_clock::now();
      pollfd readable = {transport_->descriptor(), POLLIN, 0};
      poll(&readable, 1, now ? 0 : 10);
      transport_->Poll(std::chrono::steady_clock::now());
    }
    findings_ = (*check)->findings();
    user_ = (*check)->user();
  }
  Now Present() const {
    return {std::chrono::steady_clock::now(),
            std::chrono::time_point_cast<std::chrono::microseconds>(
                std::chrono::system_clock::now())};
  }
  Lines Troubles() const {
    Lines lines;
    for (const Finding& f : findings_) {
      if (f.level != FindingLevel::kOk) {
        lines.push_back(std::string(FindingLevelName(f.level)) + " " + f.what);
      }
    }
    return lines;
  }
  std::string DetailOfError() const {
    for (const Finding& f : findings_) {
      if (f.level == FindingLevel::kError) return f.detail + " -> " + f.remedy;
    }
    return "";
  }

  std::unique_ptr<testing::FakeApiServer> server_;
  std::unique_ptr<HttpTransport> transport_ = *NewHttpTransport();
  ClusterCheckOptions options_;
  std::vector<Finding> findings_;
  std::string user_;
};

TEST_F(ClusterCheckWire, FindsAllWellOverTls) {
  const Authority authority;
  Serve(authority.Sign("IP:127.0.0.1"));
  server_->SetToken("good");
  options_.cluster.tls.ca_pem = authority.pem();
  options_.cluster.token = Secret("good");
  Run();
  EXPECT_THAT(Troubles(), IsEmpty()) << DetailOfError();
  EXPECT_EQ(user_, "system:serviceaccount:k8sentry:k8sentry");
  EXPECT_EQ(server_->count("create"), 11) << "ten rights, and who it is";
}

TEST_F(ClusterCheckWire, NamesWhatTheServerForbids) {
  Serve();
  server_->Forbid("/api/v1/namespaces/shop/events", "watch");
  server_->Forbid("/apis/batch/v1/namespaces/shop/jobs");
  server_->Forbid("/api/v1/namespaces/kube-system");
  options_.namespaces = {"shop", "payments"};
  Run();
  EXPECT_THAT(Troubles(), ElementsAre("error events in shop", "warning owners in shop",
                                      "warning cluster id"));
  Lines missing;
  for (const Finding& finding : findings_) {
    for (const AccessRule& rule : finding.missing) missing.push_back(RuleText(rule));
  }
  EXPECT_THAT(
      missing,
      ElementsAre(
          "apiGroups [\"\"], resources [events], verbs [watch] in namespace shop",
          "apiGroups [batch], resources [jobs], verbs [get] in namespace shop",
          "apiGroups [\"\"], resources [namespaces], verbs [get], resourceNames "
          "[kube-system] in namespace kube-system"));
}

TEST_F(ClusterCheckWire, SaysThatItsTokenIsNotAccepted) {
  Serve();
  server_->SetToken("good");
  options_.cluster.token = Secret("bad");
  Run();
  EXPECT_THAT(Troubles(), ElementsAre("error user"));
}

TEST_F(ClusterCheckWire, AsksAServerThatTellsNoUser) {
  Serve();
  server_->Script({.verb = "create",
                   .path = "/apis/authentication.k8s.io",
                   .status = 404,
                   .body = "404 page not found\n"});
  Run();
  EXPECT_THAT(Troubles(), IsEmpty());
  EXPECT_EQ(user_, "");
}

TEST_F(ClusterCheckWire, SeesThatTheClockIsWrong) {
  Serve();
  server_->Script(
      {.path = "/version", .headers = {{"Date", "Sun, 06 Nov 1994 08:49:37 GMT"}}});
  Run();
  EXPECT_THAT(Troubles(), ElementsAre("warning clock"));
}

// Row 20
TEST_F(ClusterCheckWire, IsNotStoppedByAServerThatHasNoReviews) {
  Serve();
  server_->Script({.verb = "create",
                   .path = "/apis/authorization.k8s.io",
                   .times = testing::FakeFault::kAlways,
                   .status = 404,
                   .body = "404 page not found\n"});
  Run();
  EXPECT_THAT(Troubles(),
              ElementsAre("warning events", "warning owners", "warning cluster id"));
}

// Row 26
TEST_F(ClusterCheckWire, NamesTheFaultOfACertificate) {
  const Authority authority;
  Serve(Authority("other").Sign("IP:127.0.0.1"));
  options_.cluster.tls.ca_pem = authority.pem();
  Run();
  EXPECT_THAT(DetailOfError(),
              AllOf(HasSubstr("an authority that is not trusted: TLS: "),
                    HasSubstr("-> give the certificate of the cluster's authority")));
  // One of the same name, as after a cluster was built anew.
  Serve(Authority().Sign("IP:127.0.0.1"));
  Run();
  EXPECT_THAT(DetailOfError(), HasSubstr("an authority that is not trusted: TLS: "));

  Serve(authority.Sign("DNS:kubernetes"));
  Run();
  EXPECT_THAT(DetailOfError(), AllOf(HasSubstr("is for another name: TLS: "),
                                     HasSubstr("-> use a name that stands in")));

  for (const auto& [from, to, why, remedy] :
       {std::tuple(-3600, -60, "has expired", "-> renew the certificate"),
        std::tuple(600, 3600, "is not valid yet", "-> set the clock here")}) {
    const internal::Identity wrong = internal::SelfSigned(seconds(from), seconds(to));
    Serve(wrong);
    options_.cluster.tls.ca_pem = wrong.certificate_pem;
    Run();
    EXPECT_THAT(DetailOfError(), AllOf(HasSubstr(why), HasSubstr(remedy),
                                       HasSubstr("; the clock here says 20")));
  }
  EXPECT_EQ(server_->count(), 0) << "a request went to a stranger";
}

TEST_F(ClusterCheckWire, SaysThatTheServerWantsAnotherCertificate) {
  const Authority authority;
  Serve(authority.Sign("IP:127.0.0.1"), authority.pem());
  options_.cluster.tls.ca_pem = authority.pem();
  const internal::Identity strange = Authority("other").Sign("DNS:me");
  options_.cluster.tls.certificate_pem = strange.certificate_pem;
  options_.cluster.tls.key_pem = Secret(strange.key_pem);
  Run();
  EXPECT_THAT(DetailOfError(), HasSubstr("the server refuses our certificate"));
}

TEST_F(ClusterCheckWire, SaysWhatSpeaksNoTls) {
  Serve();
  options_.cluster.server.replace(0, 4, "https");
  Run();
  EXPECT_THAT(DetailOfError(), HasSubstr("what answers there speaks no TLS"));
}

TEST_F(ClusterCheckWire, SaysThatNobodyListens) {
  Serve();
  server_->loopback().Kill();
  Run();
  EXPECT_THAT(DetailOfError(), AllOf(HasSubstr("nothing listens there"),
                                     HasSubstr("Connection refused")));
  // No DNS server is asked for a label that is too long.
  options_.cluster.server = "https://" + std::string(64, 'a') + ".invalid";
  Run();
  EXPECT_THAT(DetailOfError(), HasSubstr("the server's name is not known"));
}

// Row 29
TEST_F(ClusterCheckWire, SaysWhatTheProxySays) {
  int status = 0;
  const auto proxy = *testing::NewLoopbackServer([&](const testing::LoopbackRequest&) {
    return testing::LoopbackResponse{.status = status, .body = "who are you"};
  });
  options_.cluster.server = "https://10.0.0.1";
  options_.cluster.proxy = proxy->url();
  for (const auto& [code, remedy] : {std::pair(407, "-> put user and password into"),
                                     std::pair(502, "-> check proxy-url")}) {
    status = code;
    Run();
    EXPECT_THAT(DetailOfError(),
                AllOf(HasSubstr(std::to_string(code)), HasSubstr(remedy)));
  }
  options_.cluster.proxy = "http://me:hush@127.0.0.1:1";
  Run();
  EXPECT_THAT(DetailOfError(), AllOf(HasSubstr("-> check proxy-url"),
                                     HasSubstr("the proxy http://127.0.0.1:1")));
}

TEST_F(ClusterCheckWire, EndsInTimeWhateverTheServerDoes) {
  Serve();
  options_.deadline = std::chrono::milliseconds(300);
  server_->Script({.path = "/version", .no_answer = true});
  Run();
  EXPECT_THAT(Troubles(), ElementsAre("error API server"));
  EXPECT_THAT(DetailOfError(), HasSubstr("no answer comes"));
  server_->Script({.path = "/apis/authorization.k8s.io",
                   .times = testing::FakeFault::kAlways,
                   .no_answer = true});
  Run();
  EXPECT_THAT(Troubles(),
              ElementsAre("error events", "warning owners", "warning cluster id"));
}

}  // namespace
}  // namespace k8sentry
