// Whether a request that failed may have arrived, and who repeats it.
#include "exchange.h"

namespace k8sentry {
namespace {

HttpRequest Post(const std::string& url, HttpRepeat repeat, std::size_t bytes = 100) {
  return {
      .method = "POST", .url = url, .body = std::string(bytes, 'x'), .repeat = repeat};
}

TEST(HttpTransportRepeat, SaysThatTheWholeBodyWentOut) {
  for (const HttpRepeat repeat :
       {HttpRepeat::kIfConnectionWasStale, HttpRepeat::kNever}) {
    const auto server = ServeAlways({.body = "hello", .reset_after_bytes = 0});
    const auto transport = Transport();
    NotedResponse response;
    ASSERT_TRUE(transport->Start(Post(server->url(), repeat), response).ok());
    ASSERT_TRUE(RunUntilDone(*transport, response));
    EXPECT_EQ(response.code(), StatusCode::kUnavailable);
    EXPECT_EQ(response.sents, 1);
    EXPECT_EQ(server->requests()[0].body, std::string(100, 'x'));
  }
}

TEST(HttpTransportRepeat, SaysNothingWhenNotAllOfItWent) {
  // A port where nobody listens.
  std::string url;
  {
    const auto server = ServeAlways({});
    url = server->url();
  }
  // And one that takes the connection, but not the 64 MiB.
  const auto frozen = ServeAlways({});
  frozen->Freeze();
  for (const HttpRepeat repeat :
       {HttpRepeat::kIfConnectionWasStale, HttpRepeat::kNever}) {
    const auto transport = Transport();
    NotedResponse refused, stalled;
    ASSERT_TRUE(transport->Start(Post(url, repeat), refused).ok());
    HttpRequest large = Post(frozen->url(), repeat, 64 << 20);
    large.deadline = std::chrono::milliseconds(200);
    ASSERT_TRUE(transport->Start(std::move(large), stalled).ok());
    ASSERT_TRUE(RunUntil(*transport, [&] { return refused.done() && stalled.done(); }));
    EXPECT_EQ(refused.code(), StatusCode::kUnavailable);
    EXPECT_EQ(stalled.code(), StatusCode::kDeadlineExceeded);
    EXPECT_EQ(refused.sents + stalled.sents, 0);
  }
}

// The server takes the second request on the connection that it kept, and dies.
std::size_t RequestsWhenAKeptConnectionDies(HttpRepeat repeat, NotedResponse& last) {
  std::size_t count = 0;
  const auto server = Serve([&count](const testing::LoopbackRequest&) {
    testing::LoopbackResponse response = {.body = "ok"};
    if (++count == 2) response.reset_after_bytes = 0;
    return response;
  });
  const auto transport = Transport();
  NotedResponse first;
  EXPECT_TRUE(transport->Start(Post(server->url(), repeat), first).ok());
  EXPECT_TRUE(RunUntilDone(*transport, first));
  EXPECT_EQ(first.body, "ok");
  EXPECT_TRUE(transport->Start(Post(server->url(), repeat), last).ok());
  EXPECT_TRUE(RunUntilDone(*transport, last));
  const auto requests = server->requests();
  EXPECT_EQ(requests[0].connection, requests[1].connection);
  return requests.size();
}

TEST(HttpTransportRepeat, SendsAgainByItselfWhenAKeptConnectionDies) {
  NotedResponse last;
  EXPECT_EQ(RequestsWhenAKeptConnectionDies(HttpRepeat::kIfConnectionWasStale, last),
            3u);
  EXPECT_EQ(last.code(), StatusCode::kOk);
}

TEST(HttpTransportRepeat, LeavesThatToTheCallerWhenToldSo) {
  NotedResponse last;
  EXPECT_EQ(RequestsWhenAKeptConnectionDies(HttpRepeat::kNever, last), 2u);
  EXPECT_EQ(last.code(), StatusCode::kUnavailable);
  EXPECT_EQ(last.sents, 1);
}

TEST(HttpTransportRepeat, MayBeCancelledFromOnSent) {
  const auto server = ServeAlways({.body = "ok"});
  const auto transport = Transport();
  NotedResponse response;
  const auto id = transport->Start(Post(server->url(), HttpRepeat::kNever), response);
  response.on_sent = [&] { transport->Cancel(*id); };
  ASSERT_TRUE(RunUntil(*transport, [&] { return response.sents == 1; }));
  transport->Poll({});
  EXPECT_EQ(response.ends, 0);
}

}  // namespace
}  // namespace k8sentry
