// The rows of the failure matrix that only HTTP/2 knows, over the real transport.
#include <gmock/gmock.h>

#include "k8sentry/testing/fake_api_server.h"
#include "tests/authority.h"
#include "wire_cluster.h"

namespace k8sentry {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;

class WireHttp2 : public WireCluster {
 protected:
  void SetUp() override {
    testing::LoopbackOptions loopback;
    const internal::Identity identity = authority_.Sign("IP:127.0.0.1");
    loopback.tls = {identity.certificate_pem, identity.key_pem, ""};
    Serve(testing::NewFakeApiServer(loopback));
    options.cluster.tls.ca_pem = authority_.pem();
    options.watch.http_version = HttpVersion::k2;
  }
  // Which connections the watches came on.
  std::vector<std::uint64_t> WatchConnections() const {
    std::vector<std::uint64_t> connections;
    for (const auto& request : server->requests()) {
      if (request.verb == "watch") connections.push_back(request.http.connection);
    }
    return connections;
  }

 private:
  const internal::Authority authority_;
};

TEST_F(WireHttp2, SharesOneConnectionBetweenTheWatchesOfAllNamespaces) {
  options.namespaces = {"blue", "green", "red"};
  ASSERT_TRUE(RunUntilAsked("watch", 3));
  const auto connections = WatchConnections();
  EXPECT_THAT(connections, Each(connections.front()));
}

// Row 24
TEST_F(WireHttp2, LosesNothingWhenTheServerGoesAway) {
  Create("a");
  RunUntilWatching();
  for (int i = 0; i < 5; ++i) {
    const int watches = server->count("watch");
    server->loopback().GoAway();
    Create("during" + std::to_string(i));
    server->EndWatches();
    ASSERT_TRUE(RunUntilAsked("watch", watches + 1));
  }
  ASSERT_TRUE(RunUntilTold(6));
  EXPECT_THAT(told,
              ElementsAre("a", "during0", "during1", "during2", "during3", "during4"));
  EXPECT_EQ(lists(), 1);
}

// Row 25
TEST_F(WireHttp2, ResumesAtItsMarkWhenAStreamIsReset) {
  server->Script({.verb = "watch",
                  .after_frames = 1,
                  .after_bytes = 10,
                  .then = testing::FakeFault::kReset});
  RunUntilWatching();
  Create("a");
  Create("b");
  ASSERT_TRUE(RunUntilTold(2));
  EXPECT_THAT(told, ElementsAre("a", "b"));
  EXPECT_EQ(lists(), 1) << "no list for that";
}

TEST_F(WireHttp2, SpeaksHttp1ToAServerThatOffersNothingElse) {
  Serve(testing::NewFakeApiServer());
  Create("a");
  ASSERT_TRUE(RunUntilTold(1));
}

}  // namespace
}  // namespace k8sentry
