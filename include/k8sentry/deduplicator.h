// A Deduplicator decides whether a sighting repeats trouble already told.
//
// Kubernetes repeats itself: a crash-looping pod bumps `count` on one Event object, and
// a Deployment's pods fail together. The deduplicator turns that stream into "tell" and
// "swallow", remembers how much it swallowed, and says so when a window closes. What
// the words mean, to the second, is docs/semantics.md 4.
//
// Threads: one at a time per instance. Never blocks, performs no I/O and reads no
// clock: sightings carry `now`, so tests never sleep.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>

#include "k8sentry/event.h"
#include "k8sentry/key.h"

namespace k8sentry {

// The parts of a Key as views, with their hash; what the hot path uses.
struct KeyView {
  std::string_view cluster, namespace_, workload, container, reason, message_class;
  std::uint64_t hash = 0;  // equal keys have equal hashes
};
Key ToKey(const KeyView& key);

// An event that was seen, and how many occurrences it stands for.
struct Sighting {
  const Event* event = nullptr;
  KeyView key;
  std::int64_t count = 1;  // at least 1
  SteadyTime now;          // never runs backwards
  Time wall;               // for events that carry no time
};

enum class DedupVerdict : std::uint8_t { kTell, kSwallow, kBelowThreshold };

struct DedupDecision {
  DedupVerdict verdict = DedupVerdict::kTell;
  // For kTell: all sightings told with this frame (with those that the threshold held
  // back), and when the trouble was first and last seen.
  std::int64_t sightings = 0;
  Time first_seen;
  Time last_seen;
};

// A window closed that had swallowed something. Views are valid during the call.
struct StillFiring {
  KeyView key;
  Event event;  // the last one swallowed; raw_object is empty
  std::int64_t swallowed = 0;
  Time first_seen;  // of what was swallowed
  Time last_seen;
};

class StillFiringSink {
 public:
  virtual void OnStillFiring(const StillFiring& telling) = 0;

 protected:
  ~StillFiringSink() = default;
};

// A window that is open, for whoever reports what it swallowed so far.
using OpenWindow = StillFiring;

struct DeduplicatorOptions {
  // The first window; the next are twice as long each, up to `max_window`. 0: tell all.
  Duration window = std::chrono::minutes(5);
  Duration max_window = std::chrono::hours(1);
  // Sightings of a reason that a key needs before it is told; others need 1.
  std::map<std::string, std::int64_t> thresholds = {};
  Duration threshold_window = std::chrono::minutes(10);
  // Bounds of the table. A full one closes its oldest window early, and tells it.
  std::size_t max_keys = 16384;
  std::size_t max_event_bytes = 8 << 20;  // of the events kept for still-firing
};

class Deduplicator {
 public:
  virtual ~Deduplicator() = default;

  // Decides on each sighting in order; before each, closes the windows due by its time,
  // as Expire does. `decisions` has the size of `batch`. Events are only read.
  virtual void Observe(std::span<const Sighting> batch, StillFiringSink& sink,
                       std::span<DedupDecision> decisions) = 0;

  // Closes the windows that are due, earliest first, and tells `sink` of each that
  // swallowed something. Call when NextDeadline() passes, or whenever convenient.
  virtual void Expire(SteadyTime now, StillFiringSink& sink) = 0;
  virtual SteadyTime NextDeadline() const = 0;

  // Closes every window: for a shutdown that keeps no state.
  virtual void Close(StillFiringSink& sink) = 0;

  // Shows every open window that swallowed something; changes nothing.
  virtual void ForEachOpen(StillFiringSink& visitor) const = 0;

  // Keys in the table, told or still below their threshold.
  virtual std::size_t size() const = 0;
};

// Errors: kInvalidArgument (a negative duration, a threshold below 1, a zero bound).
Result<std::unique_ptr<Deduplicator>> NewDeduplicator(
    const DeduplicatorOptions& options);

}  // namespace k8sentry
