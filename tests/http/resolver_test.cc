// A name server that never answers must delay nobody, and one that lies must lead
// nobody into a network that is not theirs. This file replaces getaddrinfo for its
// whole program; the dynamic linker prefers a program's own symbols.
#include <dlfcn.h>
#include <netdb.h>

#include <array>
#include <atomic>
#include <filesystem>
#include <string_view>
#include <thread>

#include "exchange.h"

namespace {
std::atomic<bool> g_hang = true;
std::atomic<int> g_hanging = 0;
}  // namespace

extern "C" __attribute__((visibility("default"))) int getaddrinfo(const char* node,
                                                                  const char* service,
                                                                  const addrinfo* hints,
                                                                  addrinfo** result) {
  if (node != nullptr && std::string_view(node) == "hangs.test") {
    ++g_hanging;
    g_hanging.notify_all();
    g_hang.wait(true);
    --g_hanging;
    g_hanging.notify_all();
    return EAI_AGAIN;
  }
  using Real = int (*)(const char*, const char*, const addrinfo*, addrinfo**);
  static const Real real = reinterpret_cast<Real>(dlsym(RTLD_NEXT, "getaddrinfo"));
  // A name may point anywhere.
  const std::string_view name = node == nullptr ? "" : node;
  if (name == "metadata.test") node = "169.254.169.254";
  if (name == "self4.test") node = "127.0.0.1";
  if (name == "self6.test") node = "::1";
  if (name == "mapped.test") node = "::ffff:127.0.0.1";
  return real(node, service, hints, result);
}

