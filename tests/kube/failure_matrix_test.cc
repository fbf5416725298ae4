// Row by row, what a watch must survive (kubernetes client research, section 7; rows
// that need a real cluster, a credential plugin or HTTP/2 are tested elsewhere or
// later).
#include <fstream>

#include "scripted_cluster.h"

namespace k8sentry::internal {
namespace {

class FailureMatrix : public ScriptedCluster {
 protected:
  // Lists one old item and leaves the source just before its first watch.
  void ListOnce() { http.Answer(List("100", {EventObject("a", "50")})); }
};

// Row 1
TEST_F(FailureMatrix, WatchesOnAtOnceWhenAWatchsTimeIsOver) {
  ListOnce();
  http.Answer(Stream({Added("b", "101"), Added("c", "102")}));
  http.Answer(OpenStream({Added("d", "103")}));
  Run();
  EXPECT_EQ(Asked(), (Lines{"list limit=500", "watch resourceVersion=100",
                            "watch resourceVersion=102"}));
  EXPECT_EQ(told, (Lines{"a@50", "b@101", "c@102", "d@103"}));
  EXPECT_EQ(states, (Lines{"listing", "watching"}));
}

TEST_F(FailureMatrix, WatchesOnAtOnceAfterAQuietWatchThatLasted) {
  ListOnce();
  Run();
  Pass(seconds(280));
  http.End(last_id());
  Run();
  EXPECT_EQ(Asked(), (Lines{"list limit=500", "watch resourceVersion=100",
                            "watch resourceVersion=100"}));
}

// Row 2
TEST_F(FailureMatrix, SlowsDownWhenWatchesEndAsSoonAsTheyBegin) {
  ListOnce();
  for (int i = 0; i < 200; ++i) http.Answer(i % 4 == 3 ? List("100") : Stream({}));
  Run();
  const SteadyTime end = now.steady + minutes(10);
  while (now.steady < end) PassBackoff();
  const Lines asked = Asked();
  EXPECT_LT(asked.size(), 100u) << "more than ten requests a minute";
  EXPECT_EQ(asked[1], "watch resourceVersion=100");
  EXPECT_EQ(asked[2], "watch resourceVersion=100");
  EXPECT_EQ(asked[3], "watch resourceVersion=100");
  EXPECT_EQ(asked[4], "list limit=1") << "the third in a row makes it list again";
  EXPECT_EQ(told, Lines{"a@50"});
}

// Row 3
TEST_F(FailureMatrix, LosesNothingAndRepeatsNothingWhereverAStreamIsCut) {
  const std::string frame = Added("b", "101");
  for (std::size_t cut = 0; cut <= frame.size(); ++cut) {
    source.reset();
    told.clear();
    stale.clear();
    Asked();
    ListOnce();
    http.Answer(CutStream({frame.substr(0, cut)}));
    http.Answer(List("102"));                    // is it still the same storage?
    const bool whole = cut >= frame.size() - 1;  // but for its line feed
    http.Answer(OpenStream({whole ? Added("c", "102") : frame + Added("c", "102")}));
    Run();
    PassBackoff();
    EXPECT_EQ(told, (Lines{"a@50", "b@101", "c@102"})) << cut;
    EXPECT_EQ(stale, Lines{}) << cut;
    EXPECT_EQ(
        Asked(),
        (Lines{"list limit=500", "watch resourceVersion=100", "list limit=1",
               whole ? "watch resourceVersion=101" : "watch resourceVersion=100"}))
        << cut;
    EXPECT_EQ(source->counters().malformed, 0u) << cut;
  }
}

// Row 4
TEST_F(FailureMatrix, ResumesAtItsMarkWhenTheServerComesBack) {
  ListOnce();
  http.Answer(CutStream({Added("b", "101")}));
  for (int i = 0; i < 3; ++i) http.Answer(Refused());
  http.Answer(List("105", {EventObject("a", "50")}));  // the probe
  http.Answer(OpenStream({Added("c", "102")}));
  Run();
  for (int i = 0; i < 4; ++i) PassBackoff();
  EXPECT_EQ(Asked(), (Lines{"list limit=500", "watch resourceVersion=100",
                            "list limit=1", "list limit=1", "list limit=1",
                            "list limit=1", "watch resourceVersion=101"}));
  EXPECT_EQ(told, (Lines{"a@50", "b@101", "c@102"}));
  EXPECT_EQ(states, (Lines{"listing", "watching", "unavailable", "watching"}));
  EXPECT_EQ(source->counters().events, 3u) << "a probe's item is no frame";
}

// Row 5
TEST_F(FailureMatrix, WaitsAsLongAsAServerThatShutsDownAsksFor) {
  ListOnce();
  http.Answer(Stream({Added("b", "101")}));
  http.Answer(Denied(429, "TooManyRequests", {{"Retry-After", "5"}}));
  http.Answer(OpenStream({Added("c", "102")}));
  Run();
  EXPECT_EQ(states.back(), "unavailable");
  const Duration wait = PassBackoff();
  EXPECT_GE(wait, seconds(5));
  EXPECT_LE(wait, seconds(6));
  EXPECT_EQ(Asked(-1), "watch resourceVersion=101");
  EXPECT_EQ(told.back(), "c@102");
  EXPECT_EQ(states.back(), "watching");
}

// Row 6
TEST_F(FailureMatrix, BacksOffWithFullJitterUpTo30SecondsAndSaysSoOnce) {
  for (int i = 0; i < 40; ++i) http.Answer(Refused());
  Run();
  Duration longest = {}, sum = {};
  for (int i = 0; i < 38; ++i) {
    const Duration wait = PassBackoff();
    EXPECT_LE(wait, i == 0   ? milliseconds(800)
                    : i == 1 ? milliseconds(1600)
                             : seconds(30));
    if (i >= 8) sum += wait;
    longest = std::max(longest, wait);
  }
  EXPECT_LE(longest, seconds(30));
  EXPECT_GT(longest, seconds(20));
  EXPECT_GT(sum / 30, seconds(8)) << "full jitter means 15 s on average";
  EXPECT_EQ(states, Lines{"unavailable"});
  EXPECT_EQ(detail, "connection refused");
}

TEST_F(FailureMatrix, SpreadsTheReturnOfManySources) {
  std::set<Duration> waits;
  for (seed = 1; seed <= 20; ++seed) {
    source.reset();
    http.Answer(Refused());
    http.Answer(Refused());
    Run();
    waits.insert(source->NextDeadline() - now.steady);
    PassBackoff();
  }
  EXPECT_EQ(waits.size(), 20u);
}

// Row 8
TEST_F(FailureMatrix, StartsAnotherWatchWhenTheServerForgetsToEndOne) {
  ListOnce();
  http.Answer({.body = {Added("b", "101")},
               .end = Status(StatusCode::kDeadlineExceeded, "timed out")});
  http.Answer(List("101"));
  http.Answer(OpenStream());
  Run();
  PassBackoff();
  EXPECT_EQ(Asked(-1), "watch resourceVersion=101");
  EXPECT_EQ(http.requests()[1].deadline.count() > 0, true);
}

// Row 10
TEST_F(FailureMatrix, ListsAgainAtOnceAfterGoneInTheStreamAndTellsNothingTwice) {
  ListOnce();
  http.Answer(Stream({Added("b", "101"), ErrorFrame(410, "Expired")}));
  http.Answer(List("200"));
  http.Answer(List("200", {EventObject("a", "50"), EventObject("b", "101")}, "next"));
  http.Answer(List("200", {EventObject("c", "150")}));
  http.Answer(OpenStream({Added("d", "201")}));
  Run();
  EXPECT_EQ(Asked(),
            (Lines{"list limit=500", "watch resourceVersion=100", "list limit=1",
                   "list limit=500", "list limit=500&continue=next",
                   "watch resourceVersion=200"}));
  EXPECT_EQ(told, (Lines{"a@50", "b@101", "c@150", "d@201"}));
  EXPECT_EQ(stale, (Lines{"a@50", "b@101"}));
  EXPECT_EQ(states, (Lines{"listing", "watching", "relisting", "watching"}));
}

TEST_F(FailureMatrix, KeepsItsMarkUntilTheLastPageWasHandedOut) {
  ListOnce();
  http.Answer(Stream({ErrorFrame(410, "Expired")}));
  http.Answer(List("200"));
  http.Answer(List("200", {EventObject("b", "150")}, "next"));
  http.Answer(CutStream({R"({"metadata":{"resourceVersion":"200"},"items":[)" +
                         EventObject("c", "160")}));
  http.Answer(List("201", {EventObject("c", "160"), EventObject("d", "170")}));
  Run();
  PassBackoff();
  EXPECT_EQ(Asked(-2), "list limit=500&continue=next") << "the page that was cut";
  EXPECT_EQ(Asked(-1), "watch resourceVersion=201");
  EXPECT_EQ(told, (Lines{"a@50", "b@150", "c@160", "c@160", "d@170"}))
      << "the pipeline drops the second of the same version";
}

TEST_F(FailureMatrix, EndsAWatchThatGoesOnAfterAnError) {
  ListOnce();
  http.Answer(OpenStream({ErrorFrame(410, "Expired")}));
  http.Answer(List("200"));
  http.Answer(List("200"));
  Run();
  EXPECT_EQ(http.cancelled().size(), 1u);
  EXPECT_EQ(Asked(-1), "watch resourceVersion=200");
}

// Row 11
TEST_F(FailureMatrix, ListsAgainAfterHttp410OnAWatch) {
  ListOnce();
  http.Answer(Denied(410, "Gone"));
  http.Answer(List("200"));
  http.Answer(List("200", {EventObject("a", "50"), EventObject("b", "150")}));
  Run();
  EXPECT_EQ(told, (Lines{"a@50", "b@150"}));
  EXPECT_EQ(stale, Lines{"a@50"});
  EXPECT_EQ(states, (Lines{"listing", "watching", "relisting", "watching"}));
}

// Row 12
TEST_F(FailureMatrix, BeginsAListAgainWhenItsTokenExpiresAndAtLastTakesItWhole) {
  const auto first_page = [&](const std::string& version) {
    http.Answer(List(version, {EventObject("a", "50")}, "t" + version));
    http.Answer(Denied(410, "Expired"));
  };
  first_page("100");
  first_page("101");
  first_page("102");
  http.Answer(List("103", {EventObject("a", "50"), EventObject("b", "60")}));
  Run();
  EXPECT_EQ(Asked(), (Lines{"list limit=500", "list limit=500&continue=t100",
                            "list limit=500", "list limit=500&continue=t101",
                            "list limit=500", "list limit=500&continue=t102", "list ",
                            "watch resourceVersion=103"}));
  EXPECT_EQ(told.back(), "b@60");
}

TEST_F(FailureMatrix, GoesRoundInNoCircleWhenPagesRepeatOrTokensNeverHold) {
  for (int i = 0; i < 20; ++i) http.Answer(List("100", {}, "same"));
  Run();
  EXPECT_EQ(http.requests().size(), 2u);
  EXPECT_EQ(states.back(), "unavailable");
  source.reset();
  testing::FakeHttpTransport never([](const HttpRequest& request) {
    const bool first = request.url.find("continue=") == request.url.npos;
    return first ? List("100", {}, "token") : Denied(410, "Expired");
  });
  ClusterSource other(options, never, NullLogger(), 1);
  for (int i = 0; i < 100; ++i) {
    other.Poll(now);
    never.Poll(now.steady);
  }
  EXPECT_EQ(never.requests().size(), 8u) << "three times in pages, once whole";
  EXPECT_GT(other.NextDeadline(), now.steady);
}

// Row 13
TEST_F(FailureMatrix, SlowsDownWhenEveryWatchIsGone) {
  ListOnce();
  for (int i = 0; i < 300; ++i) {
    http.Answer(Stream({ErrorFrame(410, "Expired")}));
    http.Answer(List("100"));
    http.Answer(List("100", {EventObject("a", "50")}));
  }
  Run();
  const SteadyTime end = now.steady + minutes(10);
  while (now.steady < end) PassBackoff();
  EXPECT_LT(http.requests().size(), 200u);
  EXPECT_EQ(told, Lines{"a@50"});
}

// Row 14
TEST_F(FailureMatrix, ReadsAllAnewWhenTheStorageIsOlderThanItsMark) {
  ListOnce();
  http.Answer(CutStream({Added("b", "101")}));
  http.Answer(Refused());
  http.Answer(List("9"));  // the probe: etcd was restored
  http.Answer(List("9", {EventObject("x", "4"), EventObject("old", "5", minutes(30))}));
  http.Answer(OpenStream({Added("y", "10")}));
  Run();
  PassBackoff();
  PassBackoff();
  EXPECT_EQ(Asked(),
            (Lines{"list limit=500", "watch resourceVersion=100", "list limit=1",
                   "list limit=1", "list limit=500", "watch resourceVersion=9"}));
  EXPECT_EQ(told, (Lines{"a@50", "b@101", "x@4", "y@10"}));
  EXPECT_EQ(stale, Lines{"old@5"});
}

// Row 15
TEST_F(FailureMatrix, HonoursRetryAfterInEveryFormWithinReason) {
  struct Case {
    std::string value;
    Duration least, most;
  };
  const std::vector<Case> cases = {
      {"1", seconds(1), milliseconds(1100)},
      {"60", seconds(60), seconds(66)},
      {"86400", minutes(5), milliseconds(330000)},
      {"Sat, 21 Nov 2026 04:00:20 GMT", seconds(20), seconds(22)},
      {"0", seconds(0), milliseconds(800)},
      {"-5", seconds(0), milliseconds(800)},
      {"soon", seconds(0), milliseconds(800)},
      {"", seconds(0), milliseconds(800)},
  };
  for (const Case& c : cases) {
    source.reset();
    http.Answer({.status = 429,
                 .headers = {{"Retry-After", c.value}, {"Content-Type", "text/plain"}},
                 .body = {"Too many requests, please try again later.\n"}});
    Run();
    const Duration wait = source->NextDeadline() - now.steady;
    EXPECT_GE(wait, c.least) << c.value;
    EXPECT_LE(wait, c.most) << c.value;
    EXPECT_EQ(detail, "HTTP 429: Too many requests, please try again later.");
  }
}

// Row 16
TEST_F(FailureMatrix, ResumesAtItsMarkAfterAnErrorInTheStreamThatIsNot410) {
  for (const int code : {429, 500, 504}) {
    source.reset();
    Asked();
    ListOnce();
    http.Answer(Stream(
        {Added("b", "101"), ErrorFrame(code, "Busy", R"({"retryAfterSeconds":7})")}));
    http.Answer(OpenStream());
    Run();
    const Duration wait = PassBackoff();
    EXPECT_GE(wait, seconds(7));
    EXPECT_LE(wait, seconds(8));
    EXPECT_EQ(Asked(), (Lines{"list limit=500", "watch resourceVersion=100",
                              "watch resourceVersion=101"}));
  }
}

// Row 17
TEST_F(FailureMatrix, SurvivesServerErrorsWithBodiesThatAreNoStatus) {
  const std::string page = "<html>\x1b[2J" + std::string(100000, 'x');
  for (const int code : {500, 502, 503, 504}) {
    source.reset();
    states.clear();
    http.Answer({.status = code, .body = {page, page}});
    ListOnce();
    Run();
    EXPECT_EQ(states, Lines{"unavailable"});
    EXPECT_LT(detail.size(), 400u);
    PassBackoff();
    EXPECT_EQ(states.back(), "watching");
  }
}

TEST_F(FailureMatrix, TakesNoPageOfAProxyForAList) {
  http.Answer({.body = {"<html>Please log in</html>"}});
  http.Answer({.body = {R"({"kind":"Status","status":"Success"})"}});
  http.Answer({.body = {""}});
  http.Answer(Stream({Deleted("b", "7")}));
  ListOnce();
  Run();
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(states, Lines({"listing", "unavailable"}));
    PassBackoff();
    states.resize(2);
  }
  EXPECT_EQ(told, Lines{"a@50"});
}

// Row 18
TEST_F(FailureMatrix, ReadsItsTokenAgainAfter401AndTriesOnceAtOnce) {
  const std::string path = ::testing::TempDir() + "k8sentry_failure_matrix_token";
  std::ofstream(path) << "old\n";
  options.cluster.token_file = path;
  ListOnce();
  http.Answer(Stream({Added("b", "101")}));
  Run();
  std::ofstream(path) << "new\n";
  http.Answer(Denied(401, "Unauthorized"));
  http.Answer(OpenStream());
  Pass(seconds(280));
  http.End(last_id());
  Run();
  const auto& requests = http.requests();
  EXPECT_EQ(requests[1].auth_header_value.Reveal(), "Bearer old");
  EXPECT_EQ(requests.back().auth_header_value.Reveal(), "Bearer new");
  EXPECT_EQ(Asked(-1), "watch resourceVersion=101");
  EXPECT_EQ(states, (Lines{"listing", "watching"})) << "nobody needs to know";
}

TEST_F(FailureMatrix, KeepsTheLastGoodTokenWhileTheFileIsReplaced) {
  const std::string path = ::testing::TempDir() + "k8sentry_failure_matrix_swap";
  std::ofstream(path) << "good";
  options.cluster.token_file = path;
  Credential credential(options.cluster);
  const auto token_after = [&](Duration duration) {
    EXPECT_TRUE(credential.Prepare({now.steady + duration, now.wall}).ok());
    return credential.authorization().Reveal();
  };
  EXPECT_EQ(token_after({}), "Bearer good");
  for (const char* text : {"", "\n", "a\nb"}) {
    std::ofstream(path) << text;
    EXPECT_EQ(token_after({}), "Bearer good");
  }
  std::remove(path.c_str());
  EXPECT_EQ(token_after({}), "Bearer good");
  EXPECT_EQ(credential.failures(), 4u);
  std::ofstream(path) << "next";
  EXPECT_EQ(token_after({}), "Bearer next") << "at once, for it has changed";
}

TEST_F(FailureMatrix, SaysUnauthorizedOnceAndBacksOff) {
  for (int i = 0; i < 20; ++i) http.Answer(Denied(401, "Unauthorized"));
  Run();
  EXPECT_EQ(http.requests().size(), 2u) << "once more at once, no oftener";
  for (int i = 0; i < 10; ++i) PassBackoff();
  EXPECT_EQ(http.requests().size(), 12u);
  EXPECT_EQ(states, Lines{"unauthorized"});
}

// Row 19
TEST_F(FailureMatrix, NamesTheMissingRuleAndTriesSlowly) {
  http.Answer(Denied(403, "Forbidden"));
  ListOnce();
  Run();
  EXPECT_EQ(states, Lines{"forbidden"});
  EXPECT_EQ(detail,
            "HTTP 403: it says Forbidden; needed is a role with apiGroups [\"\"], "
            "resources [events], verbs [list, watch]");
  const Duration wait = PassBackoff();
  EXPECT_GE(wait, seconds(30));
  EXPECT_LE(wait, seconds(66));
  EXPECT_EQ(states, (Lines{"forbidden", "listing", "watching"}));
}

TEST_F(FailureMatrix, TakesARefusalForAServersStartWhenThatServerHadLetUsIn) {
  ListOnce();
  http.Answer(CutStream({Added("b", "101")}));
  http.Answer(List("101"));  // the probe
  for (int i = 0; i < 3; ++i) http.Answer(Denied(403, "Forbidden"));
  http.Answer(OpenStream({Added("c", "102")}));
  Run();
  const SteadyTime cut = now.steady;
  for (int i = 0; i < 4; ++i) PassBackoff();
  EXPECT_LT(now.steady - cut, seconds(20));
  EXPECT_EQ(told.back(), "c@102");
  EXPECT_EQ(states, (Lines{"listing", "watching", "unavailable", "watching"}));
  http.End(last_id(), Status(StatusCode::kUnavailable, "reset"));
  http.Answer(List("102"));
  for (int i = 0; i < 4; ++i) http.Answer(Denied(403, "Forbidden"));
  Run();
  for (int i = 0; i < 4; ++i) PassBackoff();
  EXPECT_EQ(states.back(), "forbidden") << "but not for ever";
}

TEST_F(FailureMatrix, LetsOneForbiddenNamespaceDisturbNoOther) {
  options.namespaces = {"mine", "theirs"};
  http.Answer(List("100", {EventObject("a", "50")}));
  http.Answer(Denied(403, "Forbidden"));
  http.Answer(OpenStream({Added("b", "101")}));
  Run();
  EXPECT_EQ(told, (Lines{"a@50", "b@101"}));
  EXPECT_NE(std::find(states.begin(), states.end(), "forbidden"), states.end());
}

// Row 20
TEST_F(FailureMatrix, BacksOffWhenTheServerIsNoApiServer) {
  for (int i = 0; i < 5; ++i) {
    http.Answer({.status = 404, .body = {"404 page not found\n"}});
  }
  Run();
  for (int i = 0; i < 4; ++i) PassBackoff();
  EXPECT_EQ(states, Lines{"unavailable"});
  EXPECT_EQ(detail, "HTTP 404: 404 page not found");
}

// Row 22
TEST_F(FailureMatrix, TakesNoCompressedWatch) {
  ListOnce();
  http.Answer({.headers = {{"Content-Encoding", "gzip"}},
               .body = {"\x1f\x8b"},
               .stay_open = true});
  http.Answer(List("101"));
  http.Answer(OpenStream({Added("b", "101")}));
  Run();
  EXPECT_EQ(states.back(), "unavailable");
  EXPECT_EQ(http.cancelled().size(), 1u);
  PassBackoff();
  EXPECT_EQ(told, (Lines{"a@50", "b@101"}));
}

TEST_F(FailureMatrix, SlowsDownWhenWatchesBringNothingNew) {
  testing::FakeHttpTransport proxy([](const HttpRequest& request) {
    const bool watch = request.url.find("watch=1") != request.url.npos;
    return watch ? Stream({Added("a", "50"), "<html>log in</html>\n"}) : List("100");
  });
  ClusterSource other(options, proxy, NullLogger(), 1);
  for (const SteadyTime end = now.steady + minutes(10); now.steady < end;) {
    while (other.Poll(now).state == SourceState::kEvents) continue;
    proxy.Poll(now.steady);
    const SteadyTime next = other.NextDeadline();
    if (!other.ready() && next != SteadyTime::max()) {
      now.steady = std::max(now.steady, next);
    }
  }
  EXPECT_LT(proxy.requests().size(), 120u);
}

// Row 23
TEST_F(FailureMatrix, HoldsNoMoreThanAPieceOfAListThatNeverEnds) {
  std::vector<std::string> spaces(64, std::string(1 << 20, ' '));
  http.Answer(
      {.body = spaces, .end = Status(StatusCode::kDeadlineExceeded, "timed out")});
  ListOnce();
  Run();
  EXPECT_EQ(states.back(), "unavailable");
  PassBackoff();
  EXPECT_EQ(told, Lines{"a@50"});
}

// Row 30
TEST_F(FailureMatrix, PassesOverFramesThatCannotBeRead) {
  ListOnce();
  http.Answer(OpenStream({Added("b", "101"), "nonsense\n", "{\"type\":\"NEW\"}\n", "\n",
                          R"({"type":"ADDED","object":{"kind":"Table"}})"
                          "\n",
                          Added("c", "102")}));
  Run();
  EXPECT_EQ(told, (Lines{"a@50", "b@101", "c@102"}));
  EXPECT_EQ(source->counters().malformed, 3u);
  EXPECT_FALSE(source->malformed_sample().empty());
}

// Row 33
TEST_F(FailureMatrix, ComparesVersionsThatAreNoNumbersForEqualityOnly) {
  http.Answer(List("abc"));
  http.Answer(Stream({Added("a", "abc"), Added("b", "abb"), Added("c", "abd")}));
  Run();
  EXPECT_EQ(told, (Lines{"b@abb", "c@abd"}));
  EXPECT_EQ(stale, Lines{"a@abc"});
  EXPECT_EQ(Asked(-1), "watch resourceVersion=abd");
}

// Row 21
TEST_F(FailureMatrix, AsksForNothingThatAnOldServerRefuses) {
  ListOnce();
  http.Answer(Stream({Added("b", "101"), ErrorFrame(410, "Expired")}));
  http.Answer(List("200"));
  http.Answer(List("200", {EventObject("c", "150")}));
  http.Answer(OpenStream());
  Run();
  EXPECT_EQ(http.requests().size(), 5u);
  for (const HttpRequest& request : http.requests()) {
    EXPECT_EQ(request.url.find("sendInitialEvents"), std::string::npos) << request.url;
    EXPECT_EQ(request.url.find("/apis/"), std::string::npos) << request.url;
  }
}

// Row 38
TEST_F(FailureMatrix, WaitsAsLongWhateverTheWallClockDoes) {
  std::vector<std::vector<Duration>> waits;
  for (const Duration jump : {Duration(), Duration(std::chrono::hours(1)),
                              Duration(-std::chrono::hours(1))}) {
    source.reset();
    for (int i = 0; i < 21; ++i) http.Answer(Refused());  // one for each request
    waits.emplace_back();
    Run();
    for (int i = 0; i < 20; ++i) {
      waits.back().push_back(PassBackoff());
      now.wall += std::chrono::duration_cast<std::chrono::microseconds>(jump);
    }
  }
  EXPECT_EQ(waits[1], waits[0]);
  EXPECT_EQ(waits[2], waits[0]);
}

}  // namespace
}  // namespace k8sentry::internal
