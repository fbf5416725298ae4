// The clock of a replay: `now` is the running maximum of occurrence times, and one
// event from the future does not move it (docs/semantics.md 6 and 17).
#pragma once

#include <algorithm>
#include <chrono>
#include <optional>

#include "k8sentry/time.h"

namespace k8sentry::internal {

class ReplayClock {
 public:
  // No window is longer than `longest`: a step beyond it closes all of them, however
  // far it goes. The steady time takes no longer ones, for years overflow its
  // nanoseconds.
  explicit ReplayClock(Duration longest)
      : longest_(std::chrono::ceil<std::chrono::microseconds>(longest)) {}

  // Takes an event's occurrence time and gives the present.
  Now Advance(std::optional<Time> occurrence) {
    if (occurrence) Move(*occurrence);
    return now_;
  }

  Now now() const { return now_; }

 private:
  using Micros = std::chrono::microseconds;
  static constexpr Micros kAhead = std::chrono::hours(1);

  void Move(Time t) {
    if (!started_) {
      started_ = true;
      return Set(t);
    }
    if (t <= now_.wall + kAhead) {
      Set(std::max(now_.wall, t));
      pending_.reset();
      return;
    }
    if (pending_) Set(std::max(now_.wall, std::min(*pending_, t)));
    pending_.reset();
    if (t > now_.wall + kAhead) pending_ = t;
  }

  void Set(Time wall) {
    const Micros step = std::min<Micros>(wall - now_.wall, longest_);
    const Micros left = std::chrono::floor<Micros>(SteadyTime::max() - now_.steady);
    now_.steady += std::min(step, left);
    now_.wall = wall;
  }

  Micros longest_;
  bool started_ = false;
  std::optional<Time> pending_;
  Now now_ = {};
};

}  // namespace k8sentry::internal
