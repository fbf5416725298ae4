#include "k8sentry/testing/fake_http_transport.h"

#include <gmock/gmock.h>

namespace k8sentry::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr SteadyTime kNow = SteadyTime(std::chrono::hours(1));

class Handler : public HttpHandler {
 public:
  void OnHead(const HttpResponseHead& head) override {
    calls.push_back(std::to_string(head.status));
  }
  void OnSent() override { calls.push_back("sent"); }
  BodyFlow OnBody(std::string_view bytes) override {
    calls.emplace_back(bytes);
    if (on_body) on_body();
    return bytes == "pause" ? BodyFlow::kPause : BodyFlow::kContinue;
  }
  void OnDone(const Status& status) override {
    calls.push_back(status.ok() ? "ok" : status.message());
  }
  std::vector<std::string> calls;
  std::function<void()> on_body;
};

TEST(FakeHttpTransport, AnswersFromPollAndNotBefore) {
  FakeHttpTransport http;
  Handler handler;
  ASSERT_TRUE(http.Start({.url = "http://a/"}, handler).ok());
  EXPECT_THAT(handler.calls, IsEmpty());
  EXPECT_EQ(http.NextDeadline(), SteadyTime::min());
  http.Poll(kNow);
  EXPECT_THAT(handler.calls, ElementsAre("200", "ok"));
  EXPECT_EQ(http.NextDeadline(), SteadyTime::max());
  EXPECT_EQ(http.open(), 0u);
  EXPECT_EQ(http.requests()[0].url, "http://a/");
}

TEST(FakeHttpTransport, FollowsItsScriptAndThenItsResponder) {
  FakeHttpTransport http(
      [](const HttpRequest& request) { return FakeHttpAnswer{.body = {request.url}}; });
  http.Answer({.status = 503});
  http.Answer({.status = 0, .end = Status(StatusCode::kUnavailable, "refused")});
  Handler handler;
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(http.Start({.url = "u"}, handler).ok());
  http.Poll(kNow);
  EXPECT_THAT(handler.calls, ElementsAre("503", "ok", "refused", "200", "u", "ok"));
}

TEST(FakeHttpTransport, SaysWhetherABodyWentOut) {
  FakeHttpTransport http;
  const Status reset(StatusCode::kUnavailable, "reset");
  http.Answer({.status = 200});
  http.Answer({.status = 0, .end = reset});
  http.Answer({.status = 0, .end = reset, .request_went_out = true});
  Handler handler;
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(http.Start({.method = "POST", .body = "x"}, handler).ok());
  }
  http.Poll(kNow);
  EXPECT_THAT(handler.calls,
              ElementsAre("sent", "200", "ok", "reset", "sent", "reset"));
}

TEST(FakeHttpTransport, HoldsBackWhileAHandlerPauses) {
  FakeHttpTransport http;
  http.Answer({.body = {"a", "pause", "b"}});
  Handler handler;
  const auto id = http.Start({}, handler);
  http.Poll(kNow);
  http.Poll(kNow);
  EXPECT_THAT(handler.calls, ElementsAre("200", "a", "pause"));
  EXPECT_EQ(http.NextDeadline(), SteadyTime::max());
  http.Resume(*id);
  http.Poll(kNow);
  EXPECT_THAT(handler.calls, ElementsAre("200", "a", "pause", "b", "ok"));
}

TEST(FakeHttpTransport, KeepsAWatchOpenUntilItsEnd) {
  FakeHttpTransport http;
  http.Answer({.stay_open = true});
  Handler handler;
  const auto id = http.Start({}, handler);
  http.Poll(kNow);
  EXPECT_EQ(http.open(), 1u);
  http.Push(*id, "x");
  http.Poll(kNow);
  http.End(*id, Status(StatusCode::kUnavailable, "reset"));
  http.Poll(kNow);
  EXPECT_THAT(handler.calls, ElementsAre("200", "x", "reset"));
}

TEST(FakeHttpTransport, CallsNobodyAfterCancel) {
  FakeHttpTransport http;
  http.Answer({.body = {"a", "b"}});
  Handler handler;
  const auto id = http.Start({}, handler);
  handler.on_body = [&] { http.Cancel(*id); };
  http.Poll(kNow);
  http.Poll(kNow);
  EXPECT_THAT(handler.calls, ElementsAre("200", "a"));
  EXPECT_THAT(http.cancelled(), ElementsAre(1u));
}

TEST(FakeHttpTransport, RefusesToStartOnce) {
  FakeHttpTransport http;
  http.RefuseNext(Status(StatusCode::kInvalidArgument, "no"));
  Handler handler;
  EXPECT_FALSE(http.Start({}, handler).ok());
  EXPECT_TRUE(http.Start({}, handler).ok());
  EXPECT_EQ(http.requests().size(), 1u);
}

}  // namespace
}  // namespace k8sentry::testing
