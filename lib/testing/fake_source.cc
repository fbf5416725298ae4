#include "k8sentry/testing/fake_source.h"

#include <utility>

namespace k8sentry::testing {

void FakeSource::Give(const std::vector<OwnedEvent>& events) {
  queue_.insert(queue_.end(), events.begin(), events.end());
}

void FakeSource::End(Status status) {
  ended_ = true;
  status_ = std::move(status);
}

EventBatch FakeSource::Poll(Now) {
  ++polls_;
  given_.clear();
  batch_.clear();
  while (!queue_.empty() && given_.size() < 64) {
    given_.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  if (given_.empty()) {
    if (!ended_) return {};
    return {status_.ok() ? SourceState::kEnded : SourceState::kFailed, {}};
  }
  for (const OwnedEvent& event : given_) batch_.push_back(event.view());
  counters_.events += batch_.size();
  return {SourceState::kEvents, batch_};
}

}  // namespace k8sentry::testing
