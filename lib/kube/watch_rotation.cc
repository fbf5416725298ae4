// How a WatchMachine joins each watch with the next one before it ends.
#include <algorithm>
#include <utility>

#include "kube/watch_machine.h"

namespace k8sentry::internal {
namespace {

// So many make a watch no shorter than the one before.
constexpr int kMaxStalls = 3;

}  // namespace

SteadyTime WatchMachine::RotationTime(SteadyTime start,
                                      const WatchRequest& watch) const {
  const Duration length = watch.deadline - kWatchGrace;
  if (overlap_ <= Duration::zero() || length < 2 * overlap_) return SteadyTime::max();
  return start + length - overlap_;
}

std::optional<WatchRequest> WatchMachine::NextRotation(SteadyTime now) {
  if (!watching() || next_started_ || now < rotate_at_) return std::nullopt;
  WatchRequest watch = NewWatch();
  next_started_ = now;
  next_rotate_at_ = RotationTime(now, watch);
  next_mark_then_ = mark_;
  return watch;
}

void WatchMachine::Rotated(bool stalled, SteadyTime now) {
  NoteNews(now);
  short_watches_ = 0;
  started_ = *std::exchange(next_started_, std::nullopt);
  rotate_at_ = next_rotate_at_;
  mark_then_ = next_mark_then_;
  stalls_ = stalled ? std::min(stalls_ + 1, kMaxStalls) : 0;
  if (!stalled) return;
  Enter(WatchState::kStalled,
        "the watch was silent although there were events; the next one brings them",
        now);
}

void WatchMachine::RotationFailed() {
  next_started_.reset();
  rotate_at_ = SteadyTime::max();
}

}  // namespace k8sentry::internal
