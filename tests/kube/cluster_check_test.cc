#include "k8sentry/cluster_check.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <map>
#include <set>

#include "json/json_reader.h"
#include "k8sentry/testing/fake_http_transport.h"

namespace k8sentry {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using testing::FakeHttpAnswer;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;
using Lines = std::vector<std::string>;

constexpr char kNow[] = "2026-11-21T04:00:00Z";
constexpr char kReviews[] = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
constexpr char kUsers[] = "/apis/authentication.k8s.io/v1/selfsubjectreviews";

// A server in memory that forbids what a test says.
class ClusterCheckTest : public ::testing::Test {
 protected:
  ClusterCheckTest() : http_([this](const HttpRequest& r) { return AnswerTo(r); }) {
    options_.cluster.server = "https://cluster/prefix";
    options_.cluster.token = Secret("hush");
    options_.cluster.origin = "kubeconfig /k";
  }

  FakeHttpAnswer AnswerTo(const HttpRequest& request) {
    EXPECT_TRUE(request.url.starts_with(options_.cluster.server)) << request.url;
    const std::string path = request.url.substr(options_.cluster.server.size());
    paths_.insert(path);
    const auto found = answers_.find(path);
    if (found != answers_.end()) return found->second;
    if (path == "/version") {
      return {.headers = {{"Date", date_}},
              .body = {R"({"gitVersion":)", R"("v1.34.2"})"}};
    }
    if (path == "/readyz") return {.body = {"ok"}};
    EXPECT_EQ(request.method, "POST");
    if (path == kUsers) {
      return {.status = 201,
              .body = {R"({"status":{"userInfo":{"username":")" + user_ + "\"}}}"}};
    }
    EXPECT_EQ(path, kReviews);
    return Review(request);
  }

  FakeHttpAnswer Review(const HttpRequest& request) {
    const internal::JsonReader body(request.body);
    EXPECT_EQ(body.String({"kind"}), "SelfSubjectAccessReview");
    const auto part = [&](std::string_view name) {
      return body.String({"spec", "resourceAttributes", name}).value_or("");
    };
    const std::string space = part("namespace"), name = part("name");
    const std::string asked = part("verb") + " " + part("group") + "/" +
                              part("resource") + (name.empty() ? "" : "/" + name) +
                              (space.empty() ? "" : " in " + space);
    asked_.push_back(asked);
    const bool allowed = forbidden_.count(asked) == 0;
    return {.status = 201,
            .body = {std::string(R"({"status":{"allowed":)") +
                     (allowed ? "true" : "false") + "}}"}};
  }

  void Begin() {
    auto made = NewClusterCheck(options_, http_);
    ASSERT_TRUE(made.ok()) << made.status().message();
    check_ = *std::move(made);
    EXPECT_EQ(check_->NextDeadline(), SteadyTime::min());
    check_->Poll(now_);
  }
  // One turn of a host's loop.
  void Turn() {
    http_.Poll(now_.steady);
    check_->Poll(now_);
  }
  void Run() {
    Begin();
    for (int i = 0; i < 100 && !check_->done(); ++i) {
      opened_.push_back(http_.open());
      Turn();
    }
    ASSERT_TRUE(check_->done());
    EXPECT_EQ(check_->NextDeadline(), SteadyTime::max());
    EXPECT_EQ(http_.open(), 0u);
    for (const Finding& finding : check_->findings()) {
      const std::string text = finding.detail + finding.remedy;
      EXPECT_EQ(text.find("hush"), text.npos) << text;
      EXPECT_EQ(text.find('\n'), text.npos) << text;
      EXPECT_NE(finding.what, "");
      const bool good = finding.level == FindingLevel::kOk;
      if (good) {
        EXPECT_THAT(finding.missing, IsEmpty());
      }
    }
  }
  // "error events", in order; without what is well.
  Lines Troubles() const {
    Lines lines;
    for (const Finding& finding : check_->findings()) {
      if (finding.level == FindingLevel::kOk) continue;
      lines.push_back(std::string(FindingLevelName(finding.level)) + " " +
                      finding.what);
    }
    return lines;
  }
  const Finding& Of(std::string_view what) const {
    const auto& all = check_->findings();
    const auto found = std::find_if(all.begin(), all.end(),
                                    [&](const auto& f) { return f.what == what; });
    EXPECT_NE(found, all.end()) << what;
    static const Finding none;
    return found == all.end() ? none : *found;
  }
  Lines Missing() const {
    Lines lines;
    for (const Finding& finding : check_->findings()) {
      for (const AccessRule& rule : finding.missing) lines.push_back(RuleText(rule));
    }
    return lines;
  }

