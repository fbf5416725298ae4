#include "kube/owner_lookup.h"

#include <algorithm>

#include "owner_cluster.h"

namespace k8sentry::internal {
namespace {

class OwnerLookupTest : public OwnerCluster {};

TEST_F(OwnerLookupTest, FollowsControllersToTheTop) {
  PutApi();
  EXPECT_EQ(First(Pod("api-7fcc74b976-bwxc2")), "?/");
  EXPECT_EQ(Of(Pod("api-7fcc74b976-bwxc2")), "Deployment/api");
  EXPECT_EQ(asked, (Lines{"/api/v1/namespaces/shop/pods/api-7fcc74b976-bwxc2",
                          "/apis/apps/v1/namespaces/shop/replicasets/api-7fcc74b976",
                          "/apis/apps/v1/namespaces/shop/deployments/api"}));
  EXPECT_EQ(Of(ReplicaSet("api-7fcc74b976")), "Deployment/api");
  EXPECT_EQ(Asked(), 3u) << "the ReplicaSet is known already";
}

TEST_F(OwnerLookupTest, AsksForMetadataOnlyOnAConnectionOfItsOwn) {
  PutApi();
  Of(Pod("api-7fcc74b976-bwxc2"));
  ASSERT_EQ(http.requests().size(), 3u);
  for (const HttpRequest& request : http.requests()) {
    EXPECT_EQ(request.group, ConnectionGroup::kLookup);
    EXPECT_EQ(request.headers[0].name, "Accept");
    EXPECT_EQ(request.headers[0].value,
              "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1, "
              "application/json");
    EXPECT_EQ(request.auth_header_value.Reveal(), "Bearer t");
    EXPECT_EQ(request.deadline, seconds(10));
  }
}

TEST_F(OwnerLookupTest, KnowsTheUsualWorkloads) {
  const auto batch = [](const char* kind, const char* name) {
    return Ref("batch/v1", kind, name);
  };
  PutPod("db-0", Ref("apps/v1", "StatefulSet", "db"));
  PutApps("statefulsets", Ref("apps/v1", "StatefulSet", "db"));
  PutPod("agent-qrsgw", Ref("apps/v1", "DaemonSet", "agent"));
  PutApps("daemonsets", Ref("apps/v1", "DaemonSet", "agent"));
  PutPod("tidy-29394823-x7k2p", batch("Job", "tidy-29394823"));
  Put("/apis/batch/v1/namespaces/shop/jobs/tidy-29394823",
      batch("Job", "tidy-29394823"), batch("CronJob", "tidy"));
  Put("/apis/batch/v1/namespaces/shop/cronjobs/tidy", batch("CronJob", "tidy"));
  EXPECT_EQ(Of(Pod("db-0")), "StatefulSet/db");
  EXPECT_EQ(Of(Pod("agent-qrsgw")), "DaemonSet/agent");
  EXPECT_EQ(Of(Pod("tidy-29394823-x7k2p")), "CronJob/tidy");
}

TEST_F(OwnerLookupTest, SaysTheNameOfTheTopAsItIs) {
  // From its name alone it would be the CronJob "report".
  PutPod("report-20261121-x7k2p", Ref("batch/v1", "Job", "report-20261121"));
  Put("/apis/batch/v1/namespaces/shop/jobs/report-20261121",
      Ref("batch/v1", "Job", "report-20261121"));
  EXPECT_EQ(Of(Pod("report-20261121-x7k2p")), "Job/report-20261121");
  EXPECT_EQ(Of(Ref("batch/v1", "Job", "report-20261121")), "Job/report-20261121");
}

TEST_F(OwnerLookupTest, DiscoversTheResourcesOfOtherKindsOnce) {
  const auto rollout = Ref("example.com/v1beta2", "Game", "chess");
  const auto series = Ref("example.com/v1beta2", "Series", "masters");
  PutPod("chess-x7k2p", rollout);
  PutPod("go-x7k2p", Ref("example.com/v1beta2", "Game", "go"));
  objects["/apis/example.com/v1beta2"] = {
      .body = {R"({"kind":"APIResourceList","resources":[)"
               R"({"name":"games/scale","kind":"Game","namespaced":true},)"
               R"({"name":"games","kind":"Game","namespaced":true},)"
               R"({"name":"seriesplural","kind":"Series","namespaced":false}]})"}};
  Put("/apis/example.com/v1beta2/namespaces/shop/games/chess", rollout, series);
  Put("/apis/example.com/v1beta2/namespaces/shop/games/go",
      Ref("example.com/v1beta2", "Game", "go"), series);
  Put("/apis/example.com/v1beta2/seriesplural/masters", series);
  EXPECT_EQ(Of(Pod("chess-x7k2p")), "Series/masters");
  EXPECT_EQ(Of(Pod("go-x7k2p")), "Series/masters");
  EXPECT_EQ(std::count(asked.begin(), asked.end(), "/apis/example.com/v1beta2"), 1);
  EXPECT_EQ(Asked(), 6u);
}

TEST_F(OwnerLookupTest, DiscoversOnceForAllThatWait) {
  PutPod("p1", Ref("example.com/v1", "Game", "chess"));
  PutPod("p2", Ref("example.com/v1", "Game", "go"));
  objects["/apis/example.com/v1"] = {
      .body = {R"({"resources":[{"name":"games","kind":"Game","namespaced":true}]})"}};
  Put("/apis/example.com/v1/namespaces/shop/games/chess",
      Ref("example.com/v1", "Game", "chess"), Deployment("chess-d"));
  Put("/apis/example.com/v1/namespaces/shop/games/go",
      Ref("example.com/v1", "Game", "go"), Deployment("go-d"));
  PutApps("deployments", Deployment("chess-d"));
  PutApps("deployments", Deployment("go-d"));
  First(Pod("p1"));
  First(Pod("p2"));
  EXPECT_EQ(Of(Pod("p2")), "Deployment/go-d");
  EXPECT_EQ(Of(Pod("p1")), "Deployment/chess-d");
  EXPECT_EQ(std::count(asked.begin(), asked.end(), "/apis/example.com/v1"), 1);
}

TEST_F(OwnerLookupTest, RemembersThatAKindCannotBeDiscovered) {
  PutPod("chess-x7k2p", Ref("example.com/v1", "Game", "chess"));
  PutPod("go-x7k2p", Ref("example.com/v1", "Game", "go"));
  EXPECT_EQ(Of(Pod("chess-x7k2p")), "Game/chess") << "the reference names it";
  EXPECT_EQ(Of(Pod("go-x7k2p")), "Game/go");
  EXPECT_EQ(Asked(), 3u) << "two Pods, and discovery once";
  Pass(seconds(61));
  Of(Pod("go-x7k2p"));
  EXPECT_EQ(asked, Lines{"/apis/example.com/v1"});
}

TEST_F(OwnerLookupTest, GivesUpAfterFiveSteps) {
  const auto game = [](int i) {
    return Ref("example.com/v1", "Game", "game-a" + std::to_string(i));
  };
  objects["/apis/example.com/v1"] = {
      .body = {R"({"resources":[{"name":"games","kind":"Game","namespaced":true}]})"}};
  PutPod("p", game(0));
  for (int i = 0; i < 9; ++i) {
    Put("/apis/example.com/v1/namespaces/shop/games/game-a" + std::to_string(i),
        game(i), game(i + 1));
  }
  EXPECT_EQ(Of(Pod("p")), "Game/game-a4");
  EXPECT_EQ(Asked(), 7u) << "the Pod, discovery and five games";
}

TEST_F(OwnerLookupTest, FindsNoTopInARing) {
  PutApps("replicasets", ReplicaSet("a"), ReplicaSet("b"));
  PutApps("replicasets", ReplicaSet("b"), ReplicaSet("a"));
  EXPECT_EQ(Of(ReplicaSet("a")), "/");
  EXPECT_EQ(Of(ReplicaSet("b")), "/");
  PutApps("replicasets", ReplicaSet("c"), ReplicaSet("c"));
  EXPECT_EQ(Of(ReplicaSet("c")), "/");
}

TEST_F(OwnerLookupTest, KeepsTheChildsNameWhenTheParentIsGone) {
  PutApi();
  objects.erase("/apis/apps/v1/namespaces/shop/deployments/api");
  EXPECT_EQ(Of(Pod("api-7fcc74b976-bwxc2")), "Deployment/api")
      << "as the ReplicaSet's name says";
  EXPECT_EQ(Asked(), 3u);
  EXPECT_EQ(Of(Pod("api-7fcc74b976-bwxc2")), "Deployment/api");
  EXPECT_EQ(Asked(), 0u) << "404 is remembered";
  Pass(seconds(61));
  Of(Pod("api-7fcc74b976-bwxc2"));
  EXPECT_EQ(asked, Lines{"/apis/apps/v1/namespaces/shop/deployments/api"});
}

TEST_F(OwnerLookupTest, DoesNotNameAParentThatIsGone) {
  PutPod("p", ReplicaSet("of-once"));
  EXPECT_EQ(Of(Pod("p")), "/");
}

TEST_F(OwnerLookupTest, TakesAnObjectOfTheSameNameForAnother) {
  PutApi();
  PutApps("deployments", Ref("apps/v1", "Deployment", "api", "another uid"),
          Ref("example.com/v1", "App", "not-mine"));
  EXPECT_EQ(Of(Pod("api-7fcc74b976-bwxc2")), "Deployment/api");
  OwnedReference recreated = Pod("api-7fcc74b976-bwxc2");
  recreated.name = "other-x7k2p";
  EXPECT_EQ(Of(recreated), "/");
  PutPod("lone", ReplicaSet("api-7fcc74b976"));
  OwnedReference lone = Pod("lone");
  lone.uid = "of a Pod that was";
  EXPECT_EQ(Of(lone), "/");
  EXPECT_EQ(Of(Pod("lone")), "Deployment/api") << "its own uid is not spoilt by that";
}

TEST_F(OwnerLookupTest, LeavesPodsWithoutAWorkloadToTheirNames) {
  PutPod("runner-x7k2p");
  PutPod("etcd-node-1", Ref("v1", "Node", "node-1"));
  Put("/api/v1/nodes/node-1", Ref("v1", "Node", "node-1"));
  EXPECT_EQ(Of(Pod("runner-x7k2p")), "/");
  EXPECT_EQ(Of(Pod("etcd-node-1")), "/");
}

TEST_F(OwnerLookupTest, AsksForNothingThatCannotHaveAnOwner) {
  OwnedReference pod = Pod("../../secrets/x");
  EXPECT_EQ(Of(pod), "/");
  pod = Pod("p");
  pod.namespace_ = "shop/../bank";
  EXPECT_EQ(Of(pod), "/");
  pod.namespace_ = "";
  EXPECT_EQ(Of(pod), "/");
  EXPECT_EQ(Of(Ref("v1", "Node", "n")), "/");
  EXPECT_EQ(Of(Ref("v1", "Secret", "s")), "/");
  EXPECT_EQ(Of(Ref("evil.example/v1", "Pod", "p")), "/");
  EXPECT_EQ(Of(Ref("evil.example/v1", "Game", "p")), "/");
  EXPECT_EQ(Asked(), 0u);
  PutApps("deployments", Deployment("api"));
  EXPECT_EQ(Of(Ref("", "Deployment", "api")), "Deployment/api");
}

TEST_F(OwnerLookupTest, IsNotLedToSecrets) {
  PutPod("p", Ref("v1", "Secret", "s"));
  EXPECT_EQ(Of(Pod("p")), "Secret/s");
  EXPECT_EQ(asked, Lines{"/api/v1/namespaces/shop/pods/p"});
}

TEST_F(OwnerLookupTest, AsksOnceForSiblings) {
  PutApi();
  EXPECT_EQ(First(Pod("api-7fcc74b976-bwxc2")), "?/");
  EXPECT_EQ(First(Pod("api-7fcc74b976-zzzzz")), "?/") << "waits for the same answer";
  EXPECT_EQ(Of(Pod("api-7fcc74b976-zzzzz")), "Deployment/api");
  EXPECT_EQ(Asked(), 3u);
}

TEST_F(OwnerLookupTest, AsksTheNextSiblingWhenOneIsGone) {
  PutApi();
  EXPECT_EQ(Of(Pod("api-7fcc74b976-zzzzz")), "/");
  EXPECT_EQ(Of(Pod("api-7fcc74b976-bwxc2")), "Deployment/api");
  Asked();
  EXPECT_EQ(Of(Pod("api-7fcc74b976-zzzzz")), "Deployment/api");
  EXPECT_EQ(Asked(), 0u);
}

TEST_F(OwnerLookupTest, AsksForEachPodWhoseOwnersNameIsNotInItsOwn) {
  const auto job = Ref("batch/v1", "Job", "indexed");
  for (const char* pod : {"indexed-0-x7k2p", "indexed-0-bbbbb", "indexed-1-x7k2p"}) {
    PutPod(pod, job);
  }
  Put("/apis/batch/v1/namespaces/shop/jobs/indexed", job);
  EXPECT_EQ(Of(Pod("indexed-0-x7k2p")), "Job/indexed");
  EXPECT_EQ(Asked(), 2u);
  EXPECT_EQ(Of(Pod("indexed-0-bbbbb")), "Job/indexed");
  EXPECT_EQ(Of(Pod("indexed-1-x7k2p")), "Job/indexed");
  EXPECT_EQ(Asked(), 2u);
  EXPECT_EQ(Of(Pod("indexed-0-x7k2p")), "Job/indexed");
  EXPECT_EQ(Asked(), 0u);
}

TEST_F(OwnerLookupTest, AsksAgainAfterTenMinutesAndServesTheOldAnswerMeanwhile) {
  PutApi();
  Of(Pod("api-7fcc74b976-bwxc2"));
  Asked();
  Pass(minutes(10) - seconds(1));
  EXPECT_EQ(First(Pod("api-7fcc74b976-bwxc2")), "Deployment/api");
  Turn();
  EXPECT_EQ(Asked(), 0u);
  Pass(seconds(1));
  EXPECT_EQ(First(Pod("api-7fcc74b976-bwxc2")), "Deployment/api");
  PutApps("replicasets", ReplicaSet("api-7fcc74b976"), Deployment("adopted"));
  PutApps("deployments", Deployment("adopted"));
  for (int i = 0; i < 5; ++i) Turn();
  EXPECT_EQ(First(Pod("api-7fcc74b976-bwxc2")), "Deployment/adopted");
}

TEST_F(OwnerLookupTest, KeepsWhatItKnowsOfAPodThatIsGone) {
  PutApi();
  Of(Pod("api-7fcc74b976-bwxc2"));
  objects.clear();
  Pass(minutes(11));
  Asked();
  EXPECT_EQ(Of(Pod("api-7fcc74b976-bwxc2")), "Deployment/api");
  for (int i = 0; i < 5; ++i) Turn();
  EXPECT_EQ(Of(Pod("api-7fcc74b976-bwxc2")), "Deployment/api");
  EXPECT_LE(Asked(), 3u);
}

TEST_F(OwnerLookupTest, TakesTheWholeObjectFromAServerThatSendsIt) {
  objects["/api/v1/namespaces/shop/pods/p"] = {
      .body = {
          R"({"kind":"Pod","spec":{"containers":[{"name":"a"}]},"metadata":)"
          R"({"uid":"uid-p","name":"p","ownerReferences":[{"kind":"ReplicaSet",)"
          R"("apiVersion":"apps/v1","name":"r","uid":"uid-r","controller":true}]}})"}};
  EXPECT_EQ(Of(Pod("p")), "ReplicaSet/r");
}

TEST_F(OwnerLookupTest, ReadsNoMoreThan256KiB) {
  objects["/api/v1/namespaces/shop/pods/p"] = {
      .body = std::vector<std::string>(100, std::string(10000, ' ')),
      .stay_open = true};
  EXPECT_EQ(Of(Pod("p")), "/");
  EXPECT_EQ(http.cancelled().size(), 1u);
  EXPECT_EQ(http.open(), 0u);
}

TEST_F(OwnerLookupTest, SurvivesAnswersThatAreNoObjects) {
  for (const char* body :
       {"", "<html>", "[]", "{}", R"({"metadata":{"uid":7}})",
        R"({"metadata":{"uid":"uid-p","ownerReferences":7}})",
        R"({"metadata":{"uid":"uid-p","ownerReferences":[7,null,{}]}})",
        R"({"metadata":{"uid":"uid-p","ownerReferences":[)"
        R"({"controller":true,"kind":"X","name":""}]}})"}) {
    objects["/api/v1/namespaces/shop/pods/p"] = {.body = {body}};
    Pass(minutes(20));
    EXPECT_EQ(Of(Pod("p")), "/") << body;
  }
}

TEST_F(OwnerLookupTest, LeavesNoRequestBehind) {
  all = testing::FakeHttpAnswer{.stay_open = true};
  {
    ApiClient api(cluster, http);
    OwnerLookup other({}, api, log, 1);
    other.Find(Pod("p").view(), now.steady);
    other.Start(now);
    EXPECT_EQ(http.open(), 1u);
  }
  EXPECT_EQ(http.open(), 0u);
}

}  // namespace
}  // namespace k8sentry::internal
