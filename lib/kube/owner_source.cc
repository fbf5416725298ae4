#include "kube/owner_source.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/resource_version.h"

namespace k8sentry::internal {
namespace {

constexpr std::size_t kMaxBatch = 64;
// What one Poll reads at most while all of it waits.
constexpr int kReadsPerPoll = 16;

}  // namespace

OwnerSource::OwnerSource(EventSource& inner, const OwnerSourceOptions& options,
                         HttpTransport& transport, Logger& logger, std::uint64_t seed)
    : inner_(inner),
      options_(options),
      api_(options_.cluster, transport),
      lookup_(
          {.max_objects = options.max_objects, .max_requests = options.max_requests},
          api_, logger, seed) {
  batch_.reserve(kMaxBatch);
  given_.reserve(kMaxBatch);  // its texts must not move
}

EventBatch OwnerSource::Poll(Now now) {
  Forget();
  lookup_.Update(now);
  for (int reads = 0; reads < kReadsPerPoll; ++reads) {
    Release(now, false);
    if (!batch_.empty() || ended_) break;
    const EventBatch read = inner_.Poll(now);
    if (read.state == SourceState::kIdle) break;
    if (read.state == SourceState::kEvents) {
      Take(read.events, now);
    } else {
      ended_ = read.state;
    }
    // What passes at once are views into what the inner source gave.
    if (!batch_.empty()) break;
  }
  lookup_.Start(now);
  if (!batch_.empty()) return {SourceState::kEvents, batch_};
  if (ended_ && waiting_.empty()) return {*ended_, {}};
  return {SourceState::kIdle, {}};
}

EventBatch OwnerSource::Flush(Now now) {
  Forget();
  lookup_.Update(now);
  Release(now, true);
  if (!batch_.empty()) return {SourceState::kEvents, batch_};
  return inner_.Flush(now);
}

void OwnerSource::Forget() {
  batch_.clear();
  given_.clear();
}

bool OwnerSource::Wanted(const Event& event, Now now) {
  return !event.stale && MayHaveOwner(event.involved_object) &&
         (options_.filter == nullptr || options_.filter->Admit(event, now));
}

void OwnerSource::Take(std::span<const Event> events, Now now) {
  bool wanted = false;
  if (waiting_.empty()) {
    for (; !events.empty(); events = events.subspan(1)) {
      const Event& event = events.front();
      wanted = Wanted(event, now);
      OwnerAnswer answer;
      if (wanted) answer = lookup_.Find(event.involved_object, now.steady);
      if (answer.pending && options_.max_wait > Duration::zero()) break;
      batch_.push_back(event);
      batch_.back().owner = answer.owner;
    }
    if (events.empty()) return;
  }
  WaitingBatch& last = waiting_.emplace_back();
  last.arrived = now.steady;
  last.events.reserve(events.size());
  for (const Event& event : events) {
    Waiting& waiting = last.events.emplace_back();
    waiting.event = OwnedEvent(event);
    if (event.uid.empty()) waiting.raw_object = event.raw_object;
    waiting.wanted = Wanted(event, now);
    // Its question goes out while it waits, so that its turn finds the answer.
    if (waiting.wanted) lookup_.Find(event.involved_object, now.steady);
    ++waiting_events_;
    waiting_bytes_ += waiting.bytes();
  }
}

void OwnerSource::Release(Now now, bool all) {
  while (!waiting_.empty() && batch_.size() < kMaxBatch) {
    WaitingBatch& first = waiting_.front();
    Waiting& head = first.events[first.next];
    OwnerAnswer answer;
    if (head.wanted) {
      answer = lookup_.Find(head.event->involved_object, now.steady);
      const bool late = now.steady >= first.arrived + options_.max_wait;
      if (answer.pending && !late && !all && !too_much()) return;
    }
    Give(head, answer.owner);
    if (++first.next == first.events.size()) waiting_.pop_front();
  }
}

void OwnerSource::Give(Waiting& waiting, const Owner& owner) {
  --waiting_events_;
  waiting_bytes_ -= waiting.bytes();
  Waiting& given = given_.emplace_back(std::move(waiting));
  Event& event = batch_.emplace_back(given.event.view());
  event.raw_object = given.raw_object;
  event.owner = owner;
}

SteadyTime OwnerSource::NextDeadline() const {
  SteadyTime next = lookup_.NextDeadline();
  if (!ended_) next = std::min(next, inner_.NextDeadline());
  if (!waiting_.empty()) {
    next = std::min(next, waiting_.front().arrived + options_.max_wait);
  }
  return next;
}

bool OwnerSource::ready() const {
  if (!batch_.empty() || lookup_.ready()) return true;
  return ended_ ? waiting_.empty() : inner_.ready();
}

// What waits was not given out, so it lies above the marks: all that came after the
// oldest one would be read again.
std::optional<ResumePoint> OwnerSource::position() const {
  std::optional<ResumePoint> point = inner_.position();
  if (!point || waiting_.empty()) return point;
  std::vector<std::string_view> versions;
  for (const WaitingBatch& batch : waiting_) {
    for (std::size_t i = batch.next; i < batch.events.size(); ++i) {
      const Event& event = batch.events[i].event.view();
      if (event.resource_version.empty()) continue;
      if (event.retell) {
        point->unacknowledged.push_back(
            {std::string(event.uid), std::string(event.resource_version)});
      } else if (event.stale) {
        continue;
      }
      versions.push_back(event.resource_version);
    }
  }
  for (WatchMark& mark : point->marks) {
    mark.acknowledged = OlderThanAll(mark.acknowledged, versions);
    mark.observed = OlderThanAll(mark.observed, versions);
  }
  return point;
}

}  // namespace k8sentry::internal
