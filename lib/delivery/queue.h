// A Queue holds tellings until their sink has taken or refused them.
//
// It is the only place that retries, and the only one that drops: bounded in tellings
// and bytes, the oldest Normal one goes first, then the oldest. While the sink asks for
// silence, tellings of one key fold into one, which keeps the true count.
//
// With a spool nothing is dropped before that is full, too: what memory cannot hold
// goes to disk and comes back in order; and while the sink is away for longer, so does
// a copy of what memory holds.
//
// Threads: one at a time per instance. Reads no clock and draws its jitter from the
// seed it was given, so that a test sees the same every time.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "delivery/spool.h"
#include "k8sentry/logger.h"
#include "k8sentry/runner.h"
#include "k8sentry/sink.h"

namespace k8sentry::internal {

// Where the frames of all tellings are; each is in exactly one.
struct QueueCounters {
  std::uint64_t sampled_out = 0;
  std::uint64_t overflowed = 0;
  std::uint64_t rejected = 0;
  std::uint64_t delivered = 0;
  std::uint64_t in_flight = 0;  // waiting or sent
};

class Queue {
 public:
  // `sink` and `logger` must outlive the queue. The sink may outlive it with tellings
  // under way: these stay valid until their completion has run.
  Queue(const QueueOptions& options, QueueFull when_full, Sink& sink, Logger& logger,
        std::uint64_t seed, std::unique_ptr<Spool> spool = nullptr);
  ~Queue();
  Queue(const Queue&) = delete;
  Queue& operator=(const Queue&) = delete;

  void Push(Telling&& telling, Now now);

  // Settles what the sink has completed, and hands out what is due.
  void Pump(Now now);
  // When Pump has work although nothing is completed; min() when it has some now.
  SteadyTime NextDeadline() const;

  // Lets no telling wait out its backoff (but its rate limit): there is no later.
  void RetryNow();

  // Writes all that is not settled to the spool, for another process. False: there is
  // none, or it took not all.
  bool SpoolAll(Now now);

  // Nothing waits, neither here nor in the spool.
  bool empty() const;
  // In memory.
  std::size_t size() const { return waiting_.size() + under_way_; }
  // Tellings that the sink has and has not completed.
  std::size_t under_way() const { return under_way_; }
  bool full() const;
  // Tellings wait only until the sink, which has all that it takes at once, has
  // completed some.
  bool crowded() const;
  // The uid and version of every telling that stands for frames, is not settled, and
  // would be lost with this process; in no order.
  using VersionFunction =
      std::function<void(std::string_view uid, std::string_view version)>;
  void ForEachUnsettled(const VersionFunction& visit) const;

  const QueueCounters& counters() const { return counters_; }

 private:
  using Sequence = std::uint64_t;

  struct Entry {
    Telling telling;
    Sequence sequence = 0;
    int attempts = 0;
    int strikes = 0;            // attempts that count against it
    std::uint64_t answers = 0;  // what the sink had delivered when it was tried
    bool may_have_arrived = false;
    SpoolPlace place;      // of its copy on disk
    bool settled = false;  // in a batch that is under way
    SteadyTime not_before = SteadyTime::min();
    bool limited = false;  // `not_before` is the sink's wish, not our backoff
    std::size_t bytes = 0;
  };
  // What one Send was given. The sink's completion shares it, so that the tellings stay
  // valid even when the queue is gone.
  struct Batch {
    Queue* queue = nullptr;
    std::vector<Telling> tellings;
    std::vector<Entry> entries;  // without their tellings
    std::size_t open = 0;
  };
  struct Completed {
    std::shared_ptr<Batch> batch;
    std::size_t index;
    Outcome outcome;
  };
  // Tellings lost for one reason, for the log.
  struct Losses {
    std::uint64_t tellings = 0;
    std::uint64_t next_line = 1;
  };
  struct KeyHash {
    std::size_t operator()(const Key& key) const;
  };

  static std::size_t BytesOf(const Telling& telling);
  void CopyToSpool(Entry& entry);
  bool GoesToSpoolOnly(Entry& entry);
  Result<SpoolPlace> Append(const Telling& telling, const Replaced& replaces,
                            Spool::Copy copy);
  void Forget(const Entry& entry);
  void LoseFromSpool(const Telling& telling);
  void NoteSpooling();
  void SetSpooling();
  void LoadFromSpool();
  void SyncSpool();
  SteadyTime NextSpoolDeadline() const;
  std::size_t max_under_way() const;
  SteadyTime silent_until() const;
  bool away() const { return spooling_ && failing_; }
  bool has_room_for(const Telling& telling) const;
  bool on_disk(const Entry& entry) const {
    return entry.place && spool_ != nullptr && spool_->holds(entry.place);
  }

  void HandOut(Now now);
  void Settle(Now now);
  void SettleOne(Entry&& entry, const Outcome& outcome, Now now);
  void Retry(Entry&& entry, const Outcome& outcome, Now now);
  void Limit(Entry&& entry, const Outcome& outcome, SteadyTime now);
  void Wait(Entry&& entry);
  Entry Take(Sequence sequence);
  void Trim(Now now);
  void NoteLimit(SteadyTime until, SteadyTime now);
  void FoldAll();
  bool FoldIn(Entry& entry);
  void SendBatch(Now now);
  Duration Backoff(int attempts);
  void LogDoubling(Losses& losses, std::string_view message, const std::string& detail);

  const QueueOptions options_;
  const QueueFull when_full_;
  Sink& sink_;
  Logger& logger_;
  std::minstd_rand random_;

  std::map<Sequence, Entry> waiting_;                  // oldest first
  std::set<Sequence> normal_;                          // of these, the Normal ones,
  std::set<Sequence> ready_;                           // those that may be sent now,
  std::set<std::pair<SteadyTime, Sequence>> delayed_;  // and those that may not yet
  std::vector<std::shared_ptr<Batch>> batches_;        // under way
  std::vector<Completed> completed_;
  Sequence next_sequence_ = 0;
  std::size_t under_way_ = 0;
  std::size_t bytes_ = 0;

  SteadyTime limited_until_ = SteadyTime::min();
  bool folding_ = false;
  // While folding: the one waiting telling of each key into which others fold.
  std::unordered_map<Key, Sequence, KeyHash> by_key_;

  bool failing_ = false;
  SteadyTime failing_since_, limited_since_;
  SteadyTime ask_again_ = SteadyTime::min();  // while it is away
  std::uint64_t answers_ = 0;                 // deliveries
  Losses dropped_, rejected_, pushed_out_;

  const std::unique_ptr<Spool> spool_;  // or null
  bool spooling_ = false;               // the sink is away: all is copied to disk
  bool spool_fails_ = false;
  bool spool_was_empty_ = true;  // for the log
  Now now_ = {};                 // the last that it was given
  QueueCounters counters_;
};

}  // namespace k8sentry::internal
