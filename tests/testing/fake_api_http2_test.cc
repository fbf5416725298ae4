// The fake API server over HTTP/2, and what goes wrong there only.
#include <gmock/gmock.h>

#include "k8sentry/testing/fake_api_server.h"
#include "tests/authority.h"
#include "tests/testing/http2_client.h"

namespace k8sentry::testing {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;

constexpr char kEvents[] = "/api/v1/namespaces/shop/events";
constexpr char kWatch[] = "/api/v1/events?watch=1&resourceVersion=1";

class FakeApiHttp2Test : public ::testing::Test {
 protected:
  void SetUp() override { Serve({}); }

  // With TLS: libcurl 7.88 uses a connection without it once only.
  void Serve(LoopbackOptions options) {
    const internal::Identity identity = authority.Sign("IP:127.0.0.1");
    options.tls = {identity.certificate_pem, identity.key_pem, ""};
    server = *NewFakeApiServer(options);
    Create("a");
  }
  void Create(const std::string& name) {
    server->Create(kEvents, R"({"metadata":{"name":")" + name + R"("}})");
  }
  std::unique_ptr<Http2Exchange> Start(const std::string& target) {
    return client.Start(server->url() + target, "", authority.pem());
  }
  std::unique_ptr<Http2Exchange> Post(const std::string& object) {
    return client.Start(server->url() + kEvents, object, authority.pem());
  }
  std::unique_ptr<Http2Exchange> Get(const std::string& target) {
    auto exchange = Start(target);
    EXPECT_TRUE(client.RunUntilDone(*exchange));
    return exchange;
  }
  bool RunUntilIt(const Http2Exchange& exchange, const std::string& says) {
    return client.RunUntil(
        [&] { return exchange.body.find(says) != std::string::npos; });
  }
  std::uint64_t connection(std::size_t request) const {
    return server->requests().at(request).http.connection;
  }

  const internal::Authority authority;
  std::unique_ptr<FakeApiServer> server;
  Http2Client client;
};

TEST_F(FakeApiHttp2Test, ServesWatchesAndListsOnOneConnection) {
  const auto watch = Start(kWatch);
  ASSERT_TRUE(RunUntilIt(*watch, R"("name":"a")"));
  const auto list = Get(kEvents);
  EXPECT_EQ(list->version, static_cast<long>(CURL_HTTP_VERSION_2_0));
  EXPECT_EQ(list->status, 200);
  EXPECT_THAT(list->body, HasSubstr(R"("name":"a")"));
  Create("b");
  ASSERT_TRUE(RunUntilIt(*watch, R"("name":"b")"));
  server->EndWatches();
  ASSERT_TRUE(client.RunUntilDone(*watch));
  EXPECT_EQ(watch->code, CURLE_OK);
  EXPECT_EQ(connection(0), connection(1));
  EXPECT_NE(server->requests()[0].http.stream, server->requests()[1].http.stream);
}

TEST_F(FakeApiHttp2Test, NeedsNoTlsForClientsThatKnowWhatItSpeaks) {
  server = *NewFakeApiServer();
  Create("a");
  const auto list = client.Start(server->url() + kEvents);
  ASSERT_TRUE(client.RunUntilDone(*list));
  EXPECT_EQ(list->version, static_cast<long>(CURL_HTTP_VERSION_2_0));
  EXPECT_THAT(list->body, HasSubstr(R"("name":"a")"));
  EXPECT_GT(server->requests()[0].http.stream, 0u);
}

TEST_F(FakeApiHttp2Test, SendsLargeBodiesThroughSmallWindows) {
  const std::string text(300000, 'x');
  server->Create(kEvents, R"({"metadata":{"name":"l"},"message":")" + text + "\"}");
  EXPECT_THAT(Get(kEvents)->body, HasSubstr(text));
  const auto post = Post(R"({"metadata":{"name":"p"},"message":")" + text + "\"}");
  ASSERT_TRUE(client.RunUntilDone(*post));
  EXPECT_EQ(post->status, 201) << post->code;
}

