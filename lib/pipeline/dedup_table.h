// The table behind the Deduplicator: keys with their threshold or window
// (docs/semantics.md 4 and 16).
//
// Windows have few lengths, each twice the one before, and open in the order of time;
// so the windows of one length end in the order they were opened. One queue for each
// length is all it takes to find the next that is due.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/slot_index.h"
#include "base/slot_list.h"
#include "k8sentry/deduplicator.h"
#include "k8sentry/state.h"
#include "pipeline/chunk_pool.h"
#include "pipeline/telling_id.h"
#include "pipeline/telling_view.h"

namespace k8sentry::internal {

class DedupTable {
 public:
  static Status Check(const DeduplicatorOptions& options);

  // Requires: Check(options).ok(). Without `ids`, views carry no id.
  explicit DedupTable(const DeduplicatorOptions& options, TellingIds* ids = nullptr);
  DedupTable(const DedupTable&) = delete;
  DedupTable& operator=(const DedupTable&) = delete;

  DedupDecision Observe(const Sighting& sighting, TellingVisitor& visitor);
  void Expire(SteadyTime now, TellingVisitor& visitor) {
    if (now >= next_deadline_) CloseDue(now, visitor);
  }
  void Close(TellingVisitor& visitor);
  void ForEachOpen(TellingVisitor& visitor) const;
  // All keys, opened longest ago first.
  std::vector<KeptKey> Save(SteadyTime now) const;
  // Takes one key back, in that order; what does not fit is left out. Requires: the key
  // is not in the table, `hash` is its hash.
  void Load(const KeptKey& kept, std::uint64_t hash, SteadyTime now);
  SteadyTime NextDeadline() const { return next_deadline_; }
  std::size_t size() const { return index_.size(); }

  // Bring into the cache what Observe of a key with this hash will need, in three steps
  // that need one another.
  void PrefetchIndex(std::uint64_t hash) const { index_.Prefetch(hash); }
  void PrefetchEntry(std::uint64_t hash) const;
  void PrefetchText(std::uint64_t hash) const;

 private:
  enum class State : std::uint8_t {
    kCounting,  // below its threshold
    kWindow,    // told; a window is open
    kDone,      // told, and windows are off
  };

  struct Entry {
    std::uint64_t hash = 0;
    Chunk* key_text = nullptr;
    std::uint32_t part_bytes[6] = {};
    State state = State::kCounting;
    std::uint8_t level = 0;
    SteadyTime at;             // the window's end, or the threshold window's beginning
    std::uint64_t opened = 0;  // which opening this was
    std::int64_t count = 0;    // swallowed, or counted towards the threshold
    Time first_seen;           // of those
    Time last_seen;
    Chunk* kept = nullptr;  // the last one swallowed
    std::size_t kept_bytes = 0;
    SlotLink age_link;
    SlotLink window_link;
  };
  struct Level {
    Duration length;
    SlotList<Entry, &Entry::window_link> open;
  };
  static constexpr std::uint32_t kNone = SlotIndex::kNone;

  std::int64_t ThresholdOf(std::string_view reason) const;
  std::uint32_t Find(const KeyView& key) const;
  bool SameKey(const Entry& entry, const KeyView& key) const;
  KeyView ReadKey(const Entry& entry) const;
  std::uint32_t Insert(const KeyView& key);
  void Forget(std::uint32_t slot);

  DedupDecision Count(std::uint32_t slot, const Sighting& sighting, Time first,
                      Time last, std::int64_t threshold);
  void Swallow(std::uint32_t slot, const Sighting& sighting, Time first, Time last,
               TellingVisitor& visitor);
  bool MakeRoomFor(std::uint32_t slot, std::size_t bytes, TellingVisitor& visitor);
  void Keep(Entry& entry, const Event& event, std::size_t bytes);
  void DropKept(Entry& entry);

  void Opened(std::uint32_t slot);
  void OpenWindow(std::uint32_t slot, std::size_t level, SteadyTime now);
  std::size_t LevelOf(Duration length) const;
  void LeaveWindow(std::uint32_t slot);
  void CloseDue(SteadyTime now, TellingVisitor& visitor);
  std::uint32_t NextDue() const;
  void Evict(std::uint32_t slot, TellingVisitor& visitor);
  void Tell(const Entry& entry, TellingVisitor& visitor) const;

  std::vector<std::pair<std::string, std::int64_t>> thresholds_;  // sorted
  Duration threshold_window_;
  std::size_t max_keys_;
  std::size_t max_event_bytes_;
  TellingIds* ids_;

  std::vector<Level> levels_;  // none: windows are off
  std::vector<Entry> entries_;
  std::uint32_t free_ = kNone;  // a list through age_link.next
  SlotIndex index_;
  SlotList<Entry, &Entry::age_link> by_opening_;  // opened longest ago first
  ChunkPool chunks_;
  mutable std::string key_text_, event_text_;  // of what is just being told
  std::size_t kept_bytes_ = 0;
  std::uint64_t openings_ = 0;
  SteadyTime now_ = SteadyTime::min();
  SteadyTime next_deadline_ = SteadyTime::max();
};

}  // namespace k8sentry::internal
