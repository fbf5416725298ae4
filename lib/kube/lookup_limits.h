// What keeps look-ups from being a burden: when the server is left alone, and what we
// may not read.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "base/random.h"
#include "k8sentry/logger.h"
#include "k8sentry/time.h"

namespace k8sentry::internal {

// Leaves a server alone that fails: for as long as it asks, else for a backoff that
// doubles from failure to failure.
class LookupPause {
 public:
  LookupPause(Duration min_backoff, Duration max_backoff, std::uint64_t seed)
      : min_backoff_(min_backoff), max_backoff_(max_backoff), random_(seed) {}

  bool active(SteadyTime now) const { return now < until_; }
  // The last answer was a failure: one request at a time is enough.
  bool failing() const { return failures_ > 0; }
  // A request that began at `started` failed at `now`. Of requests that ran side by
  // side only the first counts. True for the first failure after a success.
  bool Fail(SteadyTime started, std::optional<Duration> retry_after, SteadyTime now);
  void Succeed() { failures_ = 0; }

 private:
  const Duration min_backoff_, max_backoff_;
  Random random_;
  int failures_ = 0;
  SteadyTime last_ = SteadyTime::min();
  SteadyTime until_ = SteadyTime::min();
};

// The resources that the server says we may not read (403).
class ForbiddenResources {
 public:
  explicit ForbiddenResources(Logger& logger) : logger_(logger) {}

  // Until when one need not be asked for.
  SteadyTime Until(std::string_view plural, std::string_view namespace_name) const;
  // Tells the logger which rule is missing, once for each resource.
  void Add(const std::string& group, const std::string& plural,
           const std::string& namespace_name, const std::string& detail,
           SteadyTime until);

 private:
  Logger& logger_;
  std::map<std::string, SteadyTime, std::less<>> until_;
  std::set<std::string> told_;
};

}  // namespace k8sentry::internal
