#include "k8sentry/sentry_clients.h"
#include "tests/sentry/reporter_fixture.h"

namespace k8sentry {
namespace {

using ::testing::StartsWith;

constexpr char kKey[] = "0123456789abcdef0123456789abcdef";

std::string DsnAt(const std::string& host, int project = 7,
                  const std::string& scheme = "https") {
  return scheme + "://" + kKey + "@" + host + "/" + std::to_string(project);
}

class SentryClientsTest : public ::testing::Test {
 protected:
  SentryClientsTest() {
    options.sentry = {.dsn = *ParseDsn(DsnAt("sentry.example.com", 1)),
                      .gzip_from_bytes = 1 << 30};
    options.dsn_of = [this](const Telling&) { return chosen; };
    options.cluster_dsns = ClusterDsns::kFollow;
  }
  void Make() {
    auto made = NewSentryClients(options, http, logger);
    ASSERT_TRUE(made.ok()) << made.status().message();
    clients = *std::move(made);
  }
  Sink& Route(const std::string& dsn, DsnOrigin origin = DsnOrigin::kCluster) {
    chosen = {dsn, origin};
    return clients->Route(StoryNamed("backoff"), now());
  }
  bool GoesElsewhere(const std::string& dsn, DsnOrigin origin = DsnOrigin::kCluster) {
    return &Route(dsn, origin) != &clients->configured();
  }
  Now now() const { return {SteadyTime(hours(1000)), StorySentAt()}; }
  void PollAll(Sink& sink) {
    http.Poll(now().steady);
    sink.Poll(now());
    clients->configured().Poll(now());
  }

