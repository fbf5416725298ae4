#include "cli/environment.h"

#include <cstdlib>

namespace k8sentry::cli {
namespace {

class ProxyForTest : public ::testing::Test {
 protected:
  void SetUp() override { TearDown(); }
  void TearDown() override {
    for (const char* name : {"HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy",
                             "NO_PROXY", "no_proxy"}) {
      unsetenv(name);
    }
  }
};

TEST_F(ProxyForTest, IsEmptyWithoutAVariable) {
  EXPECT_EQ(ProxyFor("https://sentry.example/1"), "");
}

TEST_F(ProxyForTest, DependsOnTheScheme) {
  setenv("HTTPS_PROXY", "http://secure.example:3128", 1);
  setenv("http_proxy", "plain.example:3128", 1);
  EXPECT_EQ(ProxyFor("https://sentry.example/1"), "http://secure.example:3128");
  EXPECT_EQ(ProxyFor("http://sentry.example/1"), "http://plain.example:3128");
}

TEST_F(ProxyForTest, LeavesTheMachineItselfAlone) {
  setenv("HTTPS_PROXY", "http://proxy.example", 1);
  for (const char* url : {"https://localhost:6443", "https://127.0.0.1:6443",
                          "https://127.8.9.1", "https://[::1]:6443/x"}) {
    EXPECT_EQ(ProxyFor(url), "") << url;
  }
}

TEST_F(ProxyForTest, ObeysNoProxyAsGoDoes) {
  const struct {
    const char* rules;
    const char* url;
    bool proxied;
  } kCases[] = {
      {"*", "https://sentry.example", false},
      {"sentry.example", "https://sentry.example/1", false},
      {"sentry.example", "https://SENTRY.example:8443/1", false},
      {"example", "https://sentry.example", false},
      {"ample", "https://sentry.example", true},
      {".example", "https://sentry.example", false},
      {".sentry.example", "https://sentry.example", true},
      {"*.example", "https://sentry.example", false},
      {"sentry.example:443", "https://sentry.example", false},
      {"sentry.example:8443", "https://sentry.example", true},
      {"10.0.0.0/8", "https://10.96.0.1", false},
      {"10.0.0.0/8", "https://11.96.0.1", true},
      {"10.96.0.0/12", "https://10.111.255.255:443", false},
      {"10.96.0.1", "https://10.96.0.1:443", false},
      {"fd00::/8", "https://[fd12::1]:6443", false},
      {"fd00::/8", "https://[fe80::1]:6443", true},
      {"other, .svc,10.0.0.0/8", "https://kubernetes.default.svc", false},
      {"10.0.0.0/99", "https://10.0.0.1", true},
      {"10.0.0.0/x", "https://10.0.0.1", true},
      {",, ,", "https://sentry.example", true},
      {"sentry.example", "https://user:pass@sentry.example/1", false},
  };
  setenv("HTTPS_PROXY", "http://proxy.example", 1);
  for (const auto& c : kCases) {
    setenv("NO_PROXY", c.rules, 1);
    EXPECT_EQ(!ProxyFor(c.url).empty(), c.proxied) << c.rules << " " << c.url;
  }
}

}  // namespace
}  // namespace k8sentry::cli
