// A BackgroundRunner drives a Runner on a thread of its own: the only thread we start.
//
// For hosts without a loop. Its thread bears the name "k8sentry".
//
// Threads: all calls from any thread.
#pragma once

#include <memory>

#include "k8sentry/runner.h"

namespace k8sentry {

class BackgroundRunner {
 public:
  virtual ~BackgroundRunner() = default;  // stops at once; call Stop to drain first

  // Stops reading and delivers what waits, for at most `limit`; then the thread ends.
  // Errors: as Runner::Drain.
  virtual Status Stop(Duration limit) = 0;
  // As of the last time round the loop.
  virtual Ledger ledger() const = 0;
  // Whether the source has ended by itself and all is delivered.
  virtual bool finished() const = 0;
};

// Starts the thread. Errors: kInternal when there can be none.
Result<std::unique_ptr<BackgroundRunner>> NewBackgroundRunner(
    std::unique_ptr<Runner> runner);

}  // namespace k8sentry
