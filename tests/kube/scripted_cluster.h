// A ClusterSource whose API server is a script, and whose time is a number.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "k8sentry/testing/fake_http_transport.h"
#include "kube/cluster_source.h"

namespace k8sentry::internal {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

// The time at which tests begin.
inline const Time kStart = *ParseTime("2026-11-21T04:00:00Z");

// An Event object that happened `age` before kStart.
inline std::string EventObject(const std::string& uid, const std::string& version,
                               Duration age = {}) {
  const Time at = kStart - std::chrono::duration_cast<std::chrono::microseconds>(age);
  return R"({"kind":"Event","metadata":{"uid":")" + uid + R"(","resourceVersion":")" +
         version +
         R"("},"involvedObject":{"kind":"Pod"},"reason":"R","lastTimestamp":")" +
         FormatTime(at) + R"("})";
}
inline std::string Added(const std::string& uid, const std::string& version) {
  return R"({"type":"ADDED","object":)" + EventObject(uid, version) + "}\n";
}
inline std::string Deleted(const std::string& uid, const std::string& version) {
  return R"({"type":"DELETED","object":)" + EventObject(uid, version) + "}\n";
}
inline std::string StatusBody(int code, const std::string& reason,
                              const std::string& details = "{}") {
  return R"({"kind":"Status","apiVersion":"v1","status":"Failure","message":"it says )" +
         reason + R"(","reason":")" + reason + R"(","details":)" + details +
         R"(,"code":)" + std::to_string(code) + "}";
}
inline std::string ErrorFrame(int code, const std::string& reason,
                              const std::string& details = "{}") {
  return R"({"type":"ERROR","object":)" + StatusBody(code, reason, details) + "}\n";
}

inline testing::FakeHttpAnswer List(const std::string& version,
                                    const std::vector<std::string>& items = {},
                                    const std::string& continue_token = "") {
  std::string body = R"({"kind":"EventList","metadata":{"resourceVersion":")" +
                     version + R"(","continue":")" + continue_token + R"("},"items":[)";
  for (const std::string& item : items) body += (&item == &items[0] ? "" : ",") + item;
  return {.body = {body + "]}"}};
}
inline testing::FakeHttpAnswer Stream(std::vector<std::string> frames) {
  return {.body = std::move(frames)};
}
inline testing::FakeHttpAnswer OpenStream(std::vector<std::string> frames = {}) {
  return {.body = std::move(frames), .stay_open = true};
}
// A stream that is cut after `frames`.
inline testing::FakeHttpAnswer CutStream(std::vector<std::string> frames) {
  return {.body = std::move(frames),
          .end = Status(StatusCode::kUnavailable, "connection reset")};
}
inline testing::FakeHttpAnswer Refused() {
  return {.status = 0, .end = Status(StatusCode::kUnavailable, "connection refused")};
}
inline testing::FakeHttpAnswer Denied(int status, const std::string& reason,
                                      std::vector<HttpHeader> headers = {}) {
  return {.status = status,
          .headers = std::move(headers),
          .body = {StatusBody(status, reason)}};
}

class ScriptedCluster : public ::testing::Test {
 protected:
  ScriptedCluster() : http([](const HttpRequest&) { return OpenStream(); }) {
    options.cluster.server = "https://cluster";
    options.watch.overlap = {};  // one watch after the other
    options.watch.on_status = [this](const WatchStatus& s) {
      states.emplace_back(WatchStateName(s.state));
      detail = s.detail;
      gap = s.gap;
    };
  }

  // Lets happen what can happen at this time.
  void Run() {
    if (!source) {
      source = std::make_unique<ClusterSource>(options, http, NullLogger(), seed);
    }
    for (int i = 0; i < 1000; ++i) {
      const EventBatch batch = source->Poll(now);
      for (const Event& event : batch.events) {
        (event.stale ? stale : event.retell ? retold : told)
            .push_back(std::string(event.uid) + "@" +
                       std::string(event.resource_version));
      }
      if (batch.state == SourceState::kEvents) continue;
      if (http.NextDeadline() == SteadyTime::max() && !source->ready() &&
          source->NextDeadline() > now.steady) {
        return;
      }
      http.Poll(now.steady);
    }
    FAIL() << "the source goes round in circles";
  }
  void Pass(Duration duration) {
    now.steady += duration;
    now.wall += std::chrono::duration_cast<std::chrono::microseconds>(duration);
    Run();
  }
  // Sleeps as long as the source wants to; that is what it returns.
  Duration PassBackoff() {
    const SteadyTime next = source->NextDeadline();
    EXPECT_LT(next, SteadyTime::max()) << "the source waits for the network";
    const Duration wait = std::max(next - now.steady, Duration());
    Pass(wait);
    return wait;
  }
  // What request `i` asked for, such as "list limit=500"; from the back if negative.
  std::string Asked(int i) const {
    const auto& all = http.requests();
    const std::size_t index =
        i < 0 ? all.size() - static_cast<std::size_t>(-i) : static_cast<std::size_t>(i);
    if (index >= all.size()) return "nothing";
    const std::string& url = all[index].url;
    if (url.ends_with("/namespaces/kube-system")) return "identify";
    const std::string query = url.substr(std::min(url.find('?'), url.size() - 1) + 1);
    if (!query.starts_with("watch=1")) return "list " + query;
    const std::size_t at = query.find("resourceVersion=");
    return "watch " + query.substr(at, query.find('&', at) - at);
  }
  // All requests since the last call.
  std::vector<std::string> Asked() {
    std::vector<std::string> asked;
    for (; asked_ < http.requests().size(); ++asked_) {
      asked.push_back(Asked(static_cast<int>(asked_)));
    }
    return asked;
  }
  HttpRequestId last_id() const { return http.requests().size(); }

  testing::FakeHttpTransport http;
  ClusterSourceOptions options;
  std::uint64_t seed = 1;
  Now now = {SteadyTime(std::chrono::hours(1)), kStart};
  std::vector<std::string> told, stale, retold;  // uid@version
  std::vector<std::string> states;
  std::string detail;
  Duration gap = {};
  std::unique_ptr<ClusterSource> source;

 private:
  std::size_t asked_ = 0;
};

using Lines = std::vector<std::string>;

}  // namespace k8sentry::internal
