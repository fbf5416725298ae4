#include "k8sentry/testing/fake_api_server.h"

#include <gmock/gmock.h>

#include "tests/testing/api_client.h"

namespace k8sentry::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class FakeApiServerTest : public ApiClientTest {};

TEST_F(FakeApiServerTest, CompletesAnObjectAsAnApiServerDoes) {
  const std::uint64_t version =
      server->Create(kEvents, R"({"reason":"BackOff","metadata":{"name":"a",
                                  "resourceVersion":"7","labels":{"x":"y"}}})");
  const std::string body = Get("/api/v1/namespaces/shop/events/a")->body;
  EXPECT_THAT(body, StartsWith(R"({"kind":"Event","apiVersion":"v1","metadata":{)"));
  EXPECT_THAT(body, HasSubstr("\"resourceVersion\":\"" + std::to_string(version)));
  EXPECT_THAT(body, AllOf(HasSubstr(R"("namespace":"shop")"), HasSubstr(R"("uid":")"),
                          HasSubstr(R"("creationTimestamp":"2)"),
                          HasSubstr(R"("labels":{"x":"y"})"),
                          HasSubstr(R"("reason":"BackOff")")));
  EXPECT_EQ(server->Create(kEvents, Named("a")), 0u) << "there is one";
  EXPECT_EQ(server->Create(kEvents, "nonsense"), 0u);
  EXPECT_EQ(server->Update(kEvents, Named("b")), 0u) << "there is none";
  EXPECT_EQ(server->resource_version(), version);
}

TEST_F(FakeApiServerTest, ListsInPagesThatShowOneMoment) {
  for (const char* name : {"e", "d", "c", "b", "a"})
    server->Create(kEvents, Named(name));
  const std::uint64_t version = server->resource_version();
  const std::string first = Get("/api/v1/events?limit=2")->body;
  EXPECT_THAT(first, StartsWith(R"({"kind":"EventList","apiVersion":"v1",)"
                                R"("metadata":{"resourceVersion":")" +
                                std::to_string(version)));
  EXPECT_THAT(first, AllOf(HasSubstr(R"("name":"a")"), HasSubstr(R"("name":"b")"),
                           Not(HasSubstr(R"("name":"c")"))));
  EXPECT_THAT(first, HasSubstr(R"("remainingItemCount":3)"));
  EXPECT_THAT(first, Not(HasSubstr(R"("kind":"Event",)"))) << "items have no kind";
  server->Create(kEvents, Named("bb"));
  server->Delete(kEvents, "c");
  const std::string token = After(first, R"("continue":")");
  const std::string second =
      Get("/api/v1/events?limit=9&continue=" + Escaped(token))->body;
  EXPECT_THAT(second,
              AllOf(HasSubstr(R"("name":"c")"), HasSubstr(R"("name":"e")"),
                    Not(HasSubstr(R"("name":"bb")")), Not(HasSubstr("\"continue\""))));
  EXPECT_THAT(second, HasSubstr(R"("resourceVersion":")" + std::to_string(version)));
  EXPECT_THAT(Get("/api/v1/namespaces/bank/events")->body, HasSubstr(R"("items":[])"));
}

