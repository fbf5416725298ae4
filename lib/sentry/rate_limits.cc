#include "sentry/rate_limits.h"

#include <algorithm>
#include <string>

#include "base/retry_after.h"

namespace k8sentry::internal {
namespace {

// Without a hint how long, this long.
constexpr Duration kUnspecifiedLimit = std::chrono::seconds(60);

std::string_view Stripped(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

bool IsRateLimitsHeader(std::string_view name) {
  constexpr std::string_view kName = "x-sentry-rate-limits";
  return std::equal(
      name.begin(), name.end(), kName.begin(), kName.end(),
      [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a - 'A' + 'a' : a) == b; });
}

// Takes the part before the next `separator` off the front of `text`.
std::string_view TakeUntil(char separator, std::string_view& text) {
  const std::size_t end = text.find(separator);
  const std::string_view part = text.substr(0, end);
  text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  return part;
}

}  // namespace

void RateLimits::Update(const HttpResponseHead& head, Now now) {
  bool named = false;
  for (const HttpHeader& header : head.headers) {
    // Several headers of one name mean the same as one list (RFC 9110, 5.3).
    if (!IsRateLimitsHeader(header.name)) continue;
    named = true;
    std::string_view limits = header.value;
    while (!limits.empty()) ReadLimit(TakeUntil(',', limits), now.steady);
  }
  if (named || head.status != 429) return;
  const Duration limit =
      ParseRetryAfter(head.header("Retry-After"), now.wall).value_or(kUnspecifiedLimit);
  all_ = std::max(all_, now.steady + limit);
}

// retry_after ":" categories ":" scope and more, which say nothing to a client. A limit
// that cannot be read, or names only what we do not know, is passed over.
void RateLimits::ReadLimit(std::string_view limit, SteadyTime now) {
  const std::optional<Duration> retry_after = ParseDelaySeconds(TakeUntil(':', limit));
  if (!retry_after) return;
  // A shorter limit never ends a longer one early.
  const auto extend = [&](SteadyTime& until) {
    until = std::max(until, now + *retry_after);
  };
  std::string_view categories = Stripped(TakeUntil(':', limit));
  if (categories.empty()) return extend(all_);
  while (!categories.empty()) {
    const std::string_view category = Stripped(TakeUntil(';', categories));
    const auto known = std::find(kCategories.begin(), kCategories.end(), category);
    if (known != kCategories.end()) {
      extend(until_[static_cast<std::size_t>(known - kCategories.begin())]);
    }
  }
}

SteadyTime RateLimits::until(std::string_view category) const {
  const auto known = std::find(kCategories.begin(), kCategories.end(), category);
  if (known == kCategories.end()) return all_;
  return std::max(all_, until_[static_cast<std::size_t>(known - kCategories.begin())]);
}

SteadyTime RateLimits::events_until() const {
  return std::max(until("error"), until("default"));
}

}  // namespace k8sentry::internal
