// What an OwnerLookup does not do to an API server.
#include <algorithm>
#include <fstream>

#include "owner_cluster.h"

namespace k8sentry::internal {
namespace {

class OwnerLimitsTest : public OwnerCluster {
 protected:
  // Asks for pods p0, p1, ... as a stream of Events would, with a turn after each;
  // gives the requests that this cost.
  std::size_t Storm(int pods, Duration step = {}) {
    Asked();
    for (int i = 0; i < pods; ++i) {
      First(Pod("p" + std::to_string(next_++)));
      Turn();
      Pass(step);
    }
    return Asked();
  }
  int next_ = 0;
};

TEST_F(OwnerLimitsTest, AskTenThousandPodsOfOneDeploymentWithAHandfulOfGets) {
  PutApi();
  std::size_t known = 0;
  for (int i = 0; i < 10000; ++i) {
    constexpr std::string_view kAlphabet = "bcdfghjklmnpqrstvwxz2456789";
    std::string suffix = "bwxc2";
    for (std::size_t j = 0, rest = static_cast<std::size_t>(i); j < 4;
         ++j, rest /= 27) {
      suffix[j] = kAlphabet[rest % 27];
    }
    PutPod("api-7fcc74b976-" + suffix, ReplicaSet("api-7fcc74b976"));
    OwnedReference pod = Pod("api-7fcc74b976-" + suffix);
    if (First(pod) == "Deployment/api") ++known;
    Turn();
  }
  EXPECT_LE(Asked(), 5u);
  EXPECT_GE(known, 9990u);
}

TEST_F(OwnerLimitsTest, RunSixteenRequestsAtATime) {
  all = testing::FakeHttpAnswer{.stay_open = true};
  for (int i = 0; i < 100; ++i) First(Pod("p" + std::to_string(i)));
  lookup().Start(now);
  EXPECT_EQ(http.open(), 16u);
  http.End(1);
  Turn();
  lookup().Start(now);
  EXPECT_EQ(http.requests().size(), 17u);
  EXPECT_EQ(http.open(), 16u);
}

TEST_F(OwnerLimitsTest, HaveAQueueThatEnds) {
  options.max_queue = 10;
  all = testing::FakeHttpAnswer{.stay_open = true};
  for (int i = 0; i < 10; ++i) EXPECT_EQ(First(Pod("p" + std::to_string(i))), "?/");
  EXPECT_EQ(First(Pod("one-more")), "/");
}

TEST_F(OwnerLimitsTest, RememberOnlySoManyObjects) {
  options.max_objects = 100;
  for (int i = 0; i < 1000; ++i) {
    PutPod("p" + std::to_string(i));
    Of(Pod("p" + std::to_string(i)));
  }
  EXPECT_EQ(Asked(), 1000u);
  Of(Pod("p999"));
  EXPECT_EQ(Asked(), 0u);
  Of(Pod("p0"));
  EXPECT_EQ(Asked(), 1u);
}

TEST_F(OwnerLimitsTest, ForgetNothingThatIsBeingAskedFor) {
  options.max_objects = 1;
  for (int i = 0; i < 10; ++i) {
    PutPod("p" + std::to_string(i));
    First(Pod("p" + std::to_string(i)));
  }
  Turn();
  for (int i = 0; i < 10; ++i) {
    const OwnedReference pod = Pod("p" + std::to_string(i));
    EXPECT_FALSE(lookup().Find(pod.view(), now.steady).pending);
  }
}

TEST_F(OwnerLimitsTest, LeaveAServerAloneThatFails) {
  for (const int status : {500, 503, 429}) {
    all = testing::FakeHttpAnswer{.status = status};
    // 20 Events a second, for five minutes.
    EXPECT_LE(Storm(6000, milliseconds(50)), 15u) << status;
    all.reset();
    Pass(minutes(1));
    EXPECT_EQ(Storm(100), 100u) << "and asks again once it is well";
  }
}

TEST_F(OwnerLimitsTest, LeaveAServerAloneThatIsNotThere) {
  all = testing::FakeHttpAnswer{
      .status = 0, .end = Status(StatusCode::kUnavailable, "connection refused")};
  EXPECT_LE(Storm(6000, milliseconds(50)), 15u);
  EXPECT_EQ(log.lines,
            Lines{"owners cannot be looked up for a while detail=connection refused"});
}

TEST_F(OwnerLimitsTest, LetNobodyWaitForAServerThatFails) {
  all = testing::FakeHttpAnswer{.status = 503};
  for (int i = 0; i < 30; ++i) EXPECT_EQ(First(Pod("p" + std::to_string(i))), "?/");
  Turn();
  for (int i = 0; i < 30; ++i) EXPECT_EQ(First(Pod("p" + std::to_string(i))), "/");
}

TEST_F(OwnerLimitsTest, TakeFailuresSideBySideForOne) {
  all = testing::FakeHttpAnswer{
      .status = 0, .end = Status(StatusCode::kUnavailable, "connection refused")};
  for (int i = 0; i < 16; ++i) First(Pod("p" + std::to_string(i)));
  lookup().Start(now);
  Pass(milliseconds(1));  // they began before the first of them failed
  http.Poll(now.steady);
  lookup().Update(now);
  EXPECT_EQ(Asked(), 16u);
  Pass(seconds(1));
  First(Pod("p"));
  Turn();
  EXPECT_EQ(Asked(), 1u) << "the backoff is that of one failure";
}

TEST_F(OwnerLimitsTest, GoOnWithOthersWhenOneObjectMakesTheServerFail) {
  PutApi();
  PutPod("broken", ReplicaSet("broken"));
  objects["/apis/apps/v1/namespaces/shop/replicasets/broken"] = {.status = 500};
  std::size_t known = 0;
  for (int i = 0; i < 600; ++i) {  // a minute
    Of(Pod("broken"));
    OwnedReference pod = Pod("p" + std::to_string(i));
    PutPod(pod.name, ReplicaSet("api-7fcc74b976"));
    known += Of(pod) == "Deployment/api";
    Pass(milliseconds(100));
  }
  EXPECT_GT(known, 500u);
  const std::string path = "/apis/apps/v1/namespaces/shop/replicasets/broken";
  EXPECT_LE(std::count(asked.begin(), asked.end(), path), 6);
}

TEST_F(OwnerLimitsTest, ObeyRetryAfterInAllLookUps) {
  all = testing::FakeHttpAnswer{.status = 429, .headers = {{"Retry-After", "30"}}};
  EXPECT_EQ(Storm(1), 1u);
  all.reset();
  EXPECT_EQ(Storm(290, milliseconds(100)), 0u);  // 29 seconds
  Pass(seconds(2));
  EXPECT_EQ(Storm(10), 10u);
}

TEST_F(OwnerLimitsTest, AskWithOneRequestWhetherTheServerIsWellAgain) {
  all = testing::FakeHttpAnswer{.status = 503};
  Storm(1);
  Pass(minutes(1));
  all = testing::FakeHttpAnswer{.stay_open = true};
  for (int i = 0; i < 10; ++i) First(Pod("q" + std::to_string(i)));
  lookup().Start(now);
  EXPECT_EQ(http.open(), 1u);
}

TEST_F(OwnerLimitsTest, TellOnceWhichRuleIsMissing) {
  PutPod("a", ReplicaSet("web-7fcc74b976"));
  PutPod("b", ReplicaSet("www-7fcc74b976"));
  const testing::FakeHttpAnswer forbidden = {
      .status = 403,
      .body = {R"({"kind":"Status","code":403,"message":"replicasets is forbidden"})"}};
  objects["/apis/apps/v1/namespaces/shop/replicasets/web-7fcc74b976"] = forbidden;
  objects["/apis/apps/v1/namespaces/shop/replicasets/www-7fcc74b976"] = forbidden;
  EXPECT_EQ(Of(Pod("a")), "Deployment/web") << "as the name of the ReplicaSet says";
  EXPECT_EQ(Of(Pod("b")), "Deployment/www");
  EXPECT_EQ(Asked(), 3u) << "what is forbidden for one ReplicaSet is for the other";
  EXPECT_EQ(log.lines,
            Lines{"owners cannot be looked up: a role lacks a rule; names must do "
                  "apiGroups=apps resources=replicasets verbs=get "
                  "detail=replicasets is forbidden"});
  Pass(seconds(61));
  Of(Pod("a"));
  EXPECT_EQ(Asked(), 1u);
  EXPECT_EQ(log.lines.size(), 1u);
}

TEST_F(OwnerLimitsTest, AskForbiddenResourcesOnceAMinuteInEachNamespace) {
  all = testing::FakeHttpAnswer{.status = 403};
  EXPECT_LE(Storm(6000, milliseconds(50)), 6u);
  OwnedReference elsewhere = Pod("p");
  elsewhere.namespace_ = "bank";
  First(elsewhere);
  Turn();
  EXPECT_EQ(Asked(), 1u);
}

TEST_F(OwnerLimitsTest, RenewTheCredentialOnceAfter401) {
  PutApi();
  http.Answer({.status = 401});
  EXPECT_EQ(Of(Pod("api-7fcc74b976-bwxc2")), "Deployment/api");
  EXPECT_EQ(http.requests().size(), 4u);
  EXPECT_EQ(log.lines, Lines{});
}

TEST_F(OwnerLimitsTest, ReadTheTokenAnewAfter401) {
  cluster.token = Secret();
  cluster.token_file = ::testing::TempDir() + "/owner_token";
  std::ofstream(cluster.token_file) << "old";
  PutPod("a");
  PutPod("b");
  Of(Pod("a"));
  http.Answer({.status = 401});
  First(Pod("b"));
  lookup().Start(now);
  std::ofstream(cluster.token_file) << "new";
  EXPECT_EQ(Of(Pod("b")), "/");
  ASSERT_EQ(http.requests().size(), 3u);
  EXPECT_EQ(http.requests()[1].auth_header_value.Reveal(), "Bearer old");
  EXPECT_EQ(http.requests()[2].auth_header_value.Reveal(), "Bearer new");
}

TEST_F(OwnerLimitsTest, DoNotAskAgainAfter401OfAServerThatFailsMeanwhile) {
  http.Answer({.status = 503});
  http.Answer({.status = 401});
  First(Pod("a"));
  First(Pod("b"));
  Turn();
  Turn();
  EXPECT_EQ(http.requests().size(), 2u);
  EXPECT_EQ(First(Pod("b")), "/");
}

TEST_F(OwnerLimitsTest, AskAgainForAllThatWereRefusedWithTheSameCredential) {
  for (int i = 0; i < 10; ++i) PutPod("p" + std::to_string(i), ReplicaSet("r"));
  PutApps("replicasets", ReplicaSet("r"));
  for (int i = 0; i < 10; ++i) http.Answer({.status = 401});
  for (int i = 0; i < 10; ++i) First(Pod("p" + std::to_string(i)));
  Turn();
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(Of(Pod("p" + std::to_string(i))), "ReplicaSet/r");
  }
  EXPECT_EQ(http.requests().size(), 21u) << "each Pod twice, and the ReplicaSet";
  EXPECT_EQ(log.lines, Lines{});
}

TEST_F(OwnerLimitsTest, LeaveAServerAloneThatKnowsUsNot) {
  all = testing::FakeHttpAnswer{.status = 401};
  EXPECT_LE(Storm(6000, milliseconds(50)), 20u);
}

TEST_F(OwnerLimitsTest, RememberAPodThatIsGone) {
  Storm(100);
  next_ = 0;
  EXPECT_EQ(Storm(100), 0u);
  Pass(seconds(61));
  next_ = 0;
  EXPECT_EQ(Storm(100), 100u);
}

}  // namespace
}  // namespace k8sentry::internal