TEST_F(FakeApiServerTest, ReplaysWhatCameAfterAVersionAndGoesOnLive) {
  const std::uint64_t before = server->Create(kEvents, Named("a"));
  server->Create(kEvents, Named("b"));
  server->Create("/api/v1/namespaces/bank/events", Named("elsewhere"));
  const auto watch = Start(std::string(kEvents) +
                           "?watch=1&resourceVersion=" + std::to_string(before));
  ASSERT_TRUE(RunUntilIt(*watch, R"("name":"b")"));
  server->Update(kEvents, Named("a", R"(,"count":2)"));
  const std::uint64_t last = server->Delete(kEvents, "b");
  ASSERT_TRUE(RunUntilIt(*watch, "DELETED"));
  EXPECT_THAT(
      Lines(watch->body),
      ElementsAre(StartsWith(R"({"type":"ADDED","object":{"kind":"Event")"),
                  AllOf(StartsWith(R"({"type":"MODIFIED")"), HasSubstr(R"("count":2)")),
                  AllOf(StartsWith(R"({"type":"DELETED")"),
                        HasSubstr(R"("resourceVersion":")" + std::to_string(last)))));
  EXPECT_FALSE(watch->done());
  server->EndWatches();
  EXPECT_TRUE(RunUntilDone(*http, *watch));
  EXPECT_EQ(watch->code(), StatusCode::kOk);
}

TEST_F(FakeApiServerTest, SaysAllThatIsThereToAWatchWithoutVersion) {
  server->Create(kEvents, Named("b"));
  server->Create(kEvents, Named("a"));
  const auto watch = Start("/api/v1/events?watch=true&resourceVersion=0");
  ASSERT_TRUE(RunUntilIt(*watch, R"("name":"b")"));
  EXPECT_THAT(Lines(watch->body),
              ElementsAre(HasSubstr(R"("name":"a")"), HasSubstr(R"("name":"b")")));
  const auto initial = Start(
      "/api/v1/events?watch=1&sendInitialEvents=true&allowWatchBookmarks=true&"
      "resourceVersionMatch=NotOlderThan");
  ASSERT_TRUE(RunUntilIt(*initial, R"("k8s.io/initial-events-end":"true")"));
  EXPECT_EQ(Lines(initial->body).size(), 3u);
}

TEST_F(FakeApiServerTest, EndsAWatchWhenItsTimeIsOver) {
  const auto watch = Get("/api/v1/events?watch=1&resourceVersion=1&timeoutSeconds=1");
  EXPECT_EQ(watch->code(), StatusCode::kOk);
  EXPECT_EQ(watch->head->status, 200);
  EXPECT_EQ(watch->body, "");
}

TEST_F(FakeApiServerTest, SendsBookmarksToThoseWhoAllowThem) {
  const auto with =
      Start("/api/v1/pods?watch=1&allowWatchBookmarks=true&resourceVersion=1");
  const auto without = Start("/api/v1/pods?watch=1&resourceVersion=1");
  ASSERT_TRUE(RunUntil(*http, [&] { return with->head && without->head; }));
  server->Create(kEvents, Named("a"));
  server->SendBookmarks();
  server->EndWatches();
  ASSERT_TRUE(RunUntil(*http, [&] { return with->done() && without->done(); }));
  EXPECT_THAT(with->body,
              AllOf(StartsWith(R"({"type":"BOOKMARK","object":{"kind":"Pod")"),
                    HasSubstr(R"("resourceVersion":"2")")));
  EXPECT_EQ(without->body, "");
}

TEST_F(FakeApiServerTest, ForgetsWhatWasCompacted) {
  server->Create(kEvents, Named("a"));
  server->Create(kEvents, Named("b"));
  const std::string token =
      After(Get("/api/v1/events?limit=1")->body, R"("continue":")");
  server->Create(kEvents, Named("c"));
  server->Compact();
  const auto watch = Get("/api/v1/events?watch=1&resourceVersion=1");
  EXPECT_EQ(watch->head->status, 200);
  EXPECT_THAT(Lines(watch->body),
              ElementsAre(AllOf(
                  StartsWith(R"({"type":"ERROR","object":{"kind":"Status")"),
                  HasSubstr(R"("reason":"Expired")"), HasSubstr(R"("code":410)"))));
  const auto page = Get("/api/v1/events?limit=1&continue=" + Escaped(token));
  EXPECT_EQ(page->head->status, 410);
  const std::string way_out = After(page->body, R"("continue":")");
  const std::string rest = Get("/api/v1/events?continue=" + Escaped(way_out))->body;
  EXPECT_THAT(rest, AllOf(HasSubstr(R"("name":"b")"), HasSubstr(R"("name":"c")"),
                          Not(HasSubstr(R"("name":"a")"))));
  EXPECT_EQ(
      Get("/api/v1/events?resourceVersion=1&resourceVersionMatch=Exact")->head->status,
      410);
}

TEST_F(FakeApiServerTest, RefusesAListFromTheFutureAndIsSilentToAWatchFromThere) {
  const auto list = Get("/api/v1/events?resourceVersion=99");
  EXPECT_EQ(list->head->status, 504);
  EXPECT_THAT(list->body, HasSubstr("ResourceVersionTooLarge"));
  const auto watch = Start("/api/v1/events?watch=1&resourceVersion=99");
  ASSERT_TRUE(RunUntil(*http, [&] { return watch->head.has_value(); }));
  server->Create(kEvents, Named("a"));
  server->EndWatches();
  ASSERT_TRUE(RunUntilDone(*http, *watch));
  EXPECT_EQ(watch->body, "");
}

TEST_F(FakeApiServerTest, IsAnotherClusterAfterItsStorageWasWiped) {
  server->Create(kEvents, Named("a"));
  const std::string path = "/api/v1/namespaces/kube-system";
  const std::string uid = After(Get(path)->body, R"("uid":")");
  const auto watch = Start("/api/v1/events?watch=1&resourceVersion=1");
  ASSERT_TRUE(RunUntilIt(*watch, "ADDED"));
  server->WipeStorage();
  ASSERT_TRUE(RunUntilDone(*http, *watch));
  EXPECT_EQ(watch->code(), StatusCode::kUnavailable);
  EXPECT_NE(After(Get(path)->body, R"("uid":")"), uid);
  EXPECT_EQ(server->resource_version(), 1u);
  EXPECT_THAT(Get("/api/v1/events")->body, HasSubstr(R"("items":[])"));
}

TEST_F(FakeApiServerTest, GivesTheMetadataAloneToWhoAsksForIt) {
  server->Create("/apis/batch/v1/namespaces/shop/jobs", Named("j", R"(,"spec":{})"));
  const auto response =
      Send({.url = server->url() + "/apis/batch/v1/namespaces/shop/jobs/j",
            .headers = {{"Accept",
                         "application/json;as=PartialObjectMetadata;"
                         "g=meta.k8s.io;v=v1"}}});
  ASSERT_TRUE(RunUntilDone(*http, *response));
  EXPECT_THAT(response->body, StartsWith(R"({"kind":"PartialObjectMetadata")"));
  EXPECT_THAT(response->body,
              AllOf(HasSubstr(R"("name":"j")"), Not(HasSubstr("spec"))));
}

TEST_F(FakeApiServerTest, KeepsWhatItsClientsWriteAndRefusesStaleWrites) {
  const std::string leases = "/apis/coordination.k8s.io/v1/namespaces/shop/leases";
  EXPECT_EQ(Do("POST", leases, Named("l"))->head->status, 201);
  EXPECT_EQ(Do("POST", leases, Named("l"))->head->status, 409);
  const std::string version = After(Get(leases + "/l")->body, R"("resourceVersion":")");
  const std::string mine =
      R"({"metadata":{"name":"l","resourceVersion":")" + version + R"("},"spec":{}})";
  EXPECT_EQ(Do("PUT", leases + "/l", mine)->head->status, 200);
  EXPECT_EQ(Do("PUT", leases + "/l", mine)->head->status, 409) << "the version is old";
  EXPECT_EQ(Do("DELETE", leases + "/l", "")->head->status, 200);
  EXPECT_EQ(Get(leases + "/l")->head->status, 404);
  EXPECT_EQ(Do("PUT", leases + "/l", mine)->head->status, 404);
}

TEST_F(FakeApiServerTest, WantsItsToken) {
  server->SetToken("good");
  EXPECT_EQ(Get("/api/v1/events")->head->status, 401);
  const auto response = Send({.url = server->url() + "/api/v1/events",
                              .auth_header_name = "Authorization",
                              .auth_header_value = Secret("Bearer good")});
  ASSERT_TRUE(RunUntilDone(*http, *response));
  EXPECT_EQ(response->head->status, 200);
}

TEST_F(FakeApiServerTest, ForbidsPathsAndSaysSoInAReview) {
  server->Forbid("/apis/batch/v1/namespaces/shop/jobs", "list");
  const auto list = Get("/apis/batch/v1/namespaces/shop/jobs");
  EXPECT_EQ(list->head->status, 403);
  EXPECT_THAT(list->body, HasSubstr("cannot list resource \\\"jobs\\\" in API group "
                                    "\\\"batch\\\" in the namespace \\\"shop\\\""));
  const auto allowed = [&](const std::string& verb) {
    const auto review =
        Do("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
           R"({"spec":{"resourceAttributes":{"group":"batch","resource":"jobs",)"
           R"("namespace":"shop","verb":")" +
               verb + "\"}}}");
    EXPECT_EQ(review->head->status, 201);
    return review->body.find(R"("allowed":true)") != std::string::npos;
  };
  EXPECT_FALSE(allowed("list"));
  EXPECT_TRUE(allowed("watch"));
  server->AllowAll();
  EXPECT_TRUE(allowed("list"));
  EXPECT_EQ(Get("/apis/batch/v1/namespaces/shop/jobs")->head->status, 200);
}

TEST_F(FakeApiServerTest, SaysWhatItIsAndHolds) {
  server->Create("/apis/batch/v1/namespaces/shop/jobs", Named("j"));
  EXPECT_EQ(Get("/readyz")->body, "ok");
  EXPECT_THAT(Get("/version")->body, HasSubstr("gitVersion"));
  EXPECT_THAT(Get("/apis")->body, HasSubstr(R"("groupVersion":"batch/v1")"));
  EXPECT_THAT(Get("/apis/batch/v1")->body,
              AllOf(HasSubstr(R"("name":"jobs")"), HasSubstr(R"("namespaced":true)"),
                    HasSubstr(R"("kind":"Job")")));
  EXPECT_THAT(Get("/api/v1")->body, HasSubstr(R"("name":"namespaces")"));
  EXPECT_EQ(Get("/apis/example.com/v1/things")->head->status, 404);
  EXPECT_EQ(Get("/nothing")->head->status, 404);
}

TEST_F(FakeApiServerTest, NotesEveryRequest) {
  Get("/api/v1/events?limit=2&continue=a%2Fb%3D");
  Get("/version");
  const std::vector<FakeApiRequest> requests = server->requests();
  ASSERT_EQ(requests.size(), 2u);
  EXPECT_EQ(requests[0].verb, "list");
  EXPECT_EQ(requests[0].path, "/api/v1/events");
  EXPECT_EQ(requests[0].parameter("continue"), "a/b=");
  EXPECT_EQ(requests[0].status, 400) << "no token of ours";
  EXPECT_EQ(requests[1].verb, "");
  EXPECT_EQ(server->count("list"), 1);
  EXPECT_EQ(server->count(), 2);
}

}  // namespace
}  // namespace k8sentry::testing
