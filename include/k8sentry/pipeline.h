// A Pipeline carries Events from the wire to tellings: filter, count, group, tell.
//
// It is a function of (state, event, now): it does no I/O and reads no clock, and it
// allocates nothing between bytes and verdict. The Runner drives one; drive it yourself
// when you have your own loop and your own queue.
//
// Threads: one at a time per instance.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>

#include "k8sentry/deduplicator.h"
#include "k8sentry/filter.h"
#include "k8sentry/sink.h"
#include "k8sentry/state.h"
#include "k8sentry/stats.h"

namespace k8sentry {

enum class TimeSource {
  kCaller,  // live: `now` is what the caller passes
  kEvents,  // replay: `now` is the running maximum of occurrence times (semantics 6)
};

struct PipelineOptions {
  // Joins the key, and the fingerprint, when the user named it. Never guessed.
  std::string cluster_name = {};
  FilterOptions filter = {};
  DeduplicatorOptions deduplicator = {};
  TimeSource time = TimeSource::kCaller;
  // How far back a live source's first list counts: an event that began earlier counts
  // as one sighting. A replay ignores it.
  Duration lookback = std::chrono::minutes(15);
  // Objects whose last version and total are remembered; least recently seen out.
  std::size_t max_uids = 65536;
};

class Pipeline {
 public:
  // What is told, in order. A Telling is built, and allocates, only for this call.
  using TellingFunction = std::function<void(Telling&&)>;

  // Sees an event that the filters let through and that says something new.
  using AdmittedFunction = std::function<void(const Event&)>;

  virtual ~Pipeline() = default;

  // From now on Process shows each such event to `admitted`, before what it tells of
  // it. Without, this costs nothing.
  virtual void SetAdmitted(AdmittedFunction admitted) = 0;

  // Takes `events` in order and calls `tell` for what must be told now.
  virtual void Process(std::span<const Event> events, Now now,
                       const TellingFunction& tell) = 0;
  // Closes the windows that are due. In a replay the events do that, and this nothing.
  virtual void Expire(Now now, const TellingFunction& tell) = 0;
  virtual SteadyTime NextDeadline() const = 0;
  // Closes all windows and tells what they swallowed: for a shutdown without state.
  virtual void Close(Now now, const TellingFunction& tell) = 0;

  // Every open window that swallowed something, as the still-firing telling it would be
  // now; changes nothing. A replay ends with these.
  virtual void ForEachOpen(const std::function<void(const Telling&)>& visit) const = 0;

  // What it remembers of keys, oldest first, for another process; and back into a new
  // pipeline. A key whose window ended meanwhile closes at the next Expire.
  virtual std::vector<KeptKey> Save(SteadyTime now) const = 0;
  virtual void Load(std::span<const KeptKey> keys, SteadyTime now) = 0;

  // The part of the ledger that the pipeline knows: stale, filtered, routed,
  // below_threshold, swallowed, summaries. `seen` counts the events it was given.
  virtual const Ledger& ledger() const = 0;
};

// Errors: kInvalidArgument, as NewFilter and NewDeduplicator.
Result<std::unique_ptr<Pipeline>> NewPipeline(const PipelineOptions& options);

}  // namespace k8sentry
