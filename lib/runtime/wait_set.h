// A WaitSet is one descriptor that is readable when there is work: bytes on the
// descriptors it watches, a deadline that has passed, or a wake-up from anywhere.
//
// Threads: one at a time, but Wake on any thread and in a signal handler.
#pragma once

#include <memory>

#include "k8sentry/status.h"
#include "k8sentry/time.h"

namespace k8sentry::internal {

class WaitSet {
 public:
  // Errors: kInternal when the system has no more descriptors.
  static Result<std::unique_ptr<WaitSet>> Create();
  ~WaitSet();
  WaitSet(const WaitSet&) = delete;
  WaitSet& operator=(const WaitSet&) = delete;

  int descriptor() const { return epoll_; }

  // One watched descriptor, which may be another one each time, or -1.
  struct Slot {
    int watched = -1;
  };
  // False when it cannot be watched, for it is always readable: a regular file,
  // /dev/null.
  bool Watch(Slot& slot, int descriptor);

  // The deadline at which the descriptor becomes readable.
  void Arm(SteadyTime deadline);

  // Returns when there is work, when a signal came, or after `limit`.
  void Wait(Duration limit);

  // Returns after `limit`, or when Wake was called or a signal came: not for work. The
  // next Wait still sees that Wake.
  void Rest(Duration limit);

  void Wake();

 private:
  WaitSet(int epoll, int timer, int wake);

  const int epoll_, timer_, wake_;
  SteadyTime armed_ = SteadyTime::max();
};

}  // namespace k8sentry::internal