  ClusterCheckOptions options_;
  std::map<std::string, FakeHttpAnswer> answers_;  // by path
  std::set<std::string> forbidden_;                // as in `asked_`
  std::string user_ = "system:serviceaccount:ops:agent";
  std::string date_ = "Sat, 21 Nov 2026 04:00:00 GMT";
  std::set<std::string> paths_;
  Lines asked_;                      // "get apps/deployments in shop"
  std::vector<std::size_t> opened_;  // requests under way, turn by turn
  testing::FakeHttpTransport http_;
  Now now_ = {SteadyTime(std::chrono::hours(1)), *ParseTime(kNow)};
  std::unique_ptr<ClusterCheck> check_;
};

TEST_F(ClusterCheckTest, FindsAllWell) {
  Run();
  EXPECT_THAT(Troubles(), IsEmpty());
  EXPECT_EQ(Of("API server").detail,
            "https://cluster/prefix answers: Kubernetes v1.34.2");
  EXPECT_EQ(Of("user").detail,
            "the server takes it for system:serviceaccount:ops:agent");
  EXPECT_EQ(check_->user(), user_);
  EXPECT_EQ(Of("events").detail, "it may list, watch events");
  EXPECT_EQ(Of("owners").detail,
            "it may get pods; get replicasets, deployments, statefulsets, daemonsets; "
            "get jobs, cronjobs");
  std::sort(asked_.begin(), asked_.end());
  EXPECT_THAT(asked_, ElementsAre("get /namespaces/kube-system in kube-system",
                                  "get /pods", "get apps/daemonsets",
                                  "get apps/deployments", "get apps/replicasets",
                                  "get apps/statefulsets", "get batch/cronjobs",
                                  "get batch/jobs", "list /events", "watch /events"));
}

TEST_F(ClusterCheckTest, AsksForRightsAtOnceButNotForTooMany) {
  options_.namespaces = {"a", "b", "c", "d", "e"};
  Begin();
  EXPECT_EQ(http_.open(), 1u) << "first whether anybody is there";
  Turn();
  EXPECT_EQ(http_.open(), 16u);
  for (int i = 0; i < 100 && !check_->done(); ++i) {
    Turn();
    EXPECT_LE(http_.open(), 16u);
  }
  EXPECT_THAT(asked_, SizeIs(5 * 9 + 1));
}

TEST_F(ClusterCheckTest, AsksNothingButTheRightsBesideAWatch) {
  options_.scope = CheckScope::kRights;
  options_.owners = false;
  options_.cluster_id = false;
  options_.namespaces = {"shop", "shop"};
  Run();
  EXPECT_THAT(paths_, ElementsAre(kReviews));
  EXPECT_THAT(opened_, ElementsAre(1, 1)) << "the second shares the first's connection";
  EXPECT_THAT(asked_, ElementsAre("list /events in shop", "watch /events in shop"));
  EXPECT_THAT(check_->findings(), SizeIs(1));
}

TEST_F(ClusterCheckTest, NamesTheVeryRuleThatIsMissing) {
  forbidden_ = {"list /events", "watch /events"};
  Run();
  EXPECT_THAT(Troubles(), ElementsAre("error events"));
  EXPECT_EQ(
      Of("events").missing,
      std::vector({AccessRule{.resources = {"events"}, .verbs = {"list", "watch"}}}));
  EXPECT_EQ(Of("events").detail,
            "it may not list, watch events: they cannot be watched");
  EXPECT_EQ(
      Of("events").remedy,
      "add to its role: apiGroups [\"\"], resources [events], verbs [list, watch]");
}