TEST_F(FakeApiHttp2Test, ResetsOneStreamAndNoOther) {
  const auto healthy = Start(kWatch);
  ASSERT_TRUE(RunUntilIt(*healthy, R"("name":"a")"));
  server->Script({.verb = "watch", .after_bytes = 30, .then = FakeFault::kReset});
  const auto broken = Get(kWatch);
  EXPECT_EQ(broken->code, CURLE_HTTP2_STREAM);
  EXPECT_LE(broken->body.size(), 30u);  // libcurl forgets what it has not handed out
  Create("b");
  EXPECT_TRUE(RunUntilIt(*healthy, R"("name":"b")"));
  EXPECT_EQ(connection(0), connection(1));
}

TEST_F(FakeApiHttp2Test, GoesAwayAndServesOnWhatWasBegun) {
  const auto watch = Start(kWatch);
  ASSERT_TRUE(RunUntilIt(*watch, R"("name":"a")"));
  server->loopback().GoAway();
  Create("b");
  ASSERT_TRUE(RunUntilIt(*watch, R"("name":"b")"));
  EXPECT_EQ(Get(kEvents)->status, 200);
  EXPECT_NE(connection(0), connection(1)) << "a new request on a new connection";
  server->EndWatches();
  ASSERT_TRUE(client.RunUntilDone(*watch));
  EXPECT_EQ(watch->code, CURLE_OK);
}

TEST_F(FakeApiHttp2Test, GoesAwayInsteadOfClosing) {
  server->Script({.status = 429, .headers = {{"Connection", "close"}}});
  EXPECT_EQ(Get(kEvents)->status, 429);
  EXPECT_EQ(Get(kEvents)->status, 200);
  EXPECT_NE(connection(0), connection(1));
}

TEST_F(FakeApiHttp2Test, CutsTheConnectionInTheMiddle) {
  const auto other = Start(kWatch);
  ASSERT_TRUE(RunUntilIt(*other, R"("name":"a")"));
  server->Script({.verb = "watch", .after_bytes = 30, .then = FakeFault::kClose});
  const auto broken = Get(kWatch);
  EXPECT_NE(broken->code, CURLE_OK);
  ASSERT_TRUE(client.RunUntilDone(*other)) << "they share a connection";
  EXPECT_NE(other->code, CURLE_OK);
}

TEST_F(FakeApiHttp2Test, LetsNoBodyArriveThroughAWindowOfZero) {
  Serve({.upload_window_bytes = 0});
  const auto get = Get(kEvents);  // after which the client knows the window
  EXPECT_EQ(get->status, 200);
  const auto post = Post(R"({"metadata":{"name":"p"}})");
  const auto list = Get(kEvents);
  EXPECT_EQ(list->status, 200) << "others are not held up";
  client.RunFor(milliseconds(50));
  EXPECT_FALSE(post->done);
  EXPECT_EQ(server->count("create"), 0);
}

TEST_F(FakeApiHttp2Test, DripsAndFallsSilentAsOverHttp1) {
  server->Script({.verb = "list",
                  .after_bytes = 5,
                  .then = FakeFault::kEnd,
                  .drip = milliseconds(1)});
  EXPECT_EQ(Get(kEvents)->body, R"({"kin)");
  server->Script({.verb = "watch", .after_frames = 1, .then = FakeFault::kSilence});
  const auto watch = Start(kWatch);
  ASSERT_TRUE(RunUntilIt(*watch, "\n"));
  Create("b");
  server->EndWatches();
  client.RunFor(milliseconds(50));
  EXPECT_FALSE(watch->done);
  EXPECT_THAT(watch->body, ::testing::Not(HasSubstr(R"("name":"b")")));
}

TEST_F(FakeApiHttp2Test, AllowsAsManyStreamsAsItSays) {
  Serve({.max_concurrent_streams = 2});
  ASSERT_EQ(Get(kEvents)->status, 200);  // after which the client knows
  std::vector<std::unique_ptr<Http2Exchange>> watches;
  for (int i = 0; i < 3; ++i) watches.push_back(Start(kWatch));
  ASSERT_TRUE(client.RunUntil([&] { return server->count("watch") >= 2; }));
  server->EndWatches();
  ASSERT_TRUE(client.RunUntil([&] { return server->count("watch") == 3; }));
}

}  // namespace
}  // namespace k8sentry::testing
