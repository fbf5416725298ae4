// Which release an object is of, as its chain of owners says.
#include "owner_cluster.h"

namespace k8sentry::internal {
namespace {

constexpr char kPod[] = "/api/v1/namespaces/shop/pods/api-7fcc74b976-bwxc2";
constexpr char kReplicaSet[] =
    "/apis/apps/v1/namespaces/shop/replicasets/api-7fcc74b976";
constexpr char kDeployment[] = "/apis/apps/v1/namespaces/shop/deployments/api";

class OwnerVersionTest : public OwnerCluster {
 protected:
  OwnerVersionTest() { PutApi(); }
  std::string OfPod() { return VersionOf(Pod("api-7fcc74b976-bwxc2")); }
};

TEST_F(OwnerVersionTest, IsEmptyWhereNobodyTellsOne) { EXPECT_EQ(OfPod(), " "); }

TEST_F(OwnerVersionTest, IsThePodsFirst) {
  Version(kPod, "", "1.2.3");
  Version(kReplicaSet, "", "1.2.2");
  Version(kDeployment, "shop@2", "2");
  EXPECT_EQ(OfPod(), " 1.2.3") << "the Deployment is ahead while it rolls out";
  EXPECT_EQ(VersionOf(ReplicaSet("api-7fcc74b976")), " 1.2.2");
  EXPECT_EQ(VersionOf(Deployment("api")), "shop@2 2");
  EXPECT_EQ(Asked(), 3u) << "it comes with what is asked for anyway";
}

TEST_F(OwnerVersionTest, IsElseThatOfTheNextAbove) {
  Version(kDeployment, "", "2");
  EXPECT_EQ(OfPod(), " 2");
}

TEST_F(OwnerVersionTest, HasTheAnnotationAsItIs) {
  Version(kPod, "shop/team @ 1", "");
  EXPECT_EQ(OfPod(), "shop/team @ 1 ");
}

TEST_F(OwnerVersionTest, IsKnownOfAPodWithoutAWorkload) {
  PutPod("runner-x7k2p");
  Version("/api/v1/namespaces/shop/pods/runner-x7k2p", "", "7");
  EXPECT_EQ(Of(Pod("runner-x7k2p")), "/");
  EXPECT_EQ(VersionOf(Pod("runner-x7k2p")), " 7");
}

TEST_F(OwnerVersionTest, IsSharedBySiblings) {
  Version(kPod, "", "1");
  EXPECT_EQ(OfPod(), " 1");
  EXPECT_EQ(VersionOf(Pod("api-7fcc74b976-zzzzz")), " 1");
}

TEST_F(OwnerVersionTest, IsOfEachPodThatIsAskedForAlone) {
  const auto job = Ref("batch/v1", "Job", "indexed");
  Put("/apis/batch/v1/namespaces/shop/jobs/indexed", job);
  for (const char* pod : {"indexed-0-x7k2p", "indexed-1-x7k2p"}) {
    PutPod(pod, job);
    Version(std::string("/api/v1/namespaces/shop/pods/") + pod, "", pod);
  }
  EXPECT_EQ(VersionOf(Pod("indexed-0-x7k2p")), " indexed-0-x7k2p");
  EXPECT_EQ(VersionOf(Pod("indexed-1-x7k2p")), " indexed-1-x7k2p");
}

TEST_F(OwnerVersionTest, IsNotThatOfAnotherObjectOfTheName) {
  PutApps("deployments", Ref("apps/v1", "Deployment", "api", "another uid"));
  Version(kDeployment, "shop@2", "2");
  EXPECT_EQ(OfPod(), " ");
}

TEST_F(OwnerVersionTest, FollowsAChangeWhenItIsAskedForAgain) {
  Version(kPod, "", "1");
  EXPECT_EQ(OfPod(), " 1");
  PutPod("api-7fcc74b976-bwxc2", ReplicaSet("api-7fcc74b976"));
  Version(kPod, "shop@2", "");
  EXPECT_EQ(OfPod(), " 1");
  Pass(minutes(11));
  Of(Pod("api-7fcc74b976-bwxc2"));
  for (int i = 0; i < 5; ++i) Turn();
  EXPECT_EQ(OfPod(), "shop@2 ");
}

TEST_F(OwnerVersionTest, StaysWithAPodThatIsGone) {
  Version(kPod, "", "1");
  OfPod();
  objects.clear();
  Pass(minutes(11));
  Of(Pod("api-7fcc74b976-bwxc2"));
  for (int i = 0; i < 5; ++i) Turn();
  EXPECT_EQ(OfPod(), " 1");
}

TEST_F(OwnerVersionTest, IsNoLongerThanAnyReleaseMayBe) {
  Version(kPod, std::string(300, 'x'), "");
  const std::string told = OfPod();
  EXPECT_EQ(told.size(), 201u);
  EXPECT_EQ(told.substr(199), "x ");
}

TEST_F(OwnerVersionTest, IsNothingButText) {
  for (const char* more :
       {R"("annotations":7,"labels":["app.kubernetes.io/version"],)",
        R"("annotations":{"k8sentry.io/release":7},"labels":null,)",
        R"("annotations":{"k8sentry.io/release":{"a":"b"}},"labels":"x",)"}) {
    PutApi();
    std::string& body = objects.at(kPod).body.at(0);
    body.insert(body.find(R"("namespace")"), more);
    Pass(minutes(20));
    Of(Pod("api-7fcc74b976-bwxc2"));
    for (int i = 0; i < 5; ++i) Turn();
    EXPECT_EQ(OfPod(), " ") << more;
  }
}

}  // namespace
}  // namespace k8sentry::internal
