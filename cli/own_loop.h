// The loop of commands that have no runner.
#pragma once

#include "k8sentry/http_transport.h"
#include "k8sentry/time.h"

namespace k8sentry::cli {

Now ReadClocks();

// Waits until `transport` is to be polled, but not beyond `until` or a second, and
// polls it. A signal ends the wait.
void WaitAndPoll(HttpTransport& transport, SteadyTime until);

}  // namespace k8sentry::cli