TEST_F(ClusterCheckTest, AddsNoRightThatIsThere) {
  forbidden_ = {"watch /events", "get apps/replicasets", "get apps/daemonsets",
                "get batch/jobs", "get /namespaces/kube-system in kube-system"};
  Run();
  EXPECT_THAT(Troubles(),
              ElementsAre("error events", "warning owners", "warning cluster id"));
  EXPECT_THAT(
      Missing(),
      ElementsAre(
          "apiGroups [\"\"], resources [events], verbs [watch]",
          "apiGroups [apps], resources [replicasets, daemonsets], verbs [get]",
          "apiGroups [batch], resources [jobs], verbs [get]",
          "apiGroups [\"\"], resources [namespaces], verbs [get], resourceNames "
          "[kube-system] in namespace kube-system"));
}

TEST_F(ClusterCheckTest, SaysInWhichNamespaceARightIsMissing) {
  options_.namespaces = {"shop", "payments"};
  forbidden_ = {"watch /events in shop", "get /pods in payments"};
  Run();
  EXPECT_THAT(Troubles(),
              ElementsAre("error events in shop", "warning owners in payments"));
  EXPECT_EQ(Of("events in payments").level, FindingLevel::kOk);
}

// --- roles ---

TEST(RoleYamlTest, IsWhatApplyTakes) {
  const std::vector<AccessRule> rules = {
      {.resources = {"events"}, .verbs = {"list", "watch"}},
      {.api_group = "apps", .resources = {"deployments"}, .verbs = {"get"}}};
  const std::string yaml = RoleYaml(rules, "system:serviceaccount:ops:agent");
  const std::string name = yaml.substr(yaml.find("k8sentry-"), 17);
  EXPECT_EQ(yaml,
            "apiVersion: rbac.authorization.k8s.io/v1\n"
            "kind: ClusterRole\n"
            "metadata:\n"
            "  name: " +
                name +
                "\n"
                "rules:\n"
                "- apiGroups: [\"\"]\n"
                "  resources: [\"events\"]\n"
                "  verbs: [\"list\", \"watch\"]\n"
                "- apiGroups: [\"apps\"]\n"
                "  resources: [\"deployments\"]\n"
                "  verbs: [\"get\"]\n"
                "---\n"
                "apiVersion: rbac.authorization.k8s.io/v1\n"
                "kind: ClusterRoleBinding\n"
                "metadata:\n"
                "  name: " +
                name +
                "\n"
                "roleRef:\n"
                "  apiGroup: rbac.authorization.k8s.io\n"
                "  kind: ClusterRole\n"
                "  name: " +
                name +
                "\n"
                "subjects:\n"
                "- kind: ServiceAccount\n"
                "  name: \"agent\"\n"
                "  namespace: \"ops\"\n");
}

TEST(RoleYamlTest, KeepsNamespacesApart) {
  const std::vector<AccessRule> rules = {
      {.namespace_ = "shop", .resources = {"events"}, .verbs = {"list"}},
      {.namespace_ = "kube-system",
       .resources = {"namespaces"},
       .verbs = {"get"},
       .resource_names = {"kube-system"}}};
  const std::string yaml = RoleYaml(rules, "jane");
  EXPECT_THAT(yaml, AllOf(HasSubstr("kind: Role\n"), HasSubstr("kind: RoleBinding\n"),
                          HasSubstr("  namespace: \"shop\"\n"),
                          HasSubstr("  namespace: \"kube-system\"\n"),
                          HasSubstr("  resourceNames: [\"kube-system\"]\n"),
                          HasSubstr("- kind: User\n"), Not(HasSubstr("Cluster"))));
}

TEST(RoleYamlTest, BindsNobodyThatIsNotKnown) {
  const AccessRule rule = {.resources = {"events"}, .verbs = {"list"}};
  EXPECT_THAT(RoleYaml({&rule, 1}, ""), Not(HasSubstr("Binding")));
  EXPECT_EQ(RoleYaml({}, "jane"), "");
}

// A role of other rules must not take the place of this one.
TEST(RoleYamlTest, NamesItselfAfterItsRules) {
  const auto name = [](const AccessRule& rule) {
    const std::string yaml = RoleYaml({&rule, 1}, "");
    return yaml.substr(yaml.find("k8sentry-"), 17);
  };
  const AccessRule one = {.resources = {"events"}, .verbs = {"list"}};
  const AccessRule two = {.resources = {"events"}, .verbs = {"watch"}};
  EXPECT_EQ(name(one), name(one));
  EXPECT_NE(name(one), name(two));
}

