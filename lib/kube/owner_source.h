// The EventSource that adds owners to what another one gives.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "k8sentry/owner_source.h"
#include "kube/owner_lookup.h"

namespace k8sentry::internal {

class OwnerSource final : public EventSource {
 public:
  // Requires: options as NewOwnerSource accepts them.
  OwnerSource(EventSource& inner, const OwnerSourceOptions& options,
              HttpTransport& transport, Logger& logger, std::uint64_t seed);

  EventBatch Poll(Now now) override;
  EventBatch Flush(Now now) override;
  SteadyTime NextDeadline() const override;
  int descriptor() const override { return inner_.descriptor(); }
  bool ready() const override;
  bool holds_back() const override { return !waiting_.empty(); }
  const DecoderCounters& counters() const override { return inner_.counters(); }
  Status status() const override { return inner_.status(); }
  std::string_view malformed_sample() const override {
    return inner_.malformed_sample();
  }
  std::optional<ResumePoint> position() const override;
  std::optional<std::uint64_t> total_bytes() const override {
    return inner_.total_bytes();
  }

 private:
  struct Waiting {
    OwnedEvent event;
    std::string raw_object;  // only of Events without uid: their id is made of it
    bool wanted = false;     // its owner is worth knowing

    std::size_t bytes() const {
      return sizeof *this + event.bytes() + raw_object.size();
    }
  };
  // What the inner source gave at once, and what is true for all of it.
  struct WaitingBatch {
    SteadyTime arrived;
    std::vector<Waiting> events;
    std::size_t next = 0;  // those before it were given
  };

  bool Wanted(const Event& event, Now now);
  void Forget();
  void Take(std::span<const Event> events, Now now);
  // Moves what need not wait any longer from the front of the line to the batch.
  void Release(Now now, bool all);
  void Give(Waiting& waiting, const Owner& owner);
  bool too_much() const {
    return waiting_events_ > options_.max_waiting_events ||
           waiting_bytes_ > options_.max_waiting_bytes;
  }

  EventSource& inner_;
  const OwnerSourceOptions options_;
  ApiClient api_;
  OwnerLookup lookup_;
  std::deque<WaitingBatch> waiting_;
  std::size_t waiting_events_ = 0;
  std::size_t waiting_bytes_ = 0;
  std::optional<SourceState> ended_;  // how the inner source ended
  std::vector<Event> batch_;
  std::vector<Waiting> given_;  // whose text the batch views
};

}  // namespace k8sentry::internal
