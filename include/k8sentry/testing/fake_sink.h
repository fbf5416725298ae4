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
#include <string>
#include <utility>
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
  // Whether it wants to see Events, and whether it says that nothing else is left.
  bool wants_events = false;
  bool is_idle = true;
  std::string named = "fake";  // name() and spool_name()

  // All that Send was given, in order; a telling that is tried again stands here again.
  const std::vector<Telling>& sent() const { return sent_; }
  // All that was answered with kDelivered.
  const std::vector<Telling>& delivered() const { return delivered_; }
  // What the hooks were given: reasons of Events, tellings, and what was lost and why.
  const std::vector<std::string>& admitted() const { return admitted_; }
  const std::vector<Telling>& told() const { return told_; }
  const std::vector<std::pair<Telling, Loss>>& lost() const { return lost_; }
  int flushes() const { return flushes_; }
  // Tellings that wait for their answer.
  std::size_t unanswered() const { return open_.size(); }

  std::string_view name() const override { return named; }
  void Send(std::span<const Telling> batch, Now now, Completion done) override;
  void Poll(Now now) override;
  SteadyTime NextDeadline() const override;
  std::size_t max_in_flight() const override { return wants; }
  SteadyTime limited_until() const override { return limit; }
  void Admitted(const Event& event, Now) override;
  bool wants_admitted() const override { return wants_events; }
  void Told(const Telling& telling, Now) override { told_.push_back(telling); }
  void Lost(const Telling& telling, Loss loss, Now) override {
    lost_.emplace_back(telling, loss);
  }
  void Flush(Now) override { ++flushes_; }
  bool idle() const override { return is_idle; }

 private:
  struct Open {
    const Telling* telling;
    std::size_t index;
    std::shared_ptr<Completion> done;
  };

  std::vector<Telling> sent_, delivered_, told_;
  std::vector<std::string> admitted_;
  std::vector<std::pair<Telling, Loss>> lost_;
  int flushes_ = 0;
  std::deque<Open> open_;
};

}  // namespace k8sentry::testing
