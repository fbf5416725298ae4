// A FakeSource gives the Events it was handed, as a cluster would: some now, more
// later, then an end or a failure.
//
// Threads: as any EventSource, one at a time.
#pragma once

#include <deque>
#include <vector>

#include "k8sentry/event_source.h"

namespace k8sentry::testing {

class FakeSource : public EventSource {
 public:
  // Gives `events` at one of the next calls of Poll, at most 64 at each.
  void Give(const std::vector<OwnedEvent>& events);
  // Counts a frame that could not be read.
  void GiveMalformed() { ++counters_.malformed; }
  // After what was given comes the end, or a failure if `status` is not ok.
  void End(Status status = {});

  // What the fake says of itself.
  SteadyTime deadline = SteadyTime::max();
  int fd = -1;
  // With a descriptor a source is silent until it is readable.
  bool says_ready = true;
  bool holds = false;  // what holds_back says
  std::optional<ResumePoint> resume_point = {};

  std::size_t polls() const { return polls_; }

  EventBatch Poll(Now now) override;
  SteadyTime NextDeadline() const override { return deadline; }
  int descriptor() const override { return fd; }
  bool ready() const override { return says_ready && (!queue_.empty() || ended_); }
  bool holds_back() const override { return holds; }
  std::optional<ResumePoint> position() const override { return resume_point; }
  const DecoderCounters& counters() const override { return counters_; }
  Status status() const override { return queue_.empty() ? status_ : Status(); }

 private:
  std::deque<OwnedEvent> queue_;
  std::vector<OwnedEvent> given_;  // what the last batch views
  std::vector<Event> batch_;
  bool ended_ = false;
  Status status_;
  std::size_t polls_ = 0;
  DecoderCounters counters_;
};

}  // namespace k8sentry::testing
