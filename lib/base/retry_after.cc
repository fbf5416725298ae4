#include "base/retry_after.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string>

namespace k8sentry::internal {
namespace {

std::string_view Stripped(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// Seconds, whole or not; rounded up to whole ones and capped.
std::optional<Duration> ParseSeconds(std::string_view text) {
  double seconds = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] =
      std::from_chars(text.data(), end, seconds, std::chars_format::fixed);
  if (stop != end || text.empty()) return std::nullopt;
  if (error == std::errc::result_out_of_range) return kMaxRetryAfter;
  // from_chars also reads "nan" and "inf", which are no number of seconds.
  if (error != std::errc() || !std::isfinite(seconds) || seconds < 0) {
    return std::nullopt;
  }
  const double max = std::chrono::duration<double>(kMaxRetryAfter).count();
  return std::chrono::seconds(
      static_cast<std::int64_t>(std::ceil(std::min(seconds, max))));
}

}  // namespace

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

std::optional<Duration> ParseDelaySeconds(std::string_view text) {
  return ParseSeconds(Stripped(text));
}

std::optional<Duration> ParseRetryAfter(std::string_view text, Time wall) {
  text = Stripped(text);
  if (const std::optional<Duration> seconds = ParseSeconds(text)) return seconds;
  const std::optional<Time> date = ParseHttpDate(text);
  if (!date) return std::nullopt;
  return std::clamp<Duration>(*date - wall, Duration::zero(), kMaxRetryAfter);
}

}  // namespace k8sentry::internal
