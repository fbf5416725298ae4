// Row by row, what a watch must survive (kubernetes client research, section 7), with
// real bytes over a real socket. What is decided without a socket: failure_matrix_test.
#include <ctime>
#include <fstream>

#include "tests/authority.h"
#include "wire_cluster.h"

namespace k8sentry {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Names = std::vector<std::string>;

class WireMatrix : public WireCluster {};

// Row 1
TEST_F(WireMatrix, TellsEachEventOnceAcrossTheEndsOfWatches) {
  Names created;
  RunUntilWatching();
  for (int i = 0; i < 10; ++i) {
    // One while the watch is there, and one while perhaps there is none.
    for (const char* part : {"during", "between"}) {
      created.push_back(part + std::to_string(i));
      Create(created.back());
      if (part[0] == 'd') server->EndWatches();
    }
    ASSERT_TRUE(RunUntilTold(created.size())) << i;
  }
  EXPECT_EQ(told, created);
  EXPECT_EQ(lists(), 1) << "the end of a watch is no reason to list";
}

TEST_F(WireMatrix, WatchesOnWhenTheTimeItAskedForIsOver) {
  options.min_watch = options.max_watch = seconds(1);
  RunUntilWatching();
  ASSERT_TRUE(RunUntilAsked("watch", 2));
  EXPECT_THAT(Asked(), ElementsAre("list", "watch 1", "watch 1"));
  EXPECT_EQ(server->requests()[1].parameter("timeoutSeconds"), "1");
}

// Row 2
TEST_F(WireMatrix, SlowsDownWhenWatchesEndAsSoonAsTheyBegin) {
  options.min_backoff = milliseconds(800);
  options.max_backoff = seconds(30);
  for (const auto then : {FakeFault::kEnd, FakeFault::kClose}) {
    BeginAnew();
    server->Script({.verb = "watch", .times = FakeFault::kAlways, .then = then});
    RunUntilWatching();
    const int before = server->count();
    RunFor(seconds(30));
    EXPECT_LT(server->count() - before, 30);
    server->ClearScript();
  }
}

// Row 3
TEST_F(WireMatrix, LosesNothingAndRepeatsNothingWhereverAConnectionIsReset) {
  options.min_backoff = milliseconds(1);
  options.max_backoff = milliseconds(1);
  const std::string name = "cut";
  const std::size_t frame = EventObject(name).size() + 200;  // and what is added
  int cuts = 0;
  for (std::size_t at = 0; at < frame; ++at) {
    BeginAnew();
    server->Script({.verb = "watch", .after_bytes = at, .then = FakeFault::kReset});
    const int before = lists();
    RunUntilWatching();
    Create(name + std::to_string(at));
    ASSERT_TRUE(RunUntilTold(1)) << at;
    Create("next" + std::to_string(at));
    ASSERT_TRUE(RunUntilTold(2)) << at;
    EXPECT_EQ(told, (Names{name + std::to_string(at), "next" + std::to_string(at)}));
    EXPECT_EQ(lists(), before + 1) << "a cut is no reason to list";
    EXPECT_EQ(source->counters().malformed, 0u) << at;
    cuts += std::count(states.begin(), states.end(), "unavailable") > 0;
    server->Delete(kEvents, told[0]);
    server->Delete(kEvents, told[1]);
  }
  EXPECT_GT(cuts, 300) << "the frame is longer than thought";
}

// Row 4
TEST_F(WireMatrix, ResumesAtItsMarkWhenAKilledServerComesBack) {
  RunUntilWatching();
  Create("before");
  ASSERT_TRUE(RunUntilTold(1));
  server->loopback().Kill();
  Create("meanwhile");
  ASSERT_TRUE(RunUntilState("unavailable"));
  RunFor(seconds(5));
  ASSERT_TRUE(server->loopback().Restart().ok());
  ASSERT_TRUE(RunUntilTold(2));
  Create("after");
  ASSERT_TRUE(RunUntilTold(3));
  EXPECT_EQ(told, (Names{"before", "meanwhile", "after"}));
  EXPECT_EQ(stale, Names{});
  EXPECT_EQ(states.back(), "watching");
}

// Row 5
TEST_F(WireMatrix, WaitsAsLongAsAServerThatShutsDownAsksFor) {
  RunUntilWatching();
  server->Script({.status = 429,
                  .body = "The apiserver is shutting down, please try again later.",
                  .headers = {{"Retry-After", "5"}, {"Connection", "close"}}});
  Create("a");
  ASSERT_TRUE(RunUntilTold(1));
  server->EndWatches();
  ASSERT_TRUE(RunUntilState("unavailable"));
  const SteadyTime refused = Present().steady;
  RunUntilWatching();
  EXPECT_GE(Present().steady - refused, seconds(4));
  Create("b");
  ASSERT_TRUE(RunUntilTold(2));
  EXPECT_EQ(lists(), 1);
}

// Row 6
TEST_F(WireMatrix, WaitsForAServerThatIsNotThereYet) {
  server->loopback().Kill();
  ASSERT_TRUE(RunUntilState("unavailable"));
  RunFor(seconds(20));
  EXPECT_THAT(states, ElementsAre("unavailable")) << "said once";
  ASSERT_TRUE(server->loopback().Restart().ok());
  RunUntilWatching();
  EXPECT_EQ(states.back(), "watching");
}

// Row 7
TEST_F(WireMatrix, GivesUpAServerThatStandsStill) {
  options.min_watch = options.max_watch = seconds(1);
  RunUntilWatching();
  server->loopback().Freeze();
  Create("frozen");
  // 31 s for the watch, and whatever comes next cannot be answered either.
  ASSERT_TRUE(RunUntilState("unavailable"));
  server->loopback().Thaw();
  ASSERT_TRUE(RunUntilTold(1));
  EXPECT_EQ(told, Names{"frozen"});
}

// Row 8
TEST_F(WireMatrix, EndsAWatchItselfThatTheServerForgets) {
  options.min_watch = options.max_watch = seconds(1);
  server->Script({.verb = "watch", .then = FakeFault::kSilence});
  RunUntilWatching();
  Create("unseen");
  const SteadyTime begin = Present().steady;
  ASSERT_TRUE(RunUntilTold(1));
  EXPECT_GE(Present().steady - begin, seconds(29));
  EXPECT_LE(Present().steady - begin, seconds(60));
  EXPECT_EQ(lists(), 1) << "the mark is good";
}

// Row 10
TEST_F(WireMatrix, ListsAgainWhenItsMarkWasCompactedAwayAndTellsNothingTwice) {
  Create("old");
  RunUntilWatching();
  Create("b");
  ASSERT_TRUE(RunUntilTold(2));
  server->loopback().Kill();
  Create("c");
  server->Delete(kEvents, "b");
  server->Compact();
  ASSERT_TRUE(server->loopback().Restart().ok());
  ASSERT_TRUE(RunUntilTold(3));
  Create("d");
  ASSERT_TRUE(RunUntilTold(4));
  EXPECT_EQ(told, (Names{"old", "b", "c", "d"}));
  EXPECT_THAT(states, Contains("relisting"));
}

// Row 11
TEST_F(WireMatrix, ListsAgainAfterHttp410OnAWatch) {
  server->Script({.verb = "watch",
                  .status = 410,
                  .body = testing::ApiStatusJson(410, "Gone", "too old")});
  Create("a");
  ASSERT_TRUE(RunUntilAsked("watch", 2));
  Create("b");
  ASSERT_TRUE(RunUntilTold(2));
  EXPECT_EQ(told, (Names{"a", "b"}));
}

// Row 12
TEST_F(WireMatrix, BeginsAListAgainWhenItIsCompactedBetweenTwoPages) {
  options.page_size = 2;
  for (const char* name : {"a", "b", "c", "d", "e"}) Create(name);
  ASSERT_TRUE(RunUntilAsked("list", 1));
  Create("f");
  server->Compact();
  RunUntilWatching();
  std::vector<int> answers;
  for (const auto& request : server->requests()) answers.push_back(request.status);
  EXPECT_THAT(answers, ElementsAre(200, 410, 200, 200, 200, 200));
  for (const char* name : {"a", "b", "c", "d", "e", "f"}) {
    EXPECT_THAT(told, Contains(name));
  }
}

TEST_F(WireMatrix, TakesAListWholeWhenItsTokensNeverHold) {
  options.page_size = 2;
  for (const char* name : {"a", "b", "c"}) Create(name);
  for (int i = 0; i < 3; ++i) {
    server->Script({.verb = "list",
                    .skip = 1,
                    .status = 410,
                    .body = testing::ApiStatusJson(410, "Expired", "too old")});
  }
  RunUntilWatching();
  EXPECT_THAT(told, Contains("c"));
  const auto requests = server->requests();
  EXPECT_EQ(requests[requests.size() - 2].query, "") << "the last list, unpaged";
}

// Row 13
TEST_F(WireMatrix, SlowsDownWhenEveryWatchIsGone) {
  options.min_backoff = milliseconds(800);
  options.max_backoff = seconds(30);
  Create("a");
  server->Script(
      {.verb = "watch",
       .times = FakeFault::kAlways,
       .lines = {testing::ApiErrorFrame(testing::ApiStatusJson(410, "Expired", "x"))},
       .then = FakeFault::kEnd});
  RunUntilWatching();
  const int before = server->count();
  RunFor(minutes(1));
  EXPECT_LT(server->count() - before, 60);
  EXPECT_EQ(told, Names{"a"});
  EXPECT_EQ(states.back(), "relisting");
}

// Row 14
TEST_F(WireMatrix, ReadsAllAnewWhenAnotherClusterStandsBehindTheUrl) {
  for (const char* name : {"a", "b", "c"}) Create(name);
  RunUntilWatching();
  server->loopback().Kill();
  ASSERT_TRUE(RunUntilState("unavailable"));
  RunFor(seconds(5));  // refused at least once
  server->WipeStorage();
  Create("new");
  ASSERT_TRUE(server->loopback().Restart().ok());
  ASSERT_TRUE(RunUntilTold(4));
  EXPECT_EQ(told.back(), "new");
}

TEST_F(WireMatrix, ReadsAllAnewWhenTheStorageIsRestoredWithoutAnyRefusal) {
  for (const char* name : {"a", "b", "c"}) Create(name);
  RunUntilWatching();
  GTEST_SKIP()
      << "the source watches on from a mark of the future, in silence: it asks "
         "for the storage's version after a refused connection only";
  server->WipeStorage();  // resets connections; the next one is taken
  Create("new");
  ASSERT_TRUE(RunUntilTold(4)) << "a watch from the future is silent";
  EXPECT_EQ(told.back(), "new");
}

// Row 15
TEST_F(WireMatrix, HonoursRetryAfterInEveryForm) {
  struct Case {
    std::string value;
    Duration least, most;
  };
  options.min_backoff = milliseconds(800);
  const std::string in_100_s = [this] {
    // The source's wall time runs on; libcurl passes the header on as it is.
    const std::time_t at = std::chrono::system_clock::to_time_t(
        std::chrono::time_point_cast<std::chrono::system_clock::duration>(
            Present().wall + seconds(100)));
    char text[64];
    std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", std::gmtime(&at));
    return std::string(text);
  }();
  const std::vector<Case> cases = {{"10", seconds(10), seconds(11)},
                                   {"86400", minutes(5), seconds(330)},
                                   {in_100_s, seconds(30), seconds(120)},
                                   {"0", seconds(0), milliseconds(800)},
                                   {"soon", seconds(0), milliseconds(800)}};
  for (const Case& c : cases) {
    BeginAnew();
    server->ClearScript();
    server->Script({.verb = "list",
                    .status = 429,
                    .body = "Too many requests, please try again later.\n",
                    .headers = {{"Retry-After", c.value},
                                {"Content-Type", "text/plain; charset=utf-8"}}});
    ASSERT_TRUE(RunUntilState("unavailable"));
    const Duration wait = source->NextDeadline() - Present().steady;
    EXPECT_LE(wait, c.most) << c.value;
    EXPECT_GE(wait, c.least - seconds(2)) << c.value;  // what has passed since
    EXPECT_THAT(detail, HasSubstr("HTTP 429: Too many requests"));
  }
}

// Row 16
TEST_F(WireMatrix, ResumesAtItsMarkAfterAnErrorInTheStreamThatIsNot410) {
  for (const int code : {429, 500, 504}) {
    BeginAnew();
    Asked();
    server->Script({.verb = "watch",
                    .after_frames = 1,
                    .lines = {testing::ApiErrorFrame(testing::ApiStatusJson(
                        code, "Busy", "later", R"({"retryAfterSeconds":7})"))},
                    .then = FakeFault::kEnd});
    RunUntilWatching();
    told.clear();  // the list's
    const std::uint64_t mark = Create("a" + std::to_string(code));
    ASSERT_TRUE(RunUntilState("unavailable"));
    const SteadyTime begin = Present().steady;
    RunUntilWatching();
    EXPECT_GE(Present().steady - begin, seconds(6));
    Create("b" + std::to_string(code));
    ASSERT_TRUE(RunUntilTold(2));
    EXPECT_THAT(Asked(), ElementsAre("list", "watch " + std::to_string(mark - 1),
                                     "watch " + std::to_string(mark)));
  }
}

// Row 17
TEST_F(WireMatrix, SurvivesServerErrorsWithBodiesThatAreNoStatus) {
  const std::string page = "<html>\x1b[2J" + std::string(1 << 20, 'x');
  for (const int code : {500, 502, 503, 504}) {
    BeginAnew();
    server->Script({.verb = "list",
                    .status = code,
                    .body = page,
                    .headers = {{"Content-Type", "text/html"}}});
    ASSERT_TRUE(RunUntilState("unavailable"));
    EXPECT_LT(detail.size(), 400u);
    EXPECT_THAT(detail, HasSubstr("HTTP " + std::to_string(code)));
    RunUntilWatching();
    EXPECT_EQ(states.back(), "watching");
  }
}

TEST_F(WireMatrix, TakesNoLoginPageForAList) {
  server->Script({.verb = "list", .status = 200, .body = "<html>Please log in</html>"});
  ASSERT_TRUE(RunUntilState("unavailable"));
  RunUntilWatching();
  EXPECT_THAT(told, IsEmpty());
}

// Row 18
TEST_F(WireMatrix, ReadsItsTokenAgainAfter401AndTriesOnceAtOnce) {
  const std::string path = ::testing::TempDir() + "k8sentry_wire_token";
  const auto write = [&](const std::string& token) {
    std::ofstream(path) << token << "\n";
  };
  write("old");
  server->SetToken("old");
  options.cluster.token_file = path;
  RunUntilWatching();
  Create("a");
  ASSERT_TRUE(RunUntilTold(1));
  write("new");
  server->SetToken("new");
  server->EndWatches();
  ASSERT_TRUE(RunUntilAsked("watch", 3));
  Create("b");
  ASSERT_TRUE(RunUntilTold(2));
  const auto requests = server->requests();
  std::vector<int> answers;
  for (const auto& request : requests) answers.push_back(request.status);
  EXPECT_THAT(answers, ElementsAre(200, 200, 401, 200));
  EXPECT_THAT(states, ElementsAre("listing", "watching")) << "nobody needs to know";
}

TEST_F(WireMatrix, SaysUnauthorizedAndComesBackWhenItIsAllowedTo) {
  server->Script({.times = 4,
                  .status = 401,
                  .body = testing::ApiStatusJson(401, "Unauthorized", "Unauthorized")});
  ASSERT_TRUE(RunUntilState("unauthorized"));
  EXPECT_EQ(server->count(), 2) << "once more at once";
  RunUntilWatching();
  EXPECT_THAT(states, ElementsAre("unauthorized", "listing", "watching"));
}

// Row 19
TEST_F(WireMatrix, NamesTheMissingRuleAndTriesSlowlyUntilItIsThere) {
  server->Forbid("/api/v1/events");
  ASSERT_TRUE(RunUntilState("forbidden"));
  EXPECT_THAT(detail, HasSubstr("cannot list resource \"events\""));
  EXPECT_THAT(detail, HasSubstr("needed is a role"));
  const SteadyTime begin = Present().steady;
  server->AllowAll();
  RunUntilWatching();
  EXPECT_GE(Present().steady - begin, seconds(28));
  EXPECT_EQ(states.back(), "watching");
}

TEST_F(WireMatrix, LetsOneForbiddenNamespaceDisturbNoOther) {
  options.namespaces = {"shop", "bank"};
  server->Forbid("/api/v1/namespaces/bank/events");
  ASSERT_TRUE(RunUntilAsked("watch", 1));
  Create("mine");
  ASSERT_TRUE(RunUntilTold(1));
  EXPECT_THAT(states, Contains("forbidden"));
}

// Row 20
TEST_F(WireMatrix, BacksOffWhenTheServerIsNoApiServer) {
  server->Script({.times = 3, .status = 404, .body = "404 page not found\n"});
  ASSERT_TRUE(RunUntilState("unavailable"));
  EXPECT_EQ(detail, "HTTP 404: 404 page not found");
  RunUntilWatching();
}

// Row 22
TEST_F(WireMatrix, TakesNoCompressedWatch) {
  server->Script({.verb = "watch", .gzip = true});
  RunUntilWatching();
  Create("a");
  ASSERT_TRUE(RunUntilTold(1));
  EXPECT_EQ(told, Names{"a"});
  for (const auto& request : server->requests()) {
    if (request.verb != "watch") continue;
    EXPECT_EQ(request.http.header("Accept-Encoding"), "") << "never asked for";
  }
}

// Row 23
TEST_F(WireMatrix, StopsAListThatIsMuchLargerThanItSeemed) {
  transport = *NewHttpTransport({.max_decoded_bytes = 16 << 20});
  HurriedTransport limited(*transport);
  source = *NewClusterSource(options, limited);
  Create("a");
  for (const std::uint64_t mebibytes : {20, 1024}) {
    server->Script({.verb = "list", .gzip_bomb_bytes = mebibytes << 20});
    ASSERT_TRUE(RunUntilState("unavailable"));
    EXPECT_LT(source->counters().bytes, 40u << 20);
    states.clear();
  }
  ASSERT_TRUE(RunUntilTold(1));
  EXPECT_EQ(told, Names{"a"});
  source.reset();
}

TEST_F(WireMatrix, TakesNoListForWholeThatIsShorterThanItsLength) {
  Create("a");
  server->Script({.verb = "list",
                  .headers = {{"Content-Length", "1000000"}},
                  .after_bytes = 100,
                  .then = FakeFault::kClose});
  ASSERT_TRUE(RunUntilState("unavailable"));
  RunUntilWatching();
  EXPECT_THAT(told, Contains("a"));
}

// Row 26
class WireMatrixTls : public WireMatrix {
 protected:
  using Authority = internal::Authority;

