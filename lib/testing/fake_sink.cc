#include "k8sentry/testing/fake_sink.h"

#include <utility>

namespace k8sentry::testing {

void FakeSink::Send(std::span<const Telling> batch, Now, Completion done) {
  auto shared = std::make_shared<Completion>(std::move(done));
  for (std::size_t i = 0; i < batch.size(); ++i) {
    sent_.push_back(batch[i]);
    open_.push_back({&batch[i], i, shared});
  }
}

void FakeSink::Poll(Now now) {
  for (std::size_t n = 0; n < answers_per_poll && !holds && !open_.empty(); ++n) {
    const Open open = std::move(open_.front());
    open_.pop_front();
    const Outcome outcome = answer ? answer(*open.telling, now) : Outcome{};
    if (outcome.kind == Outcome::Kind::kDelivered) delivered_.push_back(*open.telling);
    (*open.done)(open.index, outcome);
  }
}

void FakeSink::Admitted(const Event& event, Now) {
  admitted_.emplace_back(event.reason);
}

SteadyTime FakeSink::NextDeadline() const {
  return holds || open_.empty() ? SteadyTime::max() : SteadyTime::min();
}

}  // namespace k8sentry::testing