namespace k8sentry {
namespace {

int Threads() {
  const auto tasks = std::filesystem::directory_iterator("/proc/self/task");
  return static_cast<int>(std::distance(begin(tasks), end(tasks)));
}

TEST(HttpTransport, DoesNotWaitForAResolverThatHangs) {
  g_hang = true;
  const int threads_before = Threads();
  const auto start = std::chrono::steady_clock::now();
  {
    const auto transport = Transport();
    NotedResponse cancelled, left, late;
    const auto id = transport->Start({.url = "http://hangs.test/"}, cancelled);
    ASSERT_TRUE(transport->Start({.url = "http://hangs.test/"}, left).ok());
    ASSERT_TRUE(transport
                    ->Start({.url = "http://hangs.test/",
                             .deadline = std::chrono::milliseconds(50)},
                            late)
                    .ok());
    ASSERT_TRUE(RunUntil(*transport, [] { return g_hanging == 3; }));
    EXPECT_EQ(Threads(), threads_before + 3) << "libcurl's resolver threads, no other";
    transport->Cancel(*id);
    ASSERT_TRUE(RunUntilDone(*transport, late));
    EXPECT_EQ(late.code(), StatusCode::kDeadlineExceeded);
  }
  const auto took = std::chrono::steady_clock::now() - start;
  EXPECT_LT(took, std::chrono::seconds(5));
  EXPECT_EQ(g_hanging, 3) << "the test proves nothing: the resolver did not hang";
  g_hang = false;
  g_hang.notify_all();
  for (int hanging = g_hanging; hanging != 0; hanging = g_hanging)
    g_hanging.wait(hanging);
  while (Threads() > threads_before) std::this_thread::yield();
}

AddressPolicy OnlyGlobal(std::vector<std::string> allowed = {}) {
  return {AddressPolicy::Private::kRefuse, std::move(allowed)};
}

TEST(HttpTransport, ConnectsToNoAddressThatThePolicyRefuses) {
  const auto server = ServeAlways({.body = "secret"});
  const std::string port = ":" + std::to_string(server->port()) + "/";
  const std::vector<std::array<std::string, 2>> table = {
      {"http://metadata.test/latest/meta-data/", "169.254.169.254"},
      {"http://169.254.169.254/", "169.254.169.254"},
      {"http://self4.test" + port, "127.0.0.1"},
      {"http://self6.test" + port, "::1"},
      {"http://mapped.test" + port, "127.0.0.1"},
      {"http://localhost" + port, ""},
      {"http://127.0.0.1" + port, "127.0.0.1"},
      {"http://2130706433" + port, "127.0.0.1"},
      {"http://0x7f.1" + port, "127.0.0.1"},
      {"http://0" + port, "0.0.0.0"},
      {"http://[::1]" + port, "::1"},
      {"http://[::ffff:7f00:1]" + port, "127.0.0.1"},
  };
  const auto transport = Transport();
  for (const auto& [url, address] : table) {
    NotedResponse response;
    ASSERT_TRUE(
        transport->Start({.url = url, .addresses = OnlyGlobal()}, response).ok());
    ASSERT_TRUE(RunUntilDone(*transport, response)) << url;
    EXPECT_EQ(response.code(), StatusCode::kConfiguration) << url;
    const std::string expected = "the policy on addresses refuses " + address;
    EXPECT_EQ(response.status->message().substr(0, expected.size()), expected) << url;
  }
  EXPECT_TRUE(server->requests().empty());
}

TEST(HttpTransport, ConnectsWhereThePolicyListsTheAddress) {
  const auto server = ServeAlways({.body = "welcome"});
  const auto transport = Transport();
  NotedResponse response;
  const std::string url = "http://self4.test:" + std::to_string(server->port()) + "/";
  ASSERT_TRUE(
      transport
          ->Start({.url = url, .addresses = OnlyGlobal({"10.0.0.0/8", "127.0.0.0/8"})},
                  response)
          .ok());
  ASSERT_TRUE(RunUntilDone(*transport, response));
  EXPECT_EQ(response.body, "welcome");
}

// A connection that is kept was made under another policy, or under none.
TEST(HttpTransport, SharesNoConnectionBetweenPolicies) {
  const auto server = ServeAlways({.body = "secret"});
  const auto transport = Transport();
  const auto get = [&](AddressPolicy addresses) {
    NotedResponse response;
    EXPECT_TRUE(
        transport->Start({.url = server->url(), .addresses = addresses}, response)
            .ok());
    EXPECT_TRUE(RunUntilDone(*transport, response));
    return response.code();
  };
  EXPECT_EQ(get({}), StatusCode::kOk);
  EXPECT_EQ(get(OnlyGlobal()), StatusCode::kConfiguration);
  EXPECT_EQ(get(OnlyGlobal({"127.0.0.1/32"})), StatusCode::kOk);
  EXPECT_EQ(get(OnlyGlobal({"127.0.0.1/32"})), StatusCode::kOk);
  EXPECT_EQ(get(OnlyGlobal()), StatusCode::kConfiguration);
  EXPECT_EQ(get({}), StatusCode::kOk);
  const auto requests = server->requests();
  ASSERT_EQ(requests.size(), 4u);
  EXPECT_EQ(requests[0].connection, requests[3].connection);
  EXPECT_EQ(requests[1].connection, requests[2].connection) << "the same policy shares";
  EXPECT_NE(requests[0].connection, requests[1].connection);
}

TEST(HttpTransport, KeepsConnectionsApartWhenThereAreTooManyPolicies) {
  const auto server = ServeAlways({.body = "x"});
  const auto transport = Transport();
  const auto get = [&](std::vector<std::string> allowed) {
    NotedResponse response;
    EXPECT_TRUE(
        transport
            ->Start({.url = server->url(), .addresses = OnlyGlobal(std::move(allowed))},
                    response)
            .ok());
    EXPECT_TRUE(RunUntilDone(*transport, response));
    return response.code();
  };
  for (int bits = 0; bits < 30; ++bits) {
    EXPECT_EQ(get({"127.0.0.1/" + std::to_string(bits)}), StatusCode::kOk);
  }
  EXPECT_EQ(get({"10.0.0.0/30"}), StatusCode::kConfiguration);
  EXPECT_EQ(get({"127.0.0.1/30"}), StatusCode::kOk);
  EXPECT_EQ(get({"10.0.0.0/30"}), StatusCode::kConfiguration);
}

TEST(HttpTransport, RefusesACidrThatIsNoneAndAPolicyThatAProxyWouldVoid) {
  const auto transport = Transport();
  NotedResponse response;
  const std::vector<HttpRequest> bad = {
      {.url = "http://127.0.0.1/", .addresses = OnlyGlobal({"10.0.0.0/33"})},
      {.url = "http://127.0.0.1/", .addresses = {.allowed = {"nonsense"}}},
      {.url = "http://127.0.0.1/",
       .proxy = "http://127.0.0.1:1",
       .addresses = OnlyGlobal()},
  };
  for (const HttpRequest& request : bad) {
    const auto id = transport->Start(request, response);
    ASSERT_FALSE(id.ok());
    EXPECT_EQ(id.status().code(), StatusCode::kInvalidArgument);
  }
}

TEST(HttpTransport, LeavesNoThreadBehind) {
  const int threads_before = Threads();
  const auto server = ServeAlways({.body = "x"});
  const auto transport = Transport();
  NotedResponse response;
  ASSERT_TRUE(transport->Start({.url = server->url()}, response).ok());
  ASSERT_TRUE(RunUntilDone(*transport, response));
  EXPECT_EQ(Threads(), threads_before + 1) << "the server's own, and no other";
}

}  // namespace
}  // namespace k8sentry