TEST(RoleYamlTest, LetsNoNameOfAUserBecomeARule) {
  const AccessRule rule = {.resources = {"events"}, .verbs = {"list"}};
  const std::string yaml =
      RoleYaml({&rule, 1}, "x\"\n- kind: Group\n  name: \"system:authenticated");
  EXPECT_THAT(yaml, HasSubstr(R"(  name: "x\"\n- kind: Group\n  name: \"system:)"));
  EXPECT_THAT(yaml, Not(HasSubstr("\n- kind: Group")));
}

// --- servers that do not answer well ---

TEST_F(ClusterCheckTest, TellsWhyAServerCannotBeReached) {
  const std::tuple<Status, const char*, const char*> kFailures[] = {
      {{StatusCode::kUnavailable, "Could not resolve host: cluster"},
       "the server's name is not known",
       "DNS"},
      {{StatusCode::kDeadlineExceeded, "Resolving timed out after 5000 milliseconds"},
       "the server's name is not known",
       "DNS"},
      {{StatusCode::kUnavailable, "connect to cluster port 443: Connection refused"},
       "nothing listens there",
       "port"},
      {{StatusCode::kDeadlineExceeded, "Connection timed out after 5000 milliseconds"},
       "no answer comes",
       "firewall"},
      {{StatusCode::kConfiguration,
        "TLS: SSL certificate problem: unable to get local issuer certificate"},
       "signed by an authority that is not trusted",
       "--certificate-authority"},
      {{StatusCode::kConfiguration,
        "TLS: SSL certificate problem: certificate is not yet valid"},
       "is not valid yet, so one of the clocks is wrong",
       "clock"},
      {{StatusCode::kConfiguration,
        "TLS: SSL certificate problem: certificate has expired"},
       "has expired, or the clock here is wrong",
       "renew"},
      {{StatusCode::kUnavailable, "Connection reset by peer"},
       "the connection fails",
       "between"},
  };
  for (const auto& [status, detail, remedy] : kFailures) {
    answers_["/version"] = {.status = 0, .end = status};
    Run();
    EXPECT_THAT(Troubles(), ElementsAre("error API server"));
    EXPECT_THAT(Of("API server").detail,
                AllOf(HasSubstr(detail), HasSubstr(status.message())));
    EXPECT_THAT(Of("API server").remedy, HasSubstr(remedy));
    EXPECT_THAT(asked_, IsEmpty());
  }
}

TEST_F(ClusterCheckTest, SuspectsTheProxyWhenThereIsOne) {
  options_.cluster.proxy = "http://proxy";
  answers_["/version"] = {
      .status = 0, .end = {StatusCode::kUnavailable, "Could not resolve proxy: proxy"}};
  Run();
  EXPECT_THAT(Of("API server").remedy, HasSubstr("HTTPS_PROXY"));
  answers_["/version"].end = {StatusCode::kConfiguration,
                              "CONNECT tunnel failed, response 407"};
  Run();
  EXPECT_THAT(Of("API server").remedy, HasSubstr("password"));
}

TEST_F(ClusterCheckTest, TakesNoOtherServerForAnApiServer) {
  for (const int status : {200, 302, 400, 404}) {
    answers_["/version"] = {.status = status, .body = {"<html>Please log in"}};
    Run();
    EXPECT_THAT(Troubles(), ElementsAre("error API server"));
    EXPECT_THAT(Of("API server").detail,
                AllOf(HasSubstr("no Kubernetes API server"), HasSubstr("log in")));
  }
  for (const int status : {429, 500, 503}) {
    answers_["/version"] = {.status = status, .body = {"overloaded"}};
    Run();
    EXPECT_THAT(Of("API server").detail, HasSubstr("trouble of its own"));
  }
  EXPECT_THAT(asked_, IsEmpty());
}

