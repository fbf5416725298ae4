#include "kube/api_client.h"

#include <poll.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <set>
#include <thread>

#include "k8sentry/testing/fake_http_transport.h"
#include "k8sentry/testing/loopback_server.h"
#include "tests/authority.h"

namespace k8sentry::internal {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

// Files of one test, and a client that uses them.
class ApiClientTest : public ::testing::Test {
 protected:
  ApiClientTest() {
    std::string pattern = ::testing::TempDir() + "k8sentry_api_XXXXXX";
    dir_ = mkdtemp(pattern.data());
    cluster_.server = "https://cluster/prefix/";
  }
  ~ApiClientTest() override { std::filesystem::remove_all(dir_); }

  static const Authority& ca() {
    static const Authority authority;
    return authority;
  }
  std::string Write(const std::string& name, const std::string& text) const {
    std::ofstream(dir_ + "/" + name) << text;
    return dir_ + "/" + name;
  }
  // As the kubelet does it: a new file that takes the old one's name.
  void Swap(const std::string& name, const std::string& text) const {
    std::filesystem::rename(Write(name + ".new", text), dir_ + "/" + name);
  }

  std::string dir_;
  ClusterConfig cluster_;
  testing::FakeHttpTransport http_;
  Now now_ = {SteadyTime(std::chrono::hours(1)), {}};
};

TEST_F(ApiClientTest, AsksAsWhomItWasTold) {
  cluster_.username = "me";
  cluster_.password = Secret("hush");
  cluster_.impersonation = {
      .user = "jane",
      .uid = "17",
      .groups = {"devs", "ops"},
      .extra = {{"scopes", {"view", "edit"}}, {"example.com/My %Team", {"shop"}}}};
  cluster_.proxy = "http://proxy";
  ApiClient client(cluster_, http_);
  ASSERT_TRUE(client.Prepare(now_).ok());
  const HttpRequest request = client.Get("/api/v1/events");
  EXPECT_EQ(request.url, "https://cluster/prefix/api/v1/events");
  EXPECT_EQ(request.proxy, "http://proxy");
  EXPECT_EQ(request.auth_header_name, "Authorization");
  EXPECT_EQ(request.auth_header_value.Reveal(), "Basic bWU6aHVzaA==");
  std::string headers;
  for (const HttpHeader& h : request.headers) headers += h.name + ": " + h.value + "\n";
  EXPECT_EQ(headers,
            "Accept: application/json\nImpersonate-User: jane\nImpersonate-Uid: 17\n"
            "Impersonate-Group: devs\nImpersonate-Group: ops\n"
            "Impersonate-Extra-scopes: view\nImpersonate-Extra-scopes: edit\n"
            "Impersonate-Extra-example.com%2FMy%20%25Team: shop\n");
}

TEST_F(ApiClientTest, LimitsWhatIsNoWatch) {
  struct : HttpHandler {
    void OnHead(const HttpResponseHead&) override {}
    BodyFlow OnBody(std::string_view) override { return BodyFlow::kContinue; }
    void OnDone(const Status&) override {}
  } handler;
  cluster_.request_timeout = seconds(7);
  cluster_.disable_compression = true;
  ApiClient client(cluster_, http_);
  for (const auto group : {ConnectionGroup::kWatch, ConnectionGroup::kList}) {
    HttpRequest request = client.Get("/");
    request.group = group;
    request.accept_gzip = true;
    request.deadline = minutes(5);
    ASSERT_TRUE(client.Start(request, handler).ok());
  }
  EXPECT_EQ(http_.requests()[0].deadline, minutes(5));
  EXPECT_EQ(http_.requests()[1].deadline, seconds(7));
  EXPECT_FALSE(http_.requests()[1].accept_gzip);
}

TEST_F(ApiClientTest, SaysThatItsTokenFileCannotBeRead) {
  cluster_.token_file = dir_ + "/token";
  ApiClient client(cluster_, http_);
  EXPECT_EQ(client.Prepare(now_).message(),
            "token file: " + dir_ + "/token: No such file or directory");
  Write("token", "");
  EXPECT_EQ(client.Prepare(now_).code(), StatusCode::kConfiguration);
  Write("token", "t");
  EXPECT_TRUE(client.Prepare(now_).ok());
  EXPECT_EQ(client.Get("/").auth_header_value.Reveal(), "Bearer t");
  EXPECT_EQ(client.credential_failures(), 2u);
}

// Row 28
TEST_F(ApiClientTest, NeverLosesItsTokenWhileTheFileIsReplacedAllTheTime) {
  cluster_.token_file = Write("token", "token-0");
  ApiClient client(cluster_, http_);
  ASSERT_TRUE(client.Prepare(now_).ok());
  std::jthread writer([&](const std::stop_token& stop) {
    for (int i = 1; !stop.stop_requested(); ++i) {
      if (i % 3 == 0) Write("token", "");  // in place, the bad way
      if (i % 3 == 1) std::remove((dir_ + "/token").c_str());
      Swap("token", "token-" + std::to_string(i));
      poll(nullptr, 0, 1);
    }
  });
  std::set<std::string> seen;
  for (int i = 0; i < 1000000 && seen.size() < 50; ++i) {
    ASSERT_TRUE(client.Prepare(now_).ok());
    const std::string token = client.Get("/").auth_header_value.Reveal();
    ASSERT_TRUE(token.starts_with("Bearer token-")) << token;
    seen.insert(token);
  }
  EXPECT_EQ(seen.size(), 50u);
}

TEST_F(ApiClientTest, ReadsFilesAgainAfterTheirTimeEvenIfNothingSeemsToHaveChanged) {
  const std::string path = Write("token", "t");
  WatchedFile file(path, minutes(1));
  EXPECT_TRUE(file.ReadIfDue(now_.steady).has_value());
  EXPECT_FALSE(file.ReadIfDue(now_.steady).has_value());
  EXPECT_FALSE(file.ReadIfDue(now_.steady + seconds(59)).has_value());
  EXPECT_TRUE(file.ReadIfDue(now_.steady + minutes(1)).has_value());
  file.Expire();
  EXPECT_TRUE(file.ReadIfDue(now_.steady + minutes(1)).has_value());
  Swap("token", "u");
  EXPECT_EQ(**file.ReadIfDue(now_.steady + minutes(1)), "u");
}

TEST_F(ApiClientTest, KeepsItsAuthorityUntilTheNewOneCanBeUsed) {
  cluster_.tls.ca_file = Write("ca.crt", ca().pem());
  ApiClient client(cluster_, http_);
  const auto authority = [&] {
    EXPECT_TRUE(client.Prepare(now_).ok());
    const TlsOptions tls = client.Get("/").tls;
    EXPECT_EQ(tls.ca_file, "") << "libcurl would read it at its own time";
    return tls.ca_pem + "\n";
  };
  EXPECT_EQ(authority(), ca().pem());
  const std::string half = ca().pem() + ca().pem().substr(0, 200);
  for (const std::string& text : {std::string(), std::string(" \n"), half}) {
    Swap("ca.crt", text);
    EXPECT_EQ(authority(), ca().pem());
  }
  std::remove((dir_ + "/ca.crt").c_str());
  EXPECT_EQ(authority(), ca().pem());
  EXPECT_EQ(client.credential_failures(), 4u);
  const Authority next;
  Write("ca.crt", next.pem());
  EXPECT_EQ(authority(), next.pem());
}

TEST_F(ApiClientTest, AsksNothingWithoutAnAuthorityThatItShouldHave) {
  for (const char* text : {"", "hush"}) {
    cluster_.tls.ca_file = Write("ca.crt", text);
    ApiClient client(cluster_, http_);
    const Status status = client.Prepare(now_);
    EXPECT_EQ(status.code(), StatusCode::kConfiguration);
    EXPECT_TRUE(status.message().starts_with("certificate authority: "))
        << status.message();
    EXPECT_EQ(status.message().find("hush"), std::string::npos);
    Write("ca.crt", ca().pem());
    EXPECT_TRUE(client.Prepare(now_).ok()) << "it looks again";
  }
}

TEST_F(ApiClientTest, KeepsACertificateUntilItsPairIsComplete) {
  const Identity first = ca().Sign("DNS:a"), second = ca().Sign("DNS:b");
  cluster_.tls.certificate_file = Write("tls.crt", first.certificate_pem);
  cluster_.tls.key_file = Write("tls.key", first.key_pem);
  ApiClient client(cluster_, http_);
  const auto certificate = [&] {
    EXPECT_TRUE(client.Prepare(now_).ok());
    const TlsOptions tls = client.Get("/").tls;
    const bool one = tls.key_pem.Reveal() + "\n" == first.key_pem;
    EXPECT_EQ(tls.certificate_pem + "\n",
              one ? first.certificate_pem : second.certificate_pem);
    return one ? "first" : "second";
  };
  EXPECT_STREQ(certificate(), "first");
  Swap("tls.crt", second.certificate_pem);
  EXPECT_STREQ(certificate(), "first");
  Swap("tls.key", second.key_pem);
  EXPECT_STREQ(certificate(), "second");
  Swap("tls.key", "hush");
  EXPECT_STREQ(certificate(), "second");
}

// One GET through libcurl.
struct Answer final : HttpHandler {
  void OnHead(const HttpResponseHead& head) override { code = head.status; }
  BodyFlow OnBody(std::string_view) override { return BodyFlow::kContinue; }
  void OnDone(const Status& s) override { status = s; }

