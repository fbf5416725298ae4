// RateLimits remembers how long Sentry wants to hear nothing, for each kind of data.
//
// Pure: responses and `now` go in, deadlines come out. One for each DSN.
// (Sentry developer docs, rate limiting.)
#pragma once

#include <array>
#include <optional>
#include <string_view>

#include "k8sentry/http_transport.h"

namespace k8sentry::internal {

// The data categories a limit is kept for, by Sentry's names; limits that name none of
// these are not for us.
inline constexpr std::array<std::string_view, 8> kCategories = {
    "default",  "error",    "monitor",    "log_item",
    "log_byte", "internal", "attachment", "session"};

class RateLimits {
 public:
  // Learns from any response: X-Sentry-Rate-Limits if it is there, whatever the status;
  // else of a 429 Retry-After, and 60 s for everything without that.
  void Update(const HttpResponseHead& head, Now now);

  // Until when nothing of `category` may be sent; min() if nothing ever limited it.
  SteadyTime until(std::string_view category) const;
  // The same for an event. Relay counts every event as `error`, older ones those
  // without an exception as `default`.
  SteadyTime events_until() const;

 private:
  void ReadLimit(std::string_view limit, SteadyTime now);

  SteadyTime all_ = SteadyTime::min();
  // Beside kCategories.
  std::array<SteadyTime, kCategories.size()> until_ = [] {
    std::array<SteadyTime, kCategories.size()> none;
    none.fill(SteadyTime::min());
    return none;
  }();
};

}  // namespace k8sentry::internal
