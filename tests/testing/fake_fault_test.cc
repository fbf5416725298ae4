// Each way to fail, as a client sees it.
#include "k8sentry/testing/fake_fault.h"

#include <gmock/gmock.h>
#include <zlib.h>

#include "tests/testing/api_client.h"

namespace k8sentry::testing {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr char kWatch[] = "/api/v1/events?watch=1&resourceVersion=1";

// The bytes of a gzip stream of any number of members, at most `limit`.
std::string Gunzip(const std::string& bytes, std::size_t limit = 1 << 20) {
  z_stream stream = {};
  EXPECT_EQ(inflateInit2(&stream, 15 + 16), Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  std::string out;
  while (stream.avail_in > 0 && out.size() < limit) {
    char piece[1 << 16];
    stream.next_out = reinterpret_cast<Bytef*>(piece);
    stream.avail_out = sizeof piece;
    const int state = inflate(&stream, Z_NO_FLUSH);
    out.append(piece, sizeof piece - stream.avail_out);
    if (state == Z_STREAM_END) inflateReset(&stream);
    if (state != Z_STREAM_END && state != Z_OK) break;
  }
  inflateEnd(&stream);
  return out;
}

class FakeFaultTest : public ApiClientTest {
 protected:
  void SetUp() override {
    ApiClientTest::SetUp();
    server->Create(kEvents, Named("a"));
    server->Create(kEvents, Named("b"));
  }
};

TEST_F(FakeFaultTest, MeetsTheRequestsItIsMadeForAndNoOthers) {
  server->Script({.verb = "list",
                  .path = "/api/v1/namespaces",
                  .skip = 1,
                  .times = 2,
                  .status = 503});
  EXPECT_EQ(Get("/api/v1/events")->head->status, 200) << "another path";
  EXPECT_EQ(Get("/api/v1/namespaces/shop/events/a")->head->status, 200) << "a get";
  EXPECT_EQ(Get(kEvents)->head->status, 200) << "skipped";
  EXPECT_EQ(Get(kEvents)->head->status, 503);
  EXPECT_EQ(Get(kEvents)->head->status, 503);
  EXPECT_EQ(Get(kEvents)->head->status, 200) << "twice only";
  server->Script({.times = FakeFault::kAlways, .status = 500});
  for (int i = 0; i < 3; ++i) EXPECT_EQ(Get("/readyz")->head->status, 500);
  server->ClearScript();
  EXPECT_EQ(Get("/readyz")->head->status, 200);
}

TEST_F(FakeFaultTest, AnswersWithWhatTheScriptSays) {
  server->Script({.status = 429,
                  .body = "later",
                  .headers = {{"Retry-After", "1"}, {"Content-Type", "text/plain"}}});
  const auto response = Get(kEvents);
  EXPECT_EQ(response->head->status, 429);
  EXPECT_EQ(response->head->header("Retry-After"), "1");
  EXPECT_EQ(response->body, "later");
  EXPECT_EQ(server->requests()[0].status, 429);
}

TEST_F(FakeFaultTest, CutsAWatchAtEveryByteOfTheFrameThatWasChosen) {
  const auto whole = Start(kWatch);
  ASSERT_TRUE(RunUntilIt(*whole, R"("name":"b")"));
  const std::size_t first = whole->body.find('\n') + 1;
  for (std::size_t cut = 0; first + cut <= whole->body.size(); cut += 7) {
    for (const auto then : {FakeFault::kReset, FakeFault::kClose}) {
      server->Script(
          {.verb = "watch", .after_frames = 1, .after_bytes = cut, .then = then});
      const auto response = Get(kWatch);
      EXPECT_EQ(response->code(), StatusCode::kUnavailable) << cut;
      EXPECT_EQ(response->body, whole->body.substr(0, first + cut)) << cut;
    }
  }
}

TEST_F(FakeFaultTest, EndsInGoodOrderTooEarly) {
  server->Script({.verb = "watch", .then = FakeFault::kEnd});
  const auto response = Get(kWatch);
  EXPECT_EQ(response->code(), StatusCode::kOk);
  EXPECT_EQ(response->body, "");
  server->Script({.verb = "list", .after_bytes = 10, .then = FakeFault::kEnd});
  EXPECT_EQ(Get(kEvents)->body, R"({"kind":"E)");
}

TEST_F(FakeFaultTest, SaysLinesBetweenTheFramesOfAWatch) {
  server->Script({.verb = "watch",
                  .after_frames = 1,
                  .lines = {"nonsense", ApiErrorFrame(ApiStatusJson(
                                            500, "InternalError", "it \"broke\""))},
                  .then = FakeFault::kEnd});
  EXPECT_THAT(
      Lines(Get(kWatch)->body),
      ElementsAre(HasSubstr(R"("name":"a")"), "nonsense",
                  R"({"type":"ERROR","object":{"kind":"Status","apiVersion":"v1",)"
                  R"("metadata":{},"status":"Failure","message":"it \"broke\"",)"
                  R"("reason":"InternalError","details":{},"code":500}})"));
  server->Script({.verb = "watch", .after_frames = 1, .lines = {"nonsense"}});
  const auto watch = Start(kWatch);
  ASSERT_TRUE(RunUntilIt(*watch, R"("name":"b")"));
  EXPECT_EQ(Lines(watch->body)[1], "nonsense");
}

TEST_F(FakeFaultTest, FallsSilentAndForgetsTheTimeLimit) {
  server->Script({.verb = "watch", .after_frames = 1, .then = FakeFault::kSilence});
  const auto response = Send({.url = server->url() + kWatch + "&timeoutSeconds=1",
                              .deadline = milliseconds(1300)});
  ASSERT_TRUE(RunUntilIt(*response, R"("name":"a")"));
  server->EndWatches();
  ASSERT_TRUE(RunUntilDone(*http, *response));
  EXPECT_EQ(response->code(), StatusCode::kDeadlineExceeded);
  EXPECT_EQ(Lines(response->body).size(), 1u);
}

TEST_F(FakeFaultTest, AnswersNothingAtAll) {
  server->Script({.verb = "list", .no_answer = true});
  const auto response =
      Send({.url = server->url() + kEvents, .deadline = milliseconds(100)});
  ASSERT_TRUE(RunUntilDone(*http, *response));
  EXPECT_EQ(response->code(), StatusCode::kDeadlineExceeded);
  EXPECT_FALSE(response->head.has_value());
  EXPECT_EQ(server->requests().back().status, 0);
}

TEST_F(FakeFaultTest, TakesNoByteMoreFromAConnection) {
  server->Script({.verb = "list", .stop_reading = true});
  EXPECT_EQ(Get(kEvents)->head->status, 200);
  // On the same connection, which nobody reads.
  const auto response =
      Send({.url = server->url() + kEvents, .deadline = milliseconds(100)});
  ASSERT_TRUE(RunUntilDone(*http, *response));
  EXPECT_EQ(response->code(), StatusCode::kDeadlineExceeded);
  EXPECT_EQ(server->count(), 1);
  EXPECT_EQ(Get(kEvents)->head->status, 200) << "another connection";
}

TEST_F(FakeFaultTest, DripsByteByByte) {
  server->Script({.verb = "list",
                  .after_bytes = 20,
                  .then = FakeFault::kEnd,
                  .drip = milliseconds(1)});
  const SteadyTime begin = std::chrono::steady_clock::now();
  const auto response = Get(kEvents);
  EXPECT_EQ(response->body.size(), 20u);
  EXPECT_GE(std::chrono::steady_clock::now() - begin, milliseconds(19));
  EXPECT_GT(response->pieces, 5) << "in one piece";
}

TEST_F(FakeFaultTest, CompressesEachFrameOfAWatchByItself) {
  server->Script(
      {.verb = "watch", .gzip = true, .after_frames = 2, .then = FakeFault::kEnd});
  const auto response = Get(kWatch);
  EXPECT_EQ(response->head->header("Content-Encoding"), "gzip");
  EXPECT_THAT(Lines(Gunzip(response->body)),
              ElementsAre(HasSubstr(R"("name":"a")"), HasSubstr(R"("name":"b")")));
}

TEST_F(FakeFaultTest, HidesMuchInLittle) {
  server->Script({.verb = "list", .gzip_bomb_bytes = 3 << 20});
  const auto response = Get(kEvents);
  EXPECT_LT(response->body.size(), 20000u);
  const std::string all = Gunzip(response->body, 8 << 20);
  EXPECT_EQ(all.find_first_not_of(' '), 3u << 20);
  EXPECT_THAT(all.substr(3 << 20), StartsWith(R"({"kind":"EventList")"));
  // The checksum is right: libcurl decodes it, too.
  server->Script({.verb = "list", .gzip_bomb_bytes = 3 << 20});
  const auto decoded = Send({.url = server->url() + kEvents, .accept_gzip = true});
  ASSERT_TRUE(RunUntilDone(*http, *decoded));
  EXPECT_EQ(decoded->code(), StatusCode::kOk);
  EXPECT_EQ(decoded->body, all);
}

TEST_F(FakeFaultTest, CompressesLargeListsForThoseWhoAskWithoutAnyScript) {
  server->Create(kEvents,
                 Named("large", R"(,"message":")" + std::string(200000, 'x') + '"'));
  EXPECT_EQ(Get(kEvents)->head->header("Content-Encoding"), "");
  const auto asked = Send({.url = server->url() + kEvents, .accept_gzip = true});
  ASSERT_TRUE(RunUntilDone(*http, *asked));
  EXPECT_EQ(asked->head->header("Content-Encoding"), "gzip");
  EXPECT_GT(asked->body.size(), 200000u);
}

TEST_F(FakeFaultTest, ClosesTheConnectionWhenItsHeaderSaysSo) {
  server->Script({.headers = {{"Connection", "close"}}});
  Get(kEvents);
  Get(kEvents);
  Get(kEvents);
  const auto requests = server->requests();
  EXPECT_NE(requests[0].http.connection, requests[1].http.connection);
  EXPECT_EQ(requests[1].http.connection, requests[2].http.connection);
}

TEST_F(FakeFaultTest, TellsALengthThatIsWrong) {
  server->Script({.verb = "list",
                  .headers = {{"Content-Length", "100000"}},
                  .after_bytes = 50,
                  .then = FakeFault::kClose});
  const auto response = Get(kEvents);
  EXPECT_EQ(response->code(), StatusCode::kUnavailable);
  EXPECT_EQ(response->body.size(), 50u);
}

TEST_F(FakeFaultTest, StandsStillWhileItIsFrozen) {
  const auto watch = Start(kWatch);
  ASSERT_TRUE(RunUntilIt(*watch, R"("name":"b")"));
  server->loopback().Freeze();
  server->Create(kEvents, Named("c"));
  const auto list =
      Send({.url = server->url() + kEvents, .deadline = milliseconds(100)});
  ASSERT_TRUE(RunUntilDone(*http, *list));
  EXPECT_EQ(list->code(), StatusCode::kDeadlineExceeded);
  EXPECT_EQ(Lines(watch->body).size(), 2u);
  server->loopback().Thaw();
  EXPECT_TRUE(RunUntilIt(*watch, R"("name":"c")"));
}

TEST_F(FakeFaultTest, DiesAndComesBackOnItsPortWithWhatItHeld) {
  const auto watch = Start(kWatch);
  ASSERT_TRUE(RunUntilIt(*watch, R"("name":"b")"));
  server->loopback().Kill();
  ASSERT_TRUE(RunUntilDone(*http, *watch));
  EXPECT_EQ(watch->code(), StatusCode::kUnavailable);
  const auto refused = Get(kEvents);
  EXPECT_EQ(refused->code(), StatusCode::kUnavailable);
  EXPECT_FALSE(refused->head.has_value());
  const std::uint64_t version = server->Create(kEvents, Named("c"));
  EXPECT_GT(version, 0u);
  ASSERT_TRUE(server->loopback().Restart().ok());
  EXPECT_THAT(Get(kEvents)->body, HasSubstr(R"("name":"c")"));
}

}  // namespace
}  // namespace k8sentry::testing
