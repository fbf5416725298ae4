// The two kinds of time, and their text.
//
// A Time is a point on the calendar, as Kubernetes writes it into an Event; it may be
// wrong by hours, for it comes from the emitter's clock. A SteadyTime only moves
// forward and is what windows, ages and backoff are measured with. Below the Runner
// nothing asks for either: callers pass `now`, so tests never sleep.
//
// Threads: values and pure functions.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "k8sentry/status.h"

namespace k8sentry {

using Duration = std::chrono::nanoseconds;
using SteadyTime = std::chrono::time_point<std::chrono::steady_clock, Duration>;
// UTC. Kubernetes' MicroTime has six fraction digits, so nothing is lost.
using Time = std::chrono::sys_time<std::chrono::microseconds>;

// What a caller passes as the present. In a replay both come from the events.
struct Now {
  SteadyTime steady;
  Time wall;
};

// Reads the RFC 3339 form that Kubernetes writes: "2026-11-21T03:11:50Z", with 0 to 9
// fraction digits (those after the sixth are dropped) and "Z" or a numeric offset.
// Anything else, and every time before 1970 (Go's zero time among them), is nullopt.
// (Kubernetes API conventions, metav1.Time and metav1.MicroTime.)
std::optional<Time> ParseTime(std::string_view text);

// "2026-11-21T03:11:50Z", or with six fraction digits when there are microseconds.
std::string FormatTime(Time time);

// Reads Go's duration form: "0", "90s", "1h30m", "1.5h"; units ns us ms s m h.
// Errors: kInvalidArgument.
Result<Duration> ParseDuration(std::string_view text);

// The shortest Go form: "5m", "1h30m", "1.5s", "0s".
std::string FormatDuration(Duration duration);

}  // namespace k8sentry