TEST_F(ClusterCheckTest, SaysThatACredentialIsNotAccepted) {
  answers_["/version"] = {.status = 401,
                          .body = {R"({"kind":"Status","message":"Unauthorized"})"}};
  Run();
  EXPECT_THAT(Troubles(), ElementsAre("error user"));
  EXPECT_THAT(Of("user").detail,
              AllOf(HasSubstr("(token)"), HasSubstr("Unauthorized")));
  EXPECT_THAT(Of("user").remedy, HasSubstr("renew"));
  options_.cluster.token = {};
  Run();
  EXPECT_THAT(Of("user").remedy, HasSubstr("give a credential"));
}

TEST_F(ClusterCheckTest, SaysThatNobodyMayBeImpersonated) {
  options_.cluster.impersonation.user = "jane";
  answers_["/version"] = {
      .status = 403,
      .body = {
          R"({"kind":"Status","message":"User \"x\" cannot impersonate resource \"users\""})"}};
  Run();
  EXPECT_THAT(Troubles(), ElementsAre("error user"));
  EXPECT_THAT(Of("user").detail, HasSubstr("cannot impersonate"));
}

TEST_F(ClusterCheckTest, GoesOnWhenTheVersionIsASecret) {
  answers_["/version"] = {.status = 403};
  forbidden_ = {"watch /events"};
  Run();
  EXPECT_THAT(Troubles(), ElementsAre("warning API server", "error events"));
}

TEST_F(ClusterCheckTest, AsksNobodyWithoutItsCredential) {
  options_.cluster.token = {};
  options_.cluster.token_file = "/nonexistent/token";
  Run();
  EXPECT_THAT(Troubles(), ElementsAre("error credential"));
  EXPECT_THAT(Of("credential").detail, HasSubstr("/nonexistent/token"));
  EXPECT_THAT(paths_, IsEmpty());
}

TEST_F(ClusterCheckTest, WarnsOfClocksThatDiffer) {
  const std::tuple<const char*, const char*> kDates[] = {
      {"Sat, 21 Nov 2026 04:00:30 GMT", ""},
      {"Sat, 21 Nov 2026 03:59:30 GMT", ""},
      {"Sat, 21 Nov 2026 04:00:31 GMT", "31s behind the server's"},
      {"Sat, 21 Nov 2026 01:59:00 GMT", "2h1m ahead of the server's"},
      {"nonsense", nullptr},
  };
  for (const auto& [date, detail] : kDates) {
    date_ = date;
    Run();
    if (detail == nullptr) {
      for (const Finding& f : check_->findings()) EXPECT_NE(f.what, "clock");
    } else if (*detail == '\0') {
      EXPECT_THAT(Troubles(), IsEmpty()) << date;
    } else {
      EXPECT_THAT(Troubles(), ElementsAre("warning clock"));
      EXPECT_THAT(Of("clock").detail, StartsWith(detail));
    }
  }
}

TEST_F(ClusterCheckTest, SaysWhatIsNotReady) {
  answers_["/readyz"] = {
      .status = 500,
      .body = {"[+]ping ok\n[-]etcd failed: reason withheld\nreadyz check failed\n"}};
  Run();
  EXPECT_THAT(Troubles(), ElementsAre("warning readiness"));
  EXPECT_THAT(Of("readiness").detail, HasSubstr("etcd failed: reason withheld"));
  for (const int status : {403, 404}) {
    answers_["/readyz"] = {.status = status};
    Run();
    EXPECT_THAT(Troubles(), IsEmpty());
  }
}

TEST_F(ClusterCheckTest, IsContentWithAServerThatDoesNotTellTheUser) {
  answers_[kUsers] = {.status = 404};
  Run();
  EXPECT_THAT(Troubles(), IsEmpty());
  EXPECT_THAT(Of("user").detail, HasSubstr("from Kubernetes 1.28 on"));
  EXPECT_EQ(check_->user(), "");
}

TEST_F(ClusterCheckTest, SaysThatItComesAsNobody) {
  const FakeHttpAnswer refused = {
      .status = 403,
      .body = {R"({"kind":"Status","message":"selfsubjectreviews is forbidden: User)"
               R"( \"system:anonymous\" cannot create"})"}};
  answers_[kUsers] = answers_[kReviews] = refused;
  Run();
  EXPECT_EQ(Troubles()[0], "error user");
  EXPECT_THAT(Of("user").detail, HasSubstr("takes it for nobody"));
  EXPECT_THAT(Of("user").remedy, HasSubstr("give a credential"));
}