  int code = 0;
  std::optional<Status> status;
};

class Rotation : public ApiClientTest {
 protected:
  std::unique_ptr<testing::LoopbackServer> Serve(const Authority& by) {
    const Identity identity = by.Sign("IP:127.0.0.1");
    return *testing::NewLoopbackServer(
        [](const testing::LoopbackRequest&) { return testing::LoopbackResponse{}; },
        {.certificate_pem = identity.certificate_pem,
         .key_pem = identity.key_pem,
         .client_ca_pem = by.pem()});
  }
  Answer Ask(ApiClient& client, const std::string& url) {
    Answer answer;
    EXPECT_TRUE(client.Prepare(now_).ok());
    HttpRequest request = client.Get("/");
    request.url = url;
    EXPECT_TRUE(client.Start(request, answer).ok());
    for (int i = 0; i < 4000 && !answer.status; ++i) {
      pollfd ready = {http_transport_->descriptor(), POLLIN, 0};
      poll(&ready, 1, 5);
      http_transport_->Poll(now_.steady);
    }
    EXPECT_TRUE(answer.status.has_value());
    return answer;
  }
  std::unique_ptr<HttpTransport> http_transport_ = *NewHttpTransport();
};

// Row 26
TEST_F(Rotation, ReachesAServerWhoseAuthorityAndClientsWereReplaced) {
  const Authority next("kubernetes of next year");
  const Identity me = ca().Sign("DNS:me"), me_next = next.Sign("DNS:me");
  cluster_.tls = {.ca_file = Write("ca.crt", ca().pem()),
                  .certificate_file = Write("tls.crt", me.certificate_pem),
                  .key_file = Write("tls.key", me.key_pem)};
  ApiClient client(cluster_, *http_transport_);
  const auto before = Serve(ca());
  EXPECT_EQ(Ask(client, before->url()).code, 200);
  EXPECT_EQ(Ask(client, before->url()).code, 200);
  EXPECT_EQ(before->requests()[0].connection, before->requests()[1].connection)
      << "a connection is kept while nothing changes";

  const auto after = Serve(next);
  EXPECT_EQ(Ask(client, after->url()).status->code(), StatusCode::kConfiguration);
  Swap("ca.crt", ca().pem() + next.pem());
  Swap("tls.crt", me_next.certificate_pem);
  EXPECT_EQ(Ask(client, after->url()).code, 0) << "half of a pair";
  Swap("tls.key", me_next.key_pem);
  EXPECT_EQ(Ask(client, after->url()).code, 200);
}

// Row 29
TEST_F(Rotation, SaysWhatAProxyRefuses) {
  const auto server = Serve(ca());
  cluster_.tls.ca_pem = ca().pem();
  const std::pair<int, StatusCode> kAnswers[] = {{407, StatusCode::kConfiguration},
                                                 {502, StatusCode::kUnavailable}};
  for (const auto& [status, code] : kAnswers) {
    const auto proxy =
        *testing::NewLoopbackServer([answer = status](const testing::LoopbackRequest&) {
          return testing::LoopbackResponse{.status = answer};
        });
    const std::string where = "127.0.0.1:" + std::to_string(proxy->port());
    cluster_.proxy = "http://me:hush@" + where;
    ApiClient client(cluster_, *http_transport_);
    const Answer answer = Ask(client, server->url());
    EXPECT_EQ(proxy->requests()[0].method, "CONNECT");
    EXPECT_EQ(answer.code, 0) << "a proxy's answer is not the server's";
    EXPECT_EQ(answer.status->code(), code);
    EXPECT_EQ(answer.status->message(),
              "CONNECT tunnel failed, response " + std::to_string(status) +
                  "; asked through the proxy http://" + where);
  }
  for (const std::string scheme : {"http", "https", "socks5"}) {
    cluster_.proxy = scheme + "://127.0.0.1:1";
    ApiClient client(cluster_, *http_transport_);
    const Answer answer = Ask(client, server->url());
    EXPECT_EQ(answer.status->code(), StatusCode::kUnavailable);
    EXPECT_TRUE(answer.status->message().ends_with("; asked through the proxy " +
                                                   cluster_.proxy))
        << answer.status->message();
  }
  EXPECT_EQ(server->requests().size(), 0u);
}

}  // namespace
}  // namespace k8sentry::internal
