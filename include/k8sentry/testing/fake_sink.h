// A FakeSink takes tellings, remembers them, and answers as the test says.
//
// By default everything is delivered at the next Poll. Change `answer` to refuse, to
// fail for a while or to ask for silence; hold answers back to fill the queue.
//
// Threads: as any Sink, one at a time.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "k8sentry/sink.h"

namespace k8sentry::testing {

class FakeSink : public Sink {
 public:
  // How each telling ends; asked when the answer is given, at Poll.
  std::function<Outcome(const Telling&, Now)> answer;
  // No telling is answered before this is false again.
  bool holds = false;
  // At most this many answers at each Poll.
  std::size_t answers_per_poll = static_cast<std::size_t>(-1);
  SteadyTime limit = SteadyTime::min();
  // Tellings it wants under way at once.
  std::size_t wants = 64;

  // All that Send was given, in order; a telling that is tried again stands here again.
  const std::vector<Telling>& sent() const { return sent_; }
  // All that was answered with kDelivered.
  const std::vector<Telling>& delivered() const { return delivered_; }
  // Tellings that wait for their answer.
  std::size_t unanswered() const { return open_.size(); }

  std::string_view name() const override { return "fake"; }
  void Send(std::span<const Telling> batch, Now now, Completion done) override;
  void Poll(Now now) override;
  SteadyTime NextDeadline() const override;
  std::size_t max_in_flight() const override { return wants; }
  SteadyTime limited_until() const override { return limit; }

 private:
  struct Open {
    const Telling* telling;
    std::size_t index;
    std::shared_ptr<Completion> done;
  };

  std::vector<Telling> sent_, delivered_;
  std::deque<Open> open_;
};

}  // namespace k8sentry::testing
