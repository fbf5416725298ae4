// A ClusterSource over the real transport and a FakeApiServer, in a hurry: the source's
// time passes fifty times as fast, so that nobody waits for its backoffs.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "k8sentry/cluster_source.h"
#include "k8sentry/http_transport.h"
#include "k8sentry/testing/fake_api_server.h"

namespace k8sentry {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::FakeFault;

inline constexpr int kHurry = 50;
inline constexpr char kEvents[] = "/api/v1/namespaces/shop/events";

// Passes requests on, with time limits in the source's time.
class HurriedTransport final : public HttpTransport {
 public:
  explicit HurriedTransport(HttpTransport& real) : real_(real) {}
  Result<HttpRequestId> Start(HttpRequest request, HttpHandler& handler) override {
    request.deadline /= kHurry;
    return real_.Start(std::move(request), handler);
  }
  void Cancel(HttpRequestId id) override { real_.Cancel(id); }
  void Resume(HttpRequestId id) override { real_.Resume(id); }
  void Poll(SteadyTime now) override { real_.Poll(now); }
  SteadyTime NextDeadline() const override { return real_.NextDeadline(); }
  int descriptor() const override { return real_.descriptor(); }

 private:
  HttpTransport& real_;
};

class WireCluster : public ::testing::Test {
 protected:
  void SetUp() override { Serve(testing::NewFakeApiServer()); }

  void Serve(Result<std::unique_ptr<testing::FakeApiServer>> fake) {
    ASSERT_TRUE(fake.ok()) << fake.status().message();
    server = *std::move(fake);
    options.cluster.server = server->url();
    options.watch.on_status = [this](const WatchStatus& status) {
      states.emplace_back(WatchStateName(status.state));
      detail = status.detail;
    };
  }

  // The source's present.
  Now Present() const {
    const Duration since = std::chrono::steady_clock::now() - begin_;
    return {begin_ + since * kHurry,
            std::chrono::time_point_cast<std::chrono::microseconds>(wall_begin_ +
                                                                    since * kHurry)};
  }

  // Drives source and transport as a host does until `finished`; false when that takes
  // longer than ten seconds.
  bool Run(const std::function<bool()>& finished) {
    if (!source) {
      auto made = NewClusterSource(options, hurried);
      EXPECT_TRUE(made.ok()) << made.status().message();
      source = *std::move(made);
    }
    const auto limit = std::chrono::steady_clock::now() + seconds(10);
    while (!finished()) {
      if (std::chrono::steady_clock::now() > limit) return false;
      const EventBatch batch = source->Poll(Present());
      for (const Event& event : batch.events) {
        (event.stale ? stale : told).emplace_back(event.name);
      }
      if (batch.state == SourceState::kEvents) continue;
      pollfd readable = {transport->descriptor(), POLLIN, 0};
      poll(&readable, 1, source->ready() ? 0 : 1);
      transport->Poll(std::chrono::steady_clock::now());
    }
    return true;
  }
  bool RunUntilTold(std::size_t count) {
    return Run([&] { return told.size() >= count; });
  }
  bool RunUntilState(const std::string& state) {
    return Run([&] { return !states.empty() && states.back() == state; });
  }
  bool RunUntilAsked(const std::string& verb, int count) {
    return Run([&] { return server->count(verb) >= count; });
  }
  // For so long in the source's time.
  void RunFor(Duration duration) {
    const SteadyTime end = Present().steady + duration;
    EXPECT_TRUE(Run([&] { return Present().steady >= end; }));
  }
  // Lists, and has a watch that the server knows of.
  void RunUntilWatching() {
    const int watches = server->count("watch");
    ASSERT_TRUE(RunUntilAsked("watch", watches + 1)) << detail;
  }
  // Forgets this source, as a test of many cases does.
  void BeginAnew() {
    source.reset();
    told.clear();
    stale.clear();
    states.clear();
  }

  std::uint64_t Create(const std::string& name, const std::string& more = "") {
    return server->Create(kEvents, EventObject(name, more));
  }
  static std::string EventObject(const std::string& name,
                                 const std::string& more = "") {
    return R"({"kind":"Event","apiVersion":"v1","metadata":{"name":")" + name + "\"" +
           more +
           R"(},"involvedObject":{"kind":"Pod","name":"api"},"reason":"BackOff",)" +
           R"("type":"Warning","lastTimestamp":")" +
           FormatTime(std::chrono::floor<seconds>(std::chrono::system_clock::now())) +
           "\"}";
  }
  // How often it read a list; to look at one item for its version is none.
  int lists() const {
    const auto requests = server->requests();
    return static_cast<int>(
        std::count_if(requests.begin(), requests.end(), [](const auto& request) {
          return request.verb == "list" && request.query != "limit=1";
        }));
  }
  // What was asked since the last call, but for such looks: "list" and "watch 7".
  std::vector<std::string> Asked() {
    std::vector<std::string> asked;
    const auto requests = server->requests();
    for (; asked_ < requests.size(); ++asked_) {
      const auto& request = requests[asked_];
      if (request.query == "limit=1") continue;
      const std::string version = request.parameter("resourceVersion");
      asked.push_back(request.verb + (version.empty() ? "" : " " + version));
    }
    return asked;
  }

  std::unique_ptr<testing::FakeApiServer> server;
  std::unique_ptr<HttpTransport> transport = *NewHttpTransport();
  HurriedTransport hurried{*transport};
  ClusterSourceOptions options = {
      .watch = {.min_backoff = milliseconds(50), .max_backoff = seconds(5)}};
  std::vector<std::string> told, stale;  // names
  std::vector<std::string> states;
  std::string detail;
  std::unique_ptr<EventSource> source;

 private:
  const SteadyTime begin_ = std::chrono::steady_clock::now();
  const std::chrono::sys_time<Duration> wall_begin_ = std::chrono::system_clock::now();
  std::size_t asked_ = 0;
};

}  // namespace k8sentry
