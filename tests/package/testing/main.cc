#include <cstdio>

#include "k8sentry/testing/fake_api_server.h"

int main() {
  auto server = k8sentry::testing::NewFakeApiServer();
  if (!server.ok()) return 1;
  const auto version = (*server)->Create("/api/v1/namespaces/shop/events",
                                         R"({"metadata":{"name":"a"}})");
  std::printf("%s %llu\n", (*server)->url().c_str(),
              static_cast<unsigned long long>(version));
  return version == 0 ? 1 : 0;
}
