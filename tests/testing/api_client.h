// A client of a FakeApiServer: asks over the real transport, and notes the answers.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "k8sentry/testing/fake_api_server.h"
#include "tests/http/exchange.h"

namespace k8sentry::testing {

inline constexpr char kEvents[] = "/api/v1/namespaces/shop/events";

inline std::string Named(const std::string& name, const std::string& more = "") {
  return R"({"metadata":{"name":")" + name + R"("})" + more + "}";
}

// Talks to the fake as a client does, over the real transport.
class ApiClientTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto fake = NewFakeApiServer();
    ASSERT_TRUE(fake.ok()) << fake.status().message();
    server = *std::move(fake);
  }

  std::unique_ptr<NotedResponse> Start(const std::string& target) {
    return Send({.url = server->url() + target});
  }
  std::unique_ptr<NotedResponse> Send(HttpRequest request) {
    auto response = std::make_unique<NotedResponse>();
    EXPECT_TRUE(http->Start(std::move(request), *response).ok());
    return response;
  }
  std::unique_ptr<NotedResponse> Get(const std::string& target) {
    auto response = Start(target);
    EXPECT_TRUE(RunUntilDone(*http, *response)) << target;
    return response;
  }
  std::unique_ptr<NotedResponse> Do(const std::string& method,
                                    const std::string& target,
                                    const std::string& body) {
    auto response =
        Send({.method = method, .url = server->url() + target, .body = body});
    EXPECT_TRUE(RunUntilDone(*http, *response));
    return response;
  }
  bool RunUntilIt(const NotedResponse& response, const std::string& says) {
    return RunUntil(*http,
                    [&] { return response.body.find(says) != std::string::npos; });
  }
  static std::vector<std::string> Lines(const std::string& body) {
    std::vector<std::string> lines;
    for (std::size_t at = 0; at < body.size();) {
      const std::size_t end = std::min(body.find('\n', at), body.size());
      lines.push_back(body.substr(at, end - at));
      at = end + 1;
    }
    return lines;
  }
  // What stands between `before` and the next quote.
  static std::string After(const std::string& body, const std::string& before) {
    const std::size_t at = body.find(before);
    if (at == body.npos) return "";
    const std::size_t begin = at + before.size();
    return body.substr(begin, body.find('"', begin) - begin);
  }
  static std::string Escaped(std::string token) {
    for (const auto& [plain, escaped] :
         {std::pair("/", "%2F"), std::pair("=", "%3D")}) {
      for (std::size_t at = 0; (at = token.find(plain, at)) != token.npos; at += 3) {
        token.replace(at, 1, escaped);
      }
    }
    return token;
  }

  std::unique_ptr<HttpTransport> http = Transport();
  std::unique_ptr<FakeApiServer> server;
};

}  // namespace k8sentry::testing
