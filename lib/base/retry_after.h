// How long a server asks to be left alone: Retry-After and what resembles it.
#pragma once

#include <optional>
#include <string_view>

#include "k8sentry/time.h"

namespace k8sentry::internal {

// No server silences us for longer.
inline constexpr Duration kMaxRetryAfter = std::chrono::hours(24);

// Seconds, whole or not, rounded up to whole ones; nullopt when it is none.
std::optional<Duration> ParseDelaySeconds(std::string_view text);

// The value of a Retry-After header: seconds, or an HTTP date. nullopt when it can be
// read as neither. (RFC 9110, 10.2.3.)
std::optional<Duration> ParseRetryAfter(std::string_view text, Time wall);

// "Sun, 06 Nov 1994 08:49:37 GMT", the one form of a date that servers may send
// (RFC 9110, 5.6.7; the two obsolete ones are not worth their code).
std::optional<Time> ParseHttpDate(std::string_view text);

}  // namespace k8sentry::internal
