// A watcher of any resource, on a real transport and a fake API server.
#include "k8sentry/resource_watcher.h"

#include <gmock/gmock.h>
#include <poll.h>

#include <functional>

#include "k8sentry/testing/fake_api_server.h"

namespace k8sentry {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

constexpr char kPods[] = "/api/v1/namespaces/shop/pods";
constexpr char kJobs[] = "/apis/batch/v1/namespaces/shop/jobs";

std::string Named(const std::string& name, const std::string& more = "") {
  return R"({"metadata":{"name":")" + name + R"("})" + more + "}";
}

class ResourceWatcherTest : public ::testing::Test {
 protected:
  ResourceWatcherTest() {
    options.cluster.server = server->url();
    options.watch.min_backoff = 1ms;
    options.watch.max_backoff = 5ms;
    options.resources = {{.resource = "pods"},
                         {.api_version = "batch/v1", .resource = "jobs"}};
  }

  bool RunUntil(const std::function<bool()>& finished) {
    if (!watcher) watcher = *NewResourceWatcher(options, *transport);
    const auto limit = std::chrono::steady_clock::now() + 10s;
    while (!finished()) {
      if (std::chrono::steady_clock::now() > limit) return false;
      const Now now = {std::chrono::steady_clock::now(),
                       std::chrono::floor<std::chrono::microseconds>(
                           std::chrono::system_clock::now())};
      const WatchedObjects got = watcher->Poll(now);
      for (const WatchedObject& object : got.objects) {
        const char* type = object.type == FrameType::kListItem   ? "item"
                           : object.type == FrameType::kAdded    ? "added"
                           : object.type == FrameType::kModified ? "modified"
                           : object.type == FrameType::kDeleted  ? "deleted"
                                                                 : "?";
        seen.push_back(std::to_string(got.resource) + " " + type + " " +
                       std::string(object.name) + (object.known ? " again" : ""));
        json.emplace_back(object.json);
      }
      if (!got.objects.empty()) continue;
      pollfd readable = {transport->descriptor(), POLLIN, 0};
      poll(&readable, 1, watcher->ready() ? 0 : 1);
      transport->Poll(std::chrono::steady_clock::now());
    }
    return true;
  }
  bool RunUntilSeen(std::size_t count) {
    return RunUntil([&] { return seen.size() >= count; });
  }

  std::unique_ptr<testing::FakeApiServer> server = *testing::NewFakeApiServer();
  std::unique_ptr<HttpTransport> transport = *NewHttpTransport();
  ResourceWatcherOptions options;
  std::unique_ptr<ResourceWatcher> watcher;
  std::vector<std::string> seen;
  std::vector<std::string> json;
};

TEST_F(ResourceWatcherTest, ShowsWhatIsThereAndWhatBecomesOfIt) {
  server->Create(kPods, Named("web"));
  server->Create(kJobs, Named("backup"));
  ASSERT_TRUE(RunUntilSeen(2));
  EXPECT_THAT(seen, UnorderedElementsAre("0 item web", "1 item backup"));
  ASSERT_TRUE(RunUntil([&] { return server->count("watch") == 2; }));
  seen.clear();
  json.clear();
  server->Create(kPods, Named("db"));
  ASSERT_TRUE(RunUntilSeen(1));
  server->Update(kPods, Named("db", R"(,"status":{"phase":"Failed"})"));
  ASSERT_TRUE(RunUntilSeen(2));
  server->Delete(kPods, "db");
  ASSERT_TRUE(RunUntilSeen(3));
  EXPECT_THAT(seen, ElementsAre("0 added db", "0 modified db", "0 deleted db"));
  EXPECT_THAT(json[1], HasSubstr(R"("phase":"Failed")"));
  EXPECT_EQ(watcher->status(0).state, WatchState::kWatching);
  EXPECT_EQ(watcher->status(0).watch, "pods");
}

TEST_F(ResourceWatcherTest, ShowsKindsThatEndInListLikeAnyOther) {
  options.resources = {{.api_version = "net.example/v1", .resource = "allowlists"}};
  server->Create("/apis/net.example/v1/namespaces/shop/allowlists",
                 R"({"kind":"AllowList","metadata":{"name":"a"},"items":[{"x":1}]})");
  ASSERT_TRUE(RunUntilSeen(1));
  ASSERT_TRUE(RunUntil([&] { return server->count("watch") == 1; }));
  server->Create("/apis/net.example/v1/namespaces/shop/allowlists",
                 R"({"kind":"AllowList","metadata":{"name":"b"},"items":[{"x":1}]})");
  ASSERT_TRUE(RunUntilSeen(2));
  EXPECT_THAT(seen, ElementsAre("0 item a", "0 added b"));
}

TEST_F(ResourceWatcherTest, ShowsAgainWhatAListAfterAGapShows) {
  options.resources = {{.resource = "pods", .namespace_ = "shop"}};
  server->Create(kPods, Named("a"));
  server->Create(kPods, Named("b"));
  ASSERT_TRUE(RunUntil([&] { return server->count("watch") == 1; }));
  server->loopback().Kill();
  server->Delete(kPods, "a");
  server->Create(kPods, Named("c"));
  server->Compact();
  ASSERT_TRUE(server->loopback().Restart().ok());
  seen.clear();
  ASSERT_TRUE(RunUntil([&] {
    return seen.size() == 2 && watcher->status(0).state == WatchState::kWatching;
  }));
  EXPECT_THAT(seen, ElementsAre("0 item b again", "0 item c"))
      << "`a` is missing, so it is gone";
}

TEST_F(ResourceWatcherTest, LetsOneForbiddenResourceDisturbNoOther) {
  server->Forbid("/apis/batch/v1/jobs");
  server->Create(kPods, Named("web"));
  ASSERT_TRUE(RunUntil([&] {
    return !seen.empty() && watcher->status(1).state == WatchState::kForbidden;
  }));
  EXPECT_THAT(
      watcher->status(1).detail,
      HasSubstr(R"(apiGroups ["batch"], resources [jobs], verbs [list, watch])"));
  EXPECT_THAT(seen, ElementsAre("0 item web"));
}

TEST_F(ResourceWatcherTest, AsksForWhatTheSelectorsName) {
  options.resources = {{.resource = "pods",
                        .label_selector = "app in (a, b)",
                        .field_selector = "status.phase!=Running"}};
  ASSERT_TRUE(RunUntil([&] { return server->count("watch") == 1; }));
  for (const auto& request : server->requests()) {
    EXPECT_EQ(request.parameter("labelSelector"), "app in (a, b)");
    EXPECT_EQ(request.parameter("fieldSelector"), "status.phase!=Running");
  }
}

TEST_F(ResourceWatcherTest, RefusesWhatCannotStandInAPath) {
  const auto code = [&](WatchedResource resource) {
    options.resources = {std::move(resource)};
    return NewResourceWatcher(options, *transport).status().code();
  };
  EXPECT_EQ(code({.resource = "pods/log"}), StatusCode::kInvalidArgument);
  EXPECT_EQ(code({.resource = ""}), StatusCode::kInvalidArgument);
  EXPECT_EQ(code({.api_version = "../v1", .resource = "pods"}),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(code({.resource = "pods", .namespace_ = "a/b"}),
            StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace k8sentry