  FakeHttpTransport http;
  MemoryLogger logger;
  SentryClientsOptions options;
  ChosenDsn chosen;
  std::unique_ptr<SentryClients> clients;
};

TEST_F(SentryClientsTest, SendAllToTheConfiguredOneWhenNobodyChooses) {
  options.dsn_of = {};
  Make();
  EXPECT_FALSE(GoesElsewhere(DsnAt("sentry.example.com", 2)));
  options.dsn_of = [this](const Telling&) { return chosen; };
  Make();
  EXPECT_FALSE(GoesElsewhere(""));
  EXPECT_FALSE(GoesElsewhere(DsnAt("sentry.example.com", 1))) << "it is the same one";
  EXPECT_EQ(clients->size(), 0u);
  EXPECT_EQ(clients->counters().refused, 0u);
}

TEST_F(SentryClientsTest, HaveOneReporterForEachDsn) {
  Make();
  Sink& two = Route(DsnAt("sentry.example.com", 2));
  Sink& three = Route(DsnAt("sentry.example.com", 3));
  EXPECT_NE(&two, &three);
  EXPECT_EQ(&two, &Route(DsnAt("sentry.example.com", 2)));
  EXPECT_NE(two.spool_name(), three.spool_name());
  EXPECT_NE(two.spool_name(), clients->configured().spool_name());
  EXPECT_THAT(two.spool_name(), StartsWith("sentry-"));
  EXPECT_EQ(clients->size(), 2u);
  EXPECT_EQ(clients->counters().elsewhere, 3u);
}

TEST_F(SentryClientsTest, KeepTheLimitsOfEachApart) {
  Make();
  Sink& two = Route(DsnAt("sentry.example.com", 2));
  Sink& three = Route(DsnAt("sentry.example.com", 3));
  http.Answer({.status = 429, .headers = {{"Retry-After", "60"}}});
  const std::vector<Telling> batch = {StoryNamed("backoff")};
  two.Send(batch, now(), [](std::size_t, const Outcome&) {});
  PollAll(two);
  EXPECT_EQ(http.requests()[0].url, "https://sentry.example.com/api/2/envelope/");
  EXPECT_EQ(two.limited_until(), now().steady + seconds(60));
  EXPECT_EQ(three.limited_until(), SteadyTime::min());
  EXPECT_EQ(clients->configured().limited_until(), SteadyTime::min());
}

TEST_F(SentryClientsTest, RefuseWhatTheClusterSaysUnlessAskedToFollow) {
  options.cluster_dsns = ClusterDsns::kRefuse;
  Make();
  EXPECT_FALSE(GoesElsewhere(DsnAt("sentry.example.com", 2)));
  EXPECT_EQ(clients->counters().refused, 1u);
  EXPECT_THAT(logger.lines, ElementsAre(HasSubstr("a DSN is not followed")));
  EXPECT_TRUE(GoesElsewhere(DsnAt("sentry.example.com", 2), DsnOrigin::kHost));
}

TEST_F(SentryClientsTest, FollowNoDsnOfTheClusterBeyondTheRules) {
  options.hosts = {"Other.example.com", "third.example.com:8443", "10.1.2.3",
                   "[fd00::1]", "169.254.169.254"};
  options.addresses = {"10.1.0.0/16"};
  Make();
  for (const std::string& good :
       {DsnAt("sentry.example.com", 2), DsnAt("SENTRY.example.com:443", 3),
        DsnAt("other.example.com"), DsnAt("third.example.com:8443"),
        DsnAt("10.1.2.3")}) {
    EXPECT_TRUE(GoesElsewhere(good)) << good;
  }
  for (const std::string& bad :
       {DsnAt("sentry.example.com", 2, "http"), DsnAt("sentry.example.com:444"),
        DsnAt("sentry.example.com.evil.test"), DsnAt("evil.test"),
        DsnAt("other.example.com:8443"), DsnAt("third.example.com"), DsnAt("[fd00::1]"),
        DsnAt("169.254.169.254")}) {
    EXPECT_FALSE(GoesElsewhere(bad)) << bad;
  }
  EXPECT_EQ(clients->counters().refused, 8u);
  EXPECT_FALSE(GoesElsewhere("not a dsn"));
  EXPECT_EQ(clients->counters().invalid, 1u);
  for (const std::string& line : logger.lines) EXPECT_THAT(line, Not(HasSubstr(kKey)));
}

TEST_F(SentryClientsTest, HoldTheAddressPolicyForDsnsOfTheClusterOnly) {
  options.addresses = {"10.1.0.0/16"};
  options.sentry.tls.certificate_file = "/client.pem";
  options.sentry.tls.verification = TlsVerification::kInsecureSkipVerify;
  options.hosts = {"other.example.com"};
  Make();
  const std::vector<Telling> batch = {StoryNamed("backoff")};
  const auto request = [&](const std::string& dsn, DsnOrigin origin) -> HttpRequest {
    Route(dsn, origin).Send(batch, now(), [](std::size_t, const Outcome&) {});
    return http.requests().back();
  };
  const HttpRequest own = request(DsnAt("sentry.example.com", 2), DsnOrigin::kCluster);
  EXPECT_EQ(own.addresses.private_addresses, AddressPolicy::Private::kRefuse);
  EXPECT_EQ(own.addresses.allowed, options.addresses);
  EXPECT_EQ(own.tls.certificate_file, "/client.pem");
  const HttpRequest other = request(DsnAt("other.example.com"), DsnOrigin::kCluster);
  EXPECT_EQ(other.tls.certificate_file, "") << "shown to a stranger";
  EXPECT_EQ(other.tls.verification, TlsVerification::kVerify);
  const HttpRequest hosts = request(DsnAt("10.0.0.1", 9), DsnOrigin::kHost);
  EXPECT_EQ(hosts.addresses.private_addresses, AddressPolicy::Private::kAllow);
}

TEST_F(SentryClientsTest, FollowNoneWhereAProxyWouldResolve) {
  options.sentry.proxy = "http://proxy:3128";
  Make();
  EXPECT_FALSE(GoesElsewhere(DsnAt("sentry.example.com", 2)));
  EXPECT_EQ(clients->counters().refused, 1u);
}

TEST_F(SentryClientsTest, SendWhatAnAddressRefusesToTheConfiguredOne) {
  Make();
  Sink& two = Route(DsnAt("sentry.example.com", 2));
  http.Answer({.status = 0,
               .end = Status(StatusCode::kConfiguration,
                             "the policy on addresses refuses 169.254.169.254")});
  std::vector<Ending> endings;
  const std::vector<Telling> batch = {StoryNamed("backoff"), StoryNamed("failed")};
  two.Send(batch, now(), [&](std::size_t index, const Outcome& outcome) {
    endings.push_back({index, outcome.kind});
  });
  PollAll(two);
  EXPECT_THAT(endings, ElementsAre(Ending{1, Outcome::Kind::kDelivered}));
  EXPECT_FALSE(two.idle()) << "one is on its way over the configured one";
  ASSERT_THAT(http.requests(), SizeIs(3));
  EXPECT_EQ(http.requests()[2].url, "https://sentry.example.com/api/1/envelope/");
  PollAll(two);
  EXPECT_THAT(endings, ElementsAre(Ending{1, Outcome::Kind::kDelivered},
                                   Ending{0, Outcome::Kind::kDelivered}));
  EXPECT_TRUE(two.idle());
  EXPECT_EQ(clients->counters().refused, 1u);
}

TEST_F(SentryClientsTest, RetireTheOneUsedLongestAgo) {
  options.max_clients = 2;
  Make();
  Sink& two = Route(DsnAt("sentry.example.com", 2));
  Sink& three = Route(DsnAt("sentry.example.com", 3));
  Route(DsnAt("sentry.example.com", 2));
  EXPECT_FALSE(clients->retires(two) || clients->retires(three));
  Sink& four = Route(DsnAt("sentry.example.com", 4));
  EXPECT_TRUE(clients->retires(three));
  EXPECT_FALSE(clients->retires(two) || clients->retires(four));
  EXPECT_EQ(clients->size(), 3u);
  clients->Retired(three);
  EXPECT_EQ(clients->size(), 2u);
}

TEST_F(SentryClientsTest, KeepOneThatIsWantedAgainBeforeItIsGone) {
  options.max_clients = 2;
  Make();
  Sink& two = Route(DsnAt("sentry.example.com", 2));
  Sink& three = Route(DsnAt("sentry.example.com", 3));
  Sink& four = Route(DsnAt("sentry.example.com", 4));
  EXPECT_TRUE(clients->retires(two));
  EXPECT_EQ(&two, &Route(DsnAt("sentry.example.com", 2)));
  EXPECT_FALSE(clients->retires(two));
  EXPECT_TRUE(clients->retires(three));
  EXPECT_FALSE(clients->retires(four));
}

// Somebody may write a thousand DSNs into a cluster.
TEST_F(SentryClientsTest, AreBoundedWhileNoneHasDrained) {
  options.max_clients = 4;
  Make();
  for (int project = 2; project < 1000; ++project) {
    Route(DsnAt("sentry.example.com", project));
    ASSERT_LE(clients->size(), 8u);
  }
  EXPECT_EQ(clients->counters().elsewhere, 8u);
  EXPECT_EQ(clients->counters().no_room, 990u);
  EXPECT_LE(logger.lines.size(), 12u) << "a flood of DSNs floods the log";
}

TEST_F(SentryClientsTest, GoWithRequestsUnderWay) {
  Make();
  const std::vector<Telling> batch = {StoryNamed("backoff")};
  Route(DsnAt("sentry.example.com", 2))
      .Send(batch, now(), [](std::size_t, const Outcome&) { FAIL(); });
  clients->configured().Send(batch, now(), [](std::size_t, const Outcome&) { FAIL(); });
  clients.reset();
  EXPECT_THAT(http.cancelled(), SizeIs(2));
  http.Poll(now().steady);
}

TEST(NewSentryClients, RefusesWhatCannotWork) {
  FakeHttpTransport http;
  const SentryOptions sentry = {.dsn = *ParseDsn(kDsn)};
  for (const SentryClientsOptions& bad :
       {SentryClientsOptions{.sentry = {}},
        SentryClientsOptions{.sentry = sentry, .max_clients = 0},
        SentryClientsOptions{.sentry = sentry, .addresses = {"10.0.0.0/33"}}}) {
    const auto clients = NewSentryClients(bad, http);
    ASSERT_FALSE(clients.ok());
    EXPECT_EQ(clients.status().code(), StatusCode::kConfiguration);
  }
}

}  // namespace
}  // namespace k8sentry