  static testing::LoopbackTls Pem(const internal::Identity& identity,
                                  const std::string& client_ca = "") {
    return {identity.certificate_pem, identity.key_pem, client_ca};
  }
  void ServeTls(const testing::LoopbackTls& tls) {
    Serve(testing::NewFakeApiServer({.tls = tls}));
  }
  // Why it does not come to watching.
  std::string Fault() {
    states.clear();
    EXPECT_TRUE(RunUntilState("unavailable")) << states.back();
    EXPECT_EQ(server->count(), 0) << "a request went to a stranger";
    return detail;
  }

  const Authority authority;
};

TEST_F(WireMatrixTls, NamesTheFaultOfACertificate) {
  ServeTls(Pem(Authority("other").Sign("IP:127.0.0.1")));
  options.cluster.tls.ca_pem = authority.pem();
  const std::string unknown = Fault();
  ASSERT_TRUE(server->loopback().SetTls(Pem(authority.Sign("DNS:kubernetes"))).ok());
  BeginAnew();
  const std::string wrong_name = Fault();
  EXPECT_THAT(unknown, HasSubstr("unable to get local issuer certificate"));
  EXPECT_THAT(wrong_name, HasSubstr("matches target host name '127.0.0.1'"));
}

TEST_F(WireMatrixTls, WatchesOnWhenTheServersCertificateIsReplaced) {
  ServeTls(Pem(authority.Sign("IP:127.0.0.1")));
  options.cluster.tls.ca_pem = authority.pem();
  RunUntilWatching();
  ASSERT_TRUE(server->loopback().SetTls(Pem(authority.Sign("IP:127.0.0.1"))).ok());
  server->loopback().ResetConnections();
  Create("a");
  ASSERT_TRUE(RunUntilTold(1));
  EXPECT_EQ(told, Names{"a"});
}

TEST_F(WireMatrixTls, ReadsAnAuthorityAgainThatWasReplacedOnDisk) {
  const std::string path = ::testing::TempDir() + "k8sentry_wire_ca.pem";
  std::ofstream(path) << authority.pem();
  ServeTls(Pem(authority.Sign("IP:127.0.0.1")));
  options.cluster.tls.ca_file = path;
  RunUntilWatching();
  const Authority next("kubernetes");
  ASSERT_TRUE(server->loopback().SetTls(Pem(next.Sign("IP:127.0.0.1"))).ok());
  server->loopback().ResetConnections();
  Create("a");
  ASSERT_TRUE(RunUntilState("unavailable"));
  RunFor(seconds(5));
  EXPECT_THAT(told, IsEmpty());
  std::ofstream(path) << next.pem();
  ASSERT_TRUE(RunUntilTold(1)) << detail;
}

TEST_F(WireMatrixTls, ShowsTheCertificateThatTheServerWants) {
  ServeTls(Pem(authority.Sign("IP:127.0.0.1"), authority.pem()));
  options.cluster.tls.ca_pem = authority.pem();
  EXPECT_NE(Fault(), "");
  BeginAnew();
  const internal::Identity mine = authority.Sign("DNS:k8sentry");
  options.cluster.tls.certificate_pem = mine.certificate_pem;
  options.cluster.tls.key_pem = Secret(mine.key_pem);
  RunUntilWatching();
}

// Row 29
TEST_F(WireMatrix, SaysWhatItsProxySays) {
  const auto proxy = *testing::NewLoopbackServer([](const testing::LoopbackRequest&) {
    return testing::LoopbackResponse{.status = 407, .body = "who are you"};
  });
  options.cluster.server = "https://127.0.0.1:1";
  options.cluster.proxy = proxy->url();
  ASSERT_TRUE(RunUntilState("unavailable"));
  EXPECT_THAT(detail, HasSubstr("407"));
  EXPECT_EQ(proxy->requests().at(0).method, "CONNECT");
}

// Row 30
TEST_F(WireMatrix, PassesOverFramesThatCannotBeRead) {
  const std::string table = R"({"type":"ADDED","object":{"kind":"Table"}})";
  const std::string status = R"({"type":"ADDED","object":{"kind":"Status"}})";
  server->Script({.verb = "watch",
                  .after_frames = 1,
                  .lines = {"nonsense", "", "{\"type\":\"NEW\",\"object\":{}}", table,
                            status, "\xef\xbb\xbf{}", "{\"type\":\"ADDED\"",
                            std::string(5 << 20, 'x'), "\r"}});
  RunUntilWatching();
  Create("a");
  Create("b");
  ASSERT_TRUE(RunUntilTold(2));
  Create("c");
  ASSERT_TRUE(RunUntilTold(3));
  EXPECT_EQ(told, (Names{"a", "b", "c"}));
  EXPECT_GE(source->counters().malformed, 6u);
  EXPECT_EQ(lists(), 1);
}

// Row 31
TEST_F(WireMatrix, PassesOverAStormOfDeletedEvents) {
  for (int i = 0; i < 1000; ++i) Create("e" + std::to_string(i));
  RunUntilWatching();
  ASSERT_TRUE(RunUntilTold(1000));
  std::uint64_t last = 0;
  for (int i = 0; i < 1000; ++i)
    last = server->Delete(kEvents, "e" + std::to_string(i));
  ASSERT_TRUE(Run([&] { return source->counters().deleted == 1000; }));
  server->EndWatches();
  RunUntilWatching();
  EXPECT_EQ(Asked().back(), "watch " + std::to_string(last));
  EXPECT_EQ(told.size(), 1000u);
}

// Row 32
TEST_F(WireMatrix, LosesNothingInAStormWhileItsHostIsSlow) {
  constexpr int kStorm = 10000;
  RunUntilWatching();
  Names created;
  for (int i = 0; i < kStorm; ++i) {
    created.push_back("e" + std::to_string(i));
    Create(created.back(), R"(,"annotations":{"a":")" + std::string(500, 'x') + "\"}");
  }
  // The network brings what it can, and the host takes one batch.
  for (int i = 0; i < 20; ++i) {
    for (int j = 0; j < 10; ++j) transport->Poll(std::chrono::steady_clock::now());
    for (const Event& event : source->Poll(Present()).events) {
      told.emplace_back(event.name);
    }
    EXPECT_LT(source->counters().bytes, 4u << 20) << "it is not held back";
  }
  EXPECT_LT(told.size(), 2000u);
  ASSERT_TRUE(RunUntilTold(kStorm));
  EXPECT_EQ(told, created);
}

