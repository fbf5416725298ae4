#include "sentry/rate_limits.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string>

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

// Seconds, whole or not; rounded up to whole ones and capped.
std::optional<Duration> ParseSeconds(std::string_view text) {
  double seconds = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] =
      std::from_chars(text.data(), end, seconds, std::chars_format::fixed);
  if (stop != end || text.empty()) return std::nullopt;
  if (error == std::errc::result_out_of_range) return kMaxRateLimit;
  // from_chars also reads "nan" and "inf", which are no number of seconds.
  if (error != std::errc() || !std::isfinite(seconds) || seconds < 0) {
    return std::nullopt;
  }
  const double max = std::chrono::duration<double>(kMaxRateLimit).count();
  return std::chrono::seconds(
      static_cast<std::int64_t>(std::ceil(std::min(seconds, max))));
}

// "Sun, 06 Nov 1994 08:49:37 GMT", the one form of a date that servers may send
// (RFC 9110, 5.6.7; the two obsolete ones are not worth their code).
std::optional<Time> ParseHttpDate(std::string_view text) {
  constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  if (text.size() != 29 || text.substr(3, 2) != ", " || text.substr(25) != " GMT") {
    return std::nullopt;
  }
  const std::size_t month = kMonths.find(text.substr(8, 3));
  if (month == std::string_view::npos || month % 3 != 0) return std::nullopt;
  std::string rfc3339(text.substr(12, 4));
  rfc3339 += month / 3 < 9 ? "-0" : "-1";
  rfc3339 += static_cast<char>('0' + (month / 3 + 1) % 10);
  rfc3339 += "-" + std::string(text.substr(5, 2)) + "T" +
             std::string(text.substr(17, 8)) + "Z";
  return ParseTime(rfc3339);
}

}  // namespace

std::optional<Duration> ParseRetryAfter(std::string_view text, Time wall) {
  text = Stripped(text);
  if (const std::optional<Duration> seconds = ParseSeconds(text)) return seconds;
  const std::optional<Time> date = ParseHttpDate(text);
  if (!date) return std::nullopt;
  return std::clamp<Duration>(*date - wall, Duration::zero(), kMaxRateLimit);
}

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
  const std::optional<Duration> retry_after =
      ParseSeconds(Stripped(TakeUntil(':', limit)));
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
