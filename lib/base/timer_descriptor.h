// A timerfd that becomes readable at a time of the steady clock.
#pragma once

#include "k8sentry/time.h"

namespace k8sentry::internal {

// -1: the system has no more descriptors.
int NewTimerDescriptor();

// Readable from `deadline` on, at once if that has passed; never with
// SteadyTime::max().
void ArmTimer(int descriptor, SteadyTime deadline);

}  // namespace k8sentry::internal
