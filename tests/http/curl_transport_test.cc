#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <set>

#include "exchange.h"
#include "k8sentry/version.h"

namespace k8sentry {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::LoopbackRequest;
using testing::LoopbackResponse;

std::string Gzipped(std::string text) {
  std::string zipped(compressBound(text.size()) + 64, '\0');
  z_stream z = {};
  EXPECT_EQ(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  z.next_in = reinterpret_cast<Bytef*>(text.data());
  z.avail_in = static_cast<uInt>(text.size());
  z.next_out = reinterpret_cast<Bytef*>(zipped.data());
  z.avail_out = static_cast<uInt>(zipped.size());
  EXPECT_EQ(deflate(&z, Z_FINISH), Z_STREAM_END);
  zipped.resize(z.total_out);
  deflateEnd(&z);
  return zipped;
}

TEST(HttpTransport, GivesHeadBodyAndEndInThisOrder) {
  const auto server = ServeAlways(
      {.status = 207, .headers = {{"X-Two", "a"}, {"x-two", "b"}}, .body = "hello"});
  const auto transport = Transport();
  NotedResponse response;
  std::vector<std::string> order;
  response.on_body = [&] {
    order.push_back(response.head ? "head, body" : "body");
    return BodyFlow::kContinue;
  };
  response.on_done = [&] { order.push_back("done"); };
  ASSERT_TRUE(transport->Start({.url = server->url() + "/a?b=c"}, response).ok());
  EXPECT_FALSE(response.head) << "a handler ran before the first Poll";
  ASSERT_TRUE(RunUntilDone(*transport, response));
  EXPECT_EQ(order, (std::vector<std::string>{"head, body", "done"}));
  EXPECT_EQ(response.code(), StatusCode::kOk);
  EXPECT_EQ(response.head->status, 207);
  EXPECT_EQ(response.head->header("X-TWO"), "a");
  EXPECT_EQ(response.head->header("absent"), "");
  EXPECT_EQ(response.body, "hello");
  EXPECT_EQ(server->requests()[0].target, "/a?b=c");
}

TEST(HttpTransport, SendsWhatTheRequestSaysAndLittleElse) {
  const auto server = ServeAlways({});
  const auto transport = Transport();
  NotedResponse response;
  ASSERT_TRUE(transport
                  ->Start({.method = "POST",
                           .url = server->url(),
                           .headers = {{"Accept", "application/json"}, {"X-Empty", ""}},
                           .auth_header_name = "Authorization",
                           .auth_header_value = Secret("Bearer t"),
                           .body = std::string("a\0b", 3)},
                          response)
                  .ok());
  ASSERT_TRUE(RunUntilDone(*transport, response));
  const LoopbackRequest request = server->requests()[0];
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.body, std::string("a\0b", 3));
  EXPECT_EQ(request.header("Authorization"), "Bearer t");
  EXPECT_EQ(request.header("User-Agent"), "k8sentry/" + std::string(Version()));
  std::set<std::string> names;
  for (const HttpHeader& h : request.headers) names.insert(h.name);
  EXPECT_EQ(names, (std::set<std::string>{"Host", "User-Agent", "Accept", "X-Empty",
                                          "Authorization", "Content-Length"}));
}

TEST(HttpTransport, UsesEveryMethod) {
  const auto server = ServeAlways({});
  const auto transport = Transport();
  for (const std::string method : {"GET", "POST", "PUT", "PATCH", "DELETE"}) {
    NotedResponse response;
    const bool has_body = method != "GET" && method != "DELETE";
    ASSERT_TRUE(transport
                    ->Start({.method = method,
                             .url = server->url(),
                             .body = has_body ? "body" : ""},
                            response)
                    .ok());
    ASSERT_TRUE(RunUntilDone(*transport, response));
    EXPECT_EQ(server->requests().back().method, method);
    EXPECT_EQ(server->requests().back().body, has_body ? "body" : "");
  }
}

TEST(HttpTransport, StreamsABodyAsItArrives) {
  const auto server = ServeAlways({.chunks = {"one\n"}, .stay_open = true});
  const auto transport = Transport();
  NotedResponse watch;
  ASSERT_TRUE(
      transport->Start({.url = server->url(), .group = ConnectionGroup::kWatch}, watch)
          .ok());
  ASSERT_TRUE(RunUntil(*transport, [&] { return watch.body == "one\n"; }));
  server->SendOnOpen("two\n");
  ASSERT_TRUE(RunUntil(*transport, [&] { return watch.body == "one\ntwo\n"; }));
  EXPECT_FALSE(watch.done());
  server->Release();
  ASSERT_TRUE(RunUntilDone(*transport, watch));
  EXPECT_EQ(watch.code(), StatusCode::kOk);
}

TEST(HttpTransport, GivesNothingWhilePausedAndLosesNothing) {
  std::string expected;
  for (int i = 0; i < 400000; ++i) expected += std::to_string(i) + "\n";
  const auto server = ServeAlways({.body = expected});
  const auto transport = Transport();
  NotedResponse response;
  response.on_body = [] { return BodyFlow::kPause; };  // after every piece
  const auto id = transport->Start({.url = server->url()}, response);
  ASSERT_TRUE(id.ok());
  int resumed = 0;
  while (!response.done()) {
    const int seen = response.pieces;
    ASSERT_TRUE(RunUntil(*transport,
                         [&] { return response.pieces > seen || response.done(); }));
    if (response.done()) break;
    const int now = response.pieces;
    for (int i = 0; i < 3; ++i) transport->Poll({});
    ASSERT_EQ(response.pieces, now) << "a paused handler got a piece";
    transport->Resume(*id);
    ASSERT_EQ(response.pieces, now) << "Resume called a handler";
    ++resumed;
  }
  EXPECT_GT(resumed, 10);
  EXPECT_EQ(response.body.size(), expected.size());
  EXPECT_TRUE(response.body == expected);
}

TEST(HttpTransport, PausesAGzipBodyToo) {
  std::string text;
  for (int i = 0; i < 300000; ++i) text += std::to_string(i % 65536 * 7919) + "\n";
  const std::string zipped = Gzipped(text);
  const auto server = Serve([&](const LoopbackRequest& request) {
    LoopbackResponse response = {.body = text};
    if (request.header("Accept-Encoding") == "gzip") {
      response = {.headers = {{"Content-Encoding", "gzip"}}, .body = zipped};
    }
    return response;
  });
  const auto transport = Transport();
  for (const ConnectionGroup group :
       {ConnectionGroup::kList, ConnectionGroup::kWatch}) {
    NotedResponse response;
    response.on_body = [&] { return BodyFlow::kPause; };
    const auto id = transport->Start(
        {.url = server->url(), .group = group, .accept_gzip = true}, response);
    ASSERT_TRUE(RunUntil(*transport, [&] {
      transport->Resume(*id);
      return response.done();
    }));
    EXPECT_EQ(response.code(), StatusCode::kOk);
    EXPECT_TRUE(response.body == text);
    EXPECT_EQ(server->requests().back().header("Accept-Encoding"),
              group == ConnectionGroup::kWatch ? "" : "gzip")
        << "a watch must never ask for gzip";
  }
}

TEST(HttpTransport, EndsACompressedBodyThatGrowsTooLarge) {
  const auto server = ServeAlways({.headers = {{"Content-Encoding", "gzip"}},
                                   .body = Gzipped(std::string(20 << 20, ' '))});
  const auto transport = *NewHttpTransport({.max_decoded_bytes = 10 << 20});
  NotedResponse response;
  ASSERT_TRUE(
      transport->Start({.url = server->url(), .accept_gzip = true}, response).ok());
  ASSERT_TRUE(RunUntilDone(*transport, response));
  EXPECT_EQ(response.code(), StatusCode::kUnavailable);
  EXPECT_EQ(response.status->message(), "the decompressed response is too long");
  EXPECT_LE(response.body.size(), 10u << 20);
}

TEST(HttpTransport, CallsNoHandlerAfterCancel) {
  const auto server = ServeAlways({.chunks = {"one\n"}, .stay_open = true});
  const auto transport = Transport();
  auto watch = std::make_unique<NotedResponse>();
  NotedResponse other;
  const auto id = transport->Start({.url = server->url()}, *watch);
  ASSERT_TRUE(RunUntil(*transport, [&] { return watch->pieces == 1; }));
  transport->Cancel(*id);
  EXPECT_EQ(watch->ends, 0);
  watch.reset();  // ASan would notice a call
  server->SendOnOpen("two\n");
  server->Release();
  transport->Cancel(*id);
  transport->Cancel(123456);
  transport->Resume(123456);
  ASSERT_TRUE(transport->Start({.url = server->url()}, other).ok());
  ASSERT_TRUE(RunUntil(*transport, [&] { return other.pieces == 1; }));
}

TEST(HttpTransport, CancelsAndStartsFromInsideAHandler) {
  const auto server = ServeAlways({.chunks = {"one\n"}, .stay_open = true});
  const auto transport = Transport();
  NotedResponse first, second, third;
  Result<HttpRequestId> first_id = transport->Start({.url = server->url()}, first);
  Result<HttpRequestId> second_id = transport->Start({.url = server->url()}, second);
  bool did = false;
  const auto act = [&] {
    if (!did) {
      did = true;
      transport->Cancel(*first_id);
      transport->Cancel(*second_id);
      EXPECT_TRUE(transport->Start({.url = server->url()}, third).ok());
    }
    return BodyFlow::kContinue;
  };
  first.on_body = act;
  second.on_body = act;
  ASSERT_TRUE(RunUntil(*transport, [&] { return third.pieces == 1; }));
  EXPECT_EQ(first.pieces + second.pieces, 1);
  EXPECT_EQ(first.ends + second.ends, 0);
}

TEST(HttpTransport, StartsTheNextRequestFromOnDone) {
  const auto server = ServeAlways({.body = "x"});
  const auto transport = Transport();
  NotedResponse first, second;
  first.on_done = [&] {
    EXPECT_TRUE(transport->Start({.url = server->url()}, second).ok());
  };
  ASSERT_TRUE(transport->Start({.url = server->url()}, first).ok());
  ASSERT_TRUE(RunUntilDone(*transport, second));
  EXPECT_EQ(second.body, "x");
}

TEST(HttpTransport, EndsAtItsDeadline) {
  const auto server = ServeAlways({.never_answer = true});
  const auto trickle = ServeAlways({.chunks = {"a"}, .stay_open = true});
  const auto transport = Transport();
  NotedResponse silent, open;
  ASSERT_TRUE(
      transport->Start({.url = server->url(), .deadline = milliseconds(50)}, silent)
          .ok());
  ASSERT_TRUE(
      transport->Start({.url = trickle->url(), .deadline = milliseconds(50)}, open)
          .ok());
  ASSERT_TRUE(RunUntil(*transport, [&] { return silent.done() && open.done(); }));
  EXPECT_EQ(silent.code(), StatusCode::kDeadlineExceeded);
  EXPECT_EQ(open.code(), StatusCode::kDeadlineExceeded);
}

TEST(HttpTransport, ReportsARefusedConnectionAsUnavailable) {
  std::string url;
  {
    const auto server = ServeAlways({});
    url = server->url();
  }  // nobody listens there any more
  const auto transport = Transport();
  NotedResponse response;
  ASSERT_TRUE(transport->Start({.url = url}, response).ok());
  ASSERT_TRUE(RunUntilDone(*transport, response));
  EXPECT_EQ(response.code(), StatusCode::kUnavailable);
  EXPECT_NE(response.status->message().find("127.0.0.1"), std::string::npos);
}

TEST(HttpTransport, ReportsAResetAnywhereInTheResponseAsUnavailable) {
  for (const std::size_t bytes : {0u, 1u, 20u, 60u, 80u}) {
    const auto server = ServeAlways(
        {.chunks = {"0123456789", "0123456789"}, .reset_after_bytes = bytes});
    const auto transport = Transport();
    NotedResponse response;
    ASSERT_TRUE(transport->Start({.url = server->url()}, response).ok());
    ASSERT_TRUE(RunUntilDone(*transport, response));
    EXPECT_EQ(response.code(), StatusCode::kUnavailable) << bytes;
    EXPECT_LT(response.body.size(), 20u);
  }
}

TEST(HttpTransport, ReportsABodyThatEndsEarlyAsUnavailable) {
  const auto server = ServeAlways(
      {.headers = {{"Content-Length", "100"}}, .body = "short", .close = true});
  const auto transport = Transport();
  NotedResponse response;
  ASSERT_TRUE(transport->Start({.url = server->url()}, response).ok());
  ASSERT_TRUE(RunUntilDone(*transport, response));
  EXPECT_EQ(response.code(), StatusCode::kUnavailable);
  EXPECT_EQ(response.body, "short");
}

TEST(HttpTransport, KeepsTheConnectionsOfABurstForTheNextOne) {
  const auto server = Serve([](const LoopbackRequest& request) {
    return request.target == "/last"
               ? LoopbackResponse{.chunks = {"x"}, .stay_open = true}
               : LoopbackResponse{};
  });
  const auto transport = Transport();
  for (int burst = 0; burst < 3; ++burst) {
    server->Freeze();  // until all are under way
    std::array<NotedResponse, 7> responses;
    for (NotedResponse& response : responses) {
      ASSERT_TRUE(transport->Start({.url = server->url()}, response).ok());
    }
    NotedResponse last;
    ASSERT_TRUE(transport->Start({.url = server->url() + "/last"}, last).ok());
    while (PollWhenDue(*transport, std::chrono::milliseconds(20))) {
    }
    server->Thaw();
    ASSERT_TRUE(RunUntil(*transport, [&] {
      return last.pieces > 0 &&
             std::all_of(responses.begin(), responses.end(),
                         [](const NotedResponse& r) { return r.done(); });
    }));
    server->Release();
    ASSERT_TRUE(RunUntilDone(*transport, last));
  }
  std::set<std::uint64_t> connections;
  for (const auto& request : server->requests()) connections.insert(request.connection);
  EXPECT_EQ(connections.size(), 8u);
}

TEST(HttpTransport, ReusesConnectionsInAGroupAndNeverAcrossGroups) {
  const auto server = ServeAlways({.body = "x"});
  const auto transport = Transport();
  std::vector<std::set<std::uint64_t>> connections;
  for (const auto group : {ConnectionGroup::kWatch, ConnectionGroup::kList,
                           ConnectionGroup::kLookup, ConnectionGroup::kLease,
                           ConnectionGroup::kPost}) {
    connections.emplace_back();
    for (int i = 0; i < 3; ++i) {
      NotedResponse response;
      ASSERT_TRUE(
          transport->Start({.url = server->url(), .group = group}, response).ok());
      ASSERT_TRUE(RunUntilDone(*transport, response));
      connections.back().insert(server->requests().back().connection);
    }
    EXPECT_EQ(connections.back().size(), 1u);
  }
  EXPECT_EQ((std::set<std::set<std::uint64_t>>(connections.begin(), connections.end())
                 .size()),
            5u);
}

TEST(HttpTransport, CarriesLargeBodiesBothWays) {
  const std::string large(8 << 20, 'x');
  const auto server =
      Serve([](const LoopbackRequest& r) { return LoopbackResponse{.body = r.body}; });
  const auto transport = Transport();
  NotedResponse response;
  ASSERT_TRUE(
      transport
          ->Start({.method = "POST", .url = server->url(), .body = large}, response)
          .ok());
  ASSERT_TRUE(RunUntilDone(*transport, response));
  EXPECT_TRUE(response.body == large);
}

TEST(HttpTransport, RunsManyRequestsAtOnce) {
  const auto server = Serve(
      [](const LoopbackRequest& r) { return LoopbackResponse{.body = r.target}; });
  const auto transport = Transport();
  std::vector<NotedResponse> responses(200);
  for (std::size_t i = 0; i < responses.size(); ++i) {
    ASSERT_TRUE(transport
                    ->Start({.url = server->url() + "/" + std::to_string(i),
                             .group = static_cast<ConnectionGroup>(i % 5)},
                            responses[i])
                    .ok());
  }
  ASSERT_TRUE(RunUntil(*transport, [&] {
    return std::all_of(responses.begin(), responses.end(),
                       [](const auto& r) { return r.done(); });
  }));
  for (std::size_t i = 0; i < responses.size(); ++i) {
    EXPECT_EQ(responses[i].body, "/" + std::to_string(i));
    EXPECT_EQ(responses[i].ends, 1);
  }
}

TEST(HttpTransport, FollowsNoRedirect) {
  const auto server =
      ServeAlways({.status = 302, .headers = {{"Location", "http://127.0.0.1:1/"}}});
  const auto transport = Transport();
  NotedResponse response;
  ASSERT_TRUE(transport->Start({.url = server->url()}, response).ok());
  ASSERT_TRUE(RunUntilDone(*transport, response));
  EXPECT_EQ(response.code(), StatusCode::kOk);
  EXPECT_EQ(response.head->status, 302);
}

TEST(HttpTransport, GoesThroughTheProxyItWasGivenAndNeverTheEnvironments) {
  const auto proxy = ServeAlways({.body = "from the proxy"});
  const auto server = ServeAlways({.body = "from the server"});
  for (const char* name : {"http_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"}) {
    setenv(name, proxy->url().c_str(), 1);
  }
  setenv("no_proxy", "*", 1);
  const auto transport = Transport();
  NotedResponse direct, proxied;
  ASSERT_TRUE(transport->Start({.url = server->url()}, direct).ok());
  ASSERT_TRUE(
      transport->Start({.url = server->url(), .proxy = proxy->url()}, proxied).ok());
  ASSERT_TRUE(RunUntil(*transport, [&] { return direct.done() && proxied.done(); }));
  EXPECT_EQ(direct.body, "from the server");
  EXPECT_EQ(proxied.body, "from the proxy");
  for (const char* name :
       {"http_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy"}) {
    unsetenv(name);
  }
}

TEST(HttpTransport, RefusesWhatCannotBeUsedAtOnce) {
  const auto transport = Transport();
  NotedResponse response;
  const std::vector<HttpRequest> bad = {
      {.url = ""},
      {.url = "file:///etc/passwd"},
      {.url = "ftp://127.0.0.1/"},
      {.url = "http://user:hush@127.0.0.1/"},
      {.url = "http://127.0.0.1:99999/"},
      {.method = "GET / HTTP/1.1\r\nX:", .url = "http://127.0.0.1/"},
      {.url = "http://127.0.0.1/", .headers = {{"X", "a\r\nInjected: b"}}},
      {.url = "http://127.0.0.1/", .headers = {{"X: y\r\nZ", "a"}}},
      {.url = "http://127.0.0.1/",
       .auth_header_name = "Authorization",
       .auth_header_value = Secret("hush\n")},
      {.url = "http://127.0.0.1/", .proxy = "gopher://127.0.0.1"},
  };
  for (const HttpRequest& request : bad) {
    const auto id = transport->Start(request, response);
    ASSERT_FALSE(id.ok()) << request.url;
    EXPECT_EQ(id.status().code(), StatusCode::kInvalidArgument) << request.url;
    EXPECT_EQ(id.status().message().find("hush"), std::string::npos);
  }
}

TEST(HttpTransport, StopsAHeadThatNeverEnds) {
  const auto server = ServeAlways(
      {.headers = std::vector<HttpHeader>(400, {"X-Long", std::string(1000, 'x')})});
  const auto transport = Transport();
  NotedResponse response;
  ASSERT_TRUE(transport->Start({.url = server->url()}, response).ok());
  ASSERT_TRUE(RunUntilDone(*transport, response));
  EXPECT_EQ(response.code(), StatusCode::kUnavailable);
  EXPECT_FALSE(response.head);
}

TEST(HttpTransport, LeavesItsSocketsToNoChildProcess) {
  const auto server = ServeAlways({.chunks = {"x"}, .stay_open = true});
  const auto transport = Transport();
  NotedResponse response;
  ASSERT_TRUE(transport->Start({.url = server->url()}, response).ok());
  ASSERT_TRUE(RunUntil(*transport, [&] { return response.pieces == 1; }));
  int sockets = 0;
  for (int fd = 3; fd < 256; ++fd) {
    sockaddr_in peer = {};
    socklen_t length = sizeof peer;
    if (getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &length) != 0) continue;
    if (ntohs(peer.sin_port) != server->port()) continue;
    ++sockets;
    EXPECT_NE(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
  }
  EXPECT_EQ(sockets, 1);
  EXPECT_NE(fcntl(transport->descriptor(), F_GETFD) & FD_CLOEXEC, 0);
}

TEST(HttpTransport, DiesWithRequestsUnderWay) {
  const auto server = ServeAlways({.never_answer = true});
  NotedResponse silent, paused;
  {
    const auto transport = Transport();
    ASSERT_TRUE(transport->Start({.url = server->url()}, silent).ok());
    ASSERT_TRUE(transport->Start({.url = server->url()}, paused).ok());
    for (int i = 0; i < 10; ++i) transport->Poll({});
  }
  EXPECT_EQ(silent.ends + paused.ends, 0);
}

TEST(HttpTransport, AsksToBePolledAtOnceWhenARequestWasStartedOrResumed) {
  const auto server = ServeAlways({.chunks = {"x"}, .stay_open = true});
  const auto transport = Transport();
  const auto readable = [&] {
    pollfd ready = {transport->descriptor(), POLLIN, 0};
    return poll(&ready, 1, 0) == 1;
  };
  EXPECT_FALSE(readable());
  EXPECT_EQ(transport->NextDeadline(), SteadyTime::max());
  NotedResponse response;
  response.on_body = [] { return BodyFlow::kPause; };
  const auto id = transport->Start({.url = server->url(), .deadline = {}}, response);
  ASSERT_TRUE(id.ok());
  EXPECT_TRUE(readable());
  EXPECT_LE(transport->NextDeadline(), std::chrono::steady_clock::now());
  ASSERT_TRUE(RunUntil(*transport, [&] { return response.pieces == 1; }));
  while (PollWhenDue(*transport)) {
  }
  EXPECT_FALSE(readable());
  EXPECT_GT(transport->NextDeadline(), std::chrono::steady_clock::now());
  transport->Resume(*id);
  EXPECT_TRUE(readable());
  EXPECT_LE(transport->NextDeadline(), std::chrono::steady_clock::now());
}

TEST(HttpTransport, IsQuietWhenNothingIsToDo) {
  const auto server = ServeAlways({.chunks = {"x"}, .stay_open = true});
  const auto transport = Transport();
  NotedResponse watch;
  ASSERT_TRUE(transport->Start({.url = server->url(), .deadline = {}}, watch).ok());
  ASSERT_TRUE(RunUntil(*transport, [&] { return watch.pieces == 1; }));
  // Left-over timeouts of the connection phase may fire a few times.
  int wakeups = 0;
  while (PollWhenDue(*transport, std::chrono::milliseconds(300)) && ++wakeups < 20) {
  }
  EXPECT_LT(wakeups, 20) << "an idle transport spins";
}

}  // namespace
}  // namespace k8sentry
