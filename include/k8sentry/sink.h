// A Sink is where tellings go: Sentry first, and anything else that takes a Telling.
//
// A sink never blocks. `Send` takes tellings and returns at once; later, from `Poll` or
// from the HttpTransport's Poll, it says of each exactly once how it ended. Queueing,
// retries and their delays are not its business: the Runner's delivery queue does them.
//
// Threads: one at a time per instance, the Runner's.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "k8sentry/event.h"
#include "k8sentry/key.h"

namespace k8sentry {

enum class TellingKind : std::uint8_t {
  kFirst,        // new trouble
  kStillFiring,  // a window closed that had swallowed something
  kEach,         // windows are off: every sighting-bearing frame
};
std::string_view TellingKindName(TellingKind kind);  // "first", "still-firing", "each"

// 16 bytes that the same telling always gets, whoever computes them (semantics 7).
using TellingId = std::array<std::uint8_t, 16>;
std::string HexId(const TellingId& id);  // 32 lower-case hex digits

// What a sink gets. Owns all it holds.
struct Telling {
  TellingId id = {};
  TellingKind kind = TellingKind::kFirst;
  Key key;
  std::string workload_kind;   // the owner's, else a guess; the name is in `key`
  OwnedEvent event;            // the last one
  std::int64_t sightings = 0;  // occurrences this telling carries (of kStillFiring: 0)
  std::int64_t swallowed = 0;  // occurrences since the last telling (kStillFiring only)
  std::int64_t frames = 1;     // watch frames it stands for; 0 for kStillFiring
  Time first_seen;
  Time last_seen;
};

struct Outcome {
  enum class Kind : std::uint8_t {
    kDelivered,
    kRetry,       // failed for now: the queue tries again after a backoff
    kLimited,     // the receiver asked for silence until `retry_at`; nothing was lost
    kRejected,    // refused for good
    kSampledOut,  // left out by a sample rate; never sent
  };
  Kind kind = Kind::kDelivered;
  SteadyTime retry_at;  // kRetry and kLimited: not before this; min() leaves it open
  std::string detail;   // for the log; hostile text
};

// Called once for each telling of a Send, with its index; never inside Send.
using Completion = std::function<void(std::size_t index, const Outcome& outcome)>;

// Why a telling never reached its sink, beside what the sink itself said.
enum class Loss : std::uint8_t {
  kQueueFull,
  kGaveUp,     // after too many attempts
  kSpoolFull,  // pushed out of the spool, or too old for it
};

class Sink {
 public:
  virtual ~Sink() = default;

  // A short name for logs, such as "sentry".
  virtual std::string_view name() const = 0;

  // Takes `batch`; the tellings stay valid and unmoved until their completion has run.
  virtual void Send(std::span<const Telling> batch, Now now, Completion done) = 0;

  // Runs completions that are due.
  virtual void Poll(Now now) = 0;
  virtual SteadyTime NextDeadline() const { return SteadyTime::max(); }

  // Tellings it wants under way at once, at least 1: few enough that overflow and
  // folding still reach a long queue, enough to be busy between two rounds of the loop.
  // Given more, it takes them all the same.
  virtual std::size_t max_in_flight() const { return 64; }

  // For sinks that want more than tellings; the stock ones do nothing.
  // Each Event that the filters let through and that says something new, told or not,
  // before a telling of it. The views are valid during the call. Called only for
  // RunnerOptions::sink, and only if it wants that: asked once, by NewRunner.
  virtual void Admitted(const Event&, Now) {}
  virtual bool wants_admitted() const { return false; }
  // A telling that was made, before it waits in the queue.
  virtual void Told(const Telling&, Now) {}
  // A telling that the queue, or the spool, has lost. Its frames are in the ledger.
  virtual void Lost(const Telling&, Loss, Now) {}
  // Sends what waits for company or for a better time (buffered logs).
  virtual void Flush(Now) {}
  // Whether all that it took beside tellings is settled: what a drain waits for.
  virtual bool idle() const { return true; }

  // Tells this receiver from others of its kind, across restarts and without secrets:
  // names the folder of its spool. 1 to 64 of [A-Za-z0-9_.-].
  virtual std::string spool_name() const { return std::string(name()); }

  // Tellings are not taken before this time: a rate limit lasts. min(): none.
  virtual SteadyTime limited_until() const { return SteadyTime::min(); }
};

}  // namespace k8sentry
