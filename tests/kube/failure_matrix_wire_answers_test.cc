// The rows of the failure matrix in which the server says no, or something odd.
#include <ctime>
#include <fstream>

#include "wire_cluster.h"

namespace k8sentry {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Names = std::vector<std::string>;

class WireAnswers : public WireCluster {};

// Row 15
TEST_F(WireAnswers, HonoursRetryAfterInEveryForm) {
  struct Case {
    std::string value;
    Duration least, most;
  };
  options.watch.min_backoff = milliseconds(800);
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
TEST_F(WireAnswers, ResumesAtItsMarkAfterAnErrorInTheStreamThatIsNot410) {
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
TEST_F(WireAnswers, SurvivesServerErrorsWithBodiesThatAreNoStatus) {
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

TEST_F(WireAnswers, TakesNoLoginPageForAList) {
  server->Script({.verb = "list", .status = 200, .body = "<html>Please log in</html>"});
  ASSERT_TRUE(RunUntilState("unavailable"));
  RunUntilWatching();
  EXPECT_THAT(told, IsEmpty());
}

// Row 18
TEST_F(WireAnswers, TakesItsNewTokenWithoutAWordWhenTheOldOneIsRefused) {
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
  ASSERT_TRUE(Run([&] {
    return server->count("watch") > 1 && server->requests().back().status == 200;
  }));
  Create("b");
  ASSERT_TRUE(RunUntilTold(2));
  EXPECT_EQ(server->requests().back().http.header("Authorization"), "Bearer new");
  EXPECT_LE(server->count(), 4) << "at most one was refused";
  EXPECT_THAT(states, ElementsAre("listing", "watching")) << "nobody needs to know";
}

TEST_F(WireAnswers, SaysUnauthorizedAndComesBackWhenItIsAllowedTo) {
  server->Script({.times = 4,
                  .status = 401,
                  .body = testing::ApiStatusJson(401, "Unauthorized", "Unauthorized")});
  ASSERT_TRUE(RunUntilState("unauthorized"));
  EXPECT_EQ(server->count(), 2) << "once more at once";
  RunUntilWatching();
  EXPECT_THAT(states, ElementsAre("unauthorized", "listing", "watching"));
}

// Row 19
TEST_F(WireAnswers, NamesTheMissingRuleAndTriesSlowlyUntilItIsThere) {
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

TEST_F(WireAnswers, LetsOneForbiddenNamespaceDisturbNoOther) {
  options.namespaces = {"shop", "bank"};
  server->Forbid("/api/v1/namespaces/bank/events");
  ASSERT_TRUE(RunUntilAsked("watch", 1));
  Create("mine");
  ASSERT_TRUE(RunUntilTold(1));
  EXPECT_THAT(states, Contains("forbidden"));
}

// Row 20
TEST_F(WireAnswers, BacksOffWhenTheServerIsNoApiServer) {
  server->Script({.times = 3, .status = 404, .body = "404 page not found\n"});
  ASSERT_TRUE(RunUntilState("unavailable"));
  EXPECT_EQ(detail, "HTTP 404: 404 page not found");
  RunUntilWatching();
}

// Row 22
TEST_F(WireAnswers, TakesNoCompressedWatch) {
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
TEST_F(WireAnswers, StopsAListThatIsMuchLargerThanItSeemed) {
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

TEST_F(WireAnswers, TakesNoListForWholeThatIsShorterThanItsLength) {
  Create("a");
  server->Script({.verb = "list",
                  .headers = {{"Content-Length", "1000000"}},
                  .after_bytes = 100,
                  .then = FakeFault::kClose});
  ASSERT_TRUE(RunUntilState("unavailable"));
  RunUntilWatching();
  EXPECT_THAT(told, Contains("a"));
}

}  // namespace
}  // namespace k8sentry
