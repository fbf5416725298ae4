#include "own_loop.h"

#include <poll.h>

#include <algorithm>
#include <chrono>

namespace k8sentry::cli {

Now ReadClocks() {
  return {.steady = std::chrono::steady_clock::now(),
          .wall = std::chrono::floor<std::chrono::microseconds>(
              std::chrono::system_clock::now())};
}

void WaitAndPoll(HttpTransport& transport, SteadyTime until) {
  const SteadyTime now = std::chrono::steady_clock::now();
  const SteadyTime end =
      std::min({until, transport.NextDeadline(), now + std::chrono::seconds(1)});
  const auto ms =
      std::chrono::ceil<std::chrono::milliseconds>(std::max(end, now) - now);
  pollfd readable = {.fd = transport.descriptor(), .events = POLLIN, .revents = 0};
  poll(&readable, 1, static_cast<int>(ms.count()));
  transport.Poll(std::chrono::steady_clock::now());
}

}  // namespace k8sentry::cli
