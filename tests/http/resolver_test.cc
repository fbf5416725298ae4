// A name server that never answers must delay nobody. This file replaces getaddrinfo
// for its whole program; the dynamic linker prefers a program's own symbols.
#include <dlfcn.h>
#include <netdb.h>

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