// Row 33
TEST_F(WireMatrix, DropsWhatAProxyPlaysAgainOrOutOfOrder) {
  const auto frame = [&](const std::string& name, const std::string& version) {
    return R"({"type":"ADDED","object":)" +
           EventObject(name, R"(,"uid":")" + name + R"(","resourceVersion":")" +
                                 version + "\"") +
           "}";
  };
  server->Script({.verb = "watch",
                  .lines = {frame("x", "101"), frame("x", "101"), frame("y", "100"),
                            frame("z", "102")}});
  RunUntilWatching();
  ASSERT_TRUE(RunUntilTold(2));
  ASSERT_TRUE(Run([&] { return stale.size() == 2; }));
  EXPECT_EQ(told, (Names{"x", "z"}));
  EXPECT_EQ(stale, (Names{"x", "y"}));
}

// Row 34
TEST_F(WireMatrix, TakesEventsWithOddTimes) {
  for (const char* time : {"null", "\"\"", "\"1970-01-01T00:00:00Z\"",
                           "\"9999-12-31T23:59:59Z\"", "\"yesterday\"", "7"}) {
    BeginAnew();
    RunUntilWatching();
    told.clear();
    server->Create(kEvents,
                   R"({"metadata":{"name":"odd"},"involvedObject":{"kind":"Pod"},)"
                   R"("reason":"R","firstTimestamp":null,"eventTime":)" +
                       std::string(time) + R"(,"lastTimestamp":)" + time + "}");
    ASSERT_TRUE(RunUntilTold(1)) << time;
    EXPECT_EQ(told, Names{"odd"}) << time;
    server->Delete(kEvents, "odd");
  }
}

// Row 35
TEST_F(WireMatrix, TellsAnEventOfTheSameNameThatCameAnew) {
  RunUntilWatching();
  Create("a");
  server->Delete(kEvents, "a");
  Create("a");
  ASSERT_TRUE(RunUntilTold(2));
  EXPECT_EQ(source->counters().deleted, 1u);
}

}  // namespace
}  // namespace k8sentry
