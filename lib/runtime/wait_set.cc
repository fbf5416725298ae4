#include "runtime/wait_set.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>

namespace k8sentry::internal {
namespace {

bool Add(int epoll, int descriptor) {
  epoll_event event = {.events = EPOLLIN, .data = {.fd = descriptor}};
  return epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event) == 0;
}

}  // namespace

Result<std::unique_ptr<WaitSet>> WaitSet::Create() {
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  const int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
  const int wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  std::unique_ptr<WaitSet> set(new WaitSet(epoll, timer, wake));
  if (epoll < 0 || timer < 0 || wake < 0 || !Add(epoll, timer) || !Add(epoll, wake)) {
    return Status(StatusCode::kInternal,
                  "no descriptors for the event loop; raise the limit of open files");
  }
  return set;
}

WaitSet::WaitSet(int epoll, int timer, int wake)
    : epoll_(epoll), timer_(timer), wake_(wake) {}

WaitSet::~WaitSet() {
  for (const int descriptor : {epoll_, timer_, wake_}) {
    if (descriptor >= 0) close(descriptor);
  }
}

bool WaitSet::Watch(Slot& slot, int descriptor) {
  if (slot.watched >= 0 && slot.watched != descriptor) {
    epoll_ctl(epoll_, EPOLL_CTL_DEL, slot.watched,
              nullptr);  // may be closed: no matter
    slot.watched = -1;
  }
  if (descriptor < 0) return true;
  // The same number may be another file by now, which the kernel has not seen yet.
  epoll_event event = {.events = EPOLLIN, .data = {.fd = descriptor}};
  if (slot.watched == descriptor &&
      epoll_ctl(epoll_, EPOLL_CTL_MOD, descriptor, &event) == 0) {
    return true;
  }
  slot.watched = Add(epoll_, descriptor) ? descriptor : -1;
  return slot.watched >= 0;
}

void WaitSet::Arm(SteadyTime deadline) {
  if (deadline == armed_) return;
  armed_ = deadline;
  itimerspec at = {};  // all zero: disarmed
  if (deadline != SteadyTime::max()) {
    const std::int64_t ns =
        std::max<std::int64_t>(deadline.time_since_epoch().count(), 1);
    at.it_value = {.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000};
  }
  timerfd_settime(timer_, TFD_TIMER_ABSTIME, &at, nullptr);
}

void WaitSet::Wait(Duration limit) {
  const auto ms = std::chrono::ceil<std::chrono::milliseconds>(
      std::clamp<Duration>(limit, Duration::zero(), std::chrono::hours(1)));
  epoll_event events[4];
  epoll_wait(epoll_, events, 4, static_cast<int>(ms.count()));
  std::uint64_t wakes;
  while (read(wake_, &wakes, sizeof wakes) < 0 && errno == EINTR) {
  }
}

void WaitSet::Rest(Duration limit) {
  pollfd wake = {.fd = wake_, .events = POLLIN, .revents = 0};
  const auto ms = std::chrono::ceil<std::chrono::milliseconds>(
      std::clamp<Duration>(limit, Duration::zero(), std::chrono::hours(1)));
  poll(&wake, 1, static_cast<int>(ms.count()));
}

void WaitSet::Wake() {
  const int saved = errno;  // we may be inside a signal handler
  const std::uint64_t one = 1;
  while (write(wake_, &one, sizeof one) < 0 && errno == EINTR) {
  }
  errno = saved;
}

}  // namespace k8sentry::internal