TEST_F(ClusterCheckTest, WarnsOfWhatIsSeenByAnybody) {
  options_.cluster.tls.verification = TlsVerification::kInsecureSkipVerify;
  options_.cluster.warning = "the password was dropped";
  user_ = "system:anonymous";
  Run();
  EXPECT_THAT(Troubles(),
              ElementsAre("warning configuration", "warning TLS", "warning user"));
}

TEST_F(ClusterCheckTest, DoesNotTakeSilenceForARight) {
  const std::tuple<FakeHttpAnswer, const char*, const char*> kAnswers[] = {
      {{.status = 403, .body = {R"({"kind":"Status","message":"no reviews"})"}},
       "warning events",
       "HTTP 403: no reviews"},
      {{.status = 404}, "warning events", "HTTP 404"},
      {{.status = 500}, "error events", "HTTP 500"},
      {{.status = 201, .body = {"{}"}}, "error events", "cannot be read"},
      {{.status = 0, .end = {StatusCode::kUnavailable, "reset"}},
       "error events",
       "reset"},
      {{.status = 201, .body = {std::string(1 << 20, 'x')}},
       "error events",
       "cannot be read"},
  };
  for (const auto& [answer, trouble, detail] : kAnswers) {
    answers_[kReviews] = answer;
    Run();
    EXPECT_THAT(Troubles(),
                ElementsAre(trouble, "warning owners", "warning cluster id"))
        << detail;
    EXPECT_THAT(Of("events").detail,
                AllOf(StartsWith("it is not known whether it may list, watch events"),
                      HasSubstr(detail)));
    EXPECT_THAT(Missing(), IsEmpty());
  }
}

// --- time ---

TEST_F(ClusterCheckTest, EndsInTimeWhenNobodyAnswers) {
  answers_["/version"] = {.status = 0, .stay_open = true};
  Begin();
  EXPECT_EQ(check_->NextDeadline(), now_.steady + seconds(10));
  EXPECT_EQ(http_.requests()[0].deadline, seconds(10));
  EXPECT_LT(http_.requests()[0].connect_timeout, seconds(10));
  now_.steady += seconds(10);
  Turn();
  ASSERT_TRUE(check_->done());
  EXPECT_EQ(http_.open(), 0u);
  EXPECT_THAT(Troubles(), ElementsAre("error API server"));
  EXPECT_THAT(Of("API server").detail, HasSubstr("no answer within 10s"));
}

TEST_F(ClusterCheckTest, EndsInTimeWhenSomeAnswersDoNotCome) {
  answers_[kReviews] = {.status = 0, .stay_open = true};
  Begin();
  Turn();
  Turn();
  EXPECT_FALSE(check_->done());
  now_.steady += seconds(10);
  Turn();
  ASSERT_TRUE(check_->done());
  EXPECT_EQ(http_.open(), 0u);
  EXPECT_THAT(Troubles(),
              ElementsAre("error events", "warning owners", "warning cluster id"));
  EXPECT_THAT(Of("events").detail, HasSubstr("no answer within 10s"));
}

TEST_F(ClusterCheckTest, LeavesNothingUnderWayWhenItGoes) {
  answers_[kReviews] = {.status = 0, .stay_open = true};
  Begin();
  Turn();
  EXPECT_GT(http_.open(), 0u);
  check_.reset();
  EXPECT_EQ(http_.open(), 0u);
}

TEST_F(ClusterCheckTest, RefusesWhatCannotBeAskedFor) {
  const auto code = [&](const ClusterCheckOptions& options) {
    return NewClusterCheck(options, http_).status().code();
  };
  ClusterCheckOptions bad = options_;
  bad.cluster.server = "ftp://x";
  EXPECT_EQ(code(bad), StatusCode::kInvalidArgument);
  bad = options_;
  bad.namespaces = {"Shop"};
  EXPECT_EQ(code(bad), StatusCode::kInvalidArgument);
  bad = options_;
  bad.deadline = {};
  EXPECT_EQ(code(bad), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace k8sentry
