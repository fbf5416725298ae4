#include "base/timer_descriptor.h"

#include <sys/timerfd.h>

#include <algorithm>
#include <cstdint>

namespace k8sentry::internal {

int NewTimerDescriptor() {
  return timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
}

void ArmTimer(int descriptor, SteadyTime deadline) {
  itimerspec at = {};  // all zero: disarmed
  if (deadline != SteadyTime::max()) {
    const std::int64_t ns =
        std::max<std::int64_t>(deadline.time_since_epoch().count(), 1);
    at.it_value = {.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000};
  }
  timerfd_settime(descriptor, TFD_TIMER_ABSTIME, &at, nullptr);
}

}  // namespace k8sentry::internal
