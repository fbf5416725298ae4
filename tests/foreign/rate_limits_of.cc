// Reads lines "STATUS TAB RETRY-AFTER TAB X-SENTRY-RATE-LIMITS" (a field "-" is a
// header that is not there) and prints for each the seconds that `error`, `default` and
// `monitor` are limited for.
#include <chrono>
#include <iostream>
#include <string>

#include "sentry/rate_limits.h"

int main() {
  using namespace k8sentry;
  const Now now = {SteadyTime(std::chrono::hours(1000)),
                   *ParseTime("2026-11-21T04:00:00Z")};
  for (std::string line; std::getline(std::cin, line);) {
    const std::size_t first = line.find('\t');
    const std::size_t second = line.find('\t', first + 1);
    HttpResponseHead head = {.status = std::stoi(line.substr(0, first))};
    const std::string retry_after = line.substr(first + 1, second - first - 1);
    const std::string limits = line.substr(second + 1);
    if (retry_after != "-") head.headers.push_back({"Retry-After", retry_after});
    if (limits != "-") head.headers.push_back({"X-Sentry-Rate-Limits", limits});
    internal::RateLimits rate_limits;
    rate_limits.Update(head, now);
    for (const char* category : {"error", "default", "monitor"}) {
      const SteadyTime until = rate_limits.until(category);
      const auto left = until <= now.steady ? Duration::zero() : until - now.steady;
      std::cout << std::chrono::duration_cast<std::chrono::seconds>(left).count()
                << ' ';
    }
    std::cout << '\n';
  }
}
