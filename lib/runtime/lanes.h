// Lanes are the sinks of a Runner, each with a queue of its own: one sink, or those
// that a router chooses. One that is away or limited holds up none of the others.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "delivery/queue.h"
#include "k8sentry/runner.h"

namespace k8sentry::internal {

class Lanes {
 public:
  // Everything in `options` must outlive the lanes. Errors: kInvalidArgument,
  // kConfiguration (the spool).
  static Result<std::unique_ptr<Lanes>> New(const RunnerOptions& options,
                                            std::uint64_t seed, Now now);

  // To the sink that the router chooses, which is told of it first.
  void Push(Telling&& telling, Now now);
  // One turn of the loop: lets the sinks complete, and hands out what is due.
  void Poll(Now now);
  SteadyTime NextDeadline() const;

  // What begins a drain: no backoff lasts, and no sink keeps what it could send.
  void BeginDrain(Now now);
  // What ends one: leaves what waits to the spools. False: not all.
  bool SpoolAll(Now now);
  // Whether nothing can happen before `time`.
  bool idle_until(SteadyTime time) const;
  // Whether the sinks have settled what they took beside tellings.
  bool sinks_idle() const;

  // Of all lanes.
  bool empty() const;
  bool full() const;
  // Whether tellings wait only until a sink can take more.
  bool crowded() const;
  std::size_t size() const;
  void ForEachUnsettled(const Queue::VersionFunction& visit) const;
  QueueCounters counters() const;

 private:
  struct Lane {
    Sink* sink;
    std::unique_ptr<Queue> queue;
  };

  Lanes(const RunnerOptions& options, std::uint64_t seed);
  Status Add(Sink& sink, Now now);
  Queue& QueueOf(Sink& sink, Now now);
  void Retire();

  const QueueOptions options_;
  const SpoolOptions spool_;
  const QueueFull when_full_;
  Sink& sink_;
  SinkRouter* const router_;
  Logger& logger_;
  std::uint64_t seed_;
  std::vector<Lane> lanes_;  // the first one is sink_'s, and stays
  QueueCounters retired_;    // of lanes that are gone
};

}  // namespace k8sentry::internal
