// Remembers of each Event object what was last read of it, to know how many sightings
// the next frame brings (docs/semantics.md 2 and 14).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/hash.h"
#include "base/slot_index.h"
#include "base/slot_list.h"
#include "k8sentry/event.h"

namespace k8sentry::internal {

class UidTable {
 public:
  // An event that began more than `lookback` ago counts once; nullopt: no limit.
  UidTable(std::size_t max_uids, std::optional<Duration> lookback);

  // What stands for an uid in the table.
  static Hash128 KeyOf(std::string_view uid) {
    return {Hash(uid, HashSeed()), Hash(uid, ~HashSeed())};
  }
  void Prefetch(const Hash128& key) const { index_.Prefetch(key.low); }

  // The sightings that `event` brings, and remembers it. 0: the event is stale.
  // Requires: `key` is KeyOf(event.uid).
  std::int64_t Observe(const Event& event, const Hash128& key, Time now);

  std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    Hash128 key;
    std::uint64_t version = 0;
    Time last;
    std::int64_t total = 0;
    SlotLink link;
  };

  std::int64_t FirstSightings(const Event& event, Time occurrence, Time now) const;
  std::uint32_t Insert(const Hash128& key);

  std::size_t max_uids_;
  std::optional<Duration> lookback_;
  std::vector<Entry> entries_;
  SlotIndex index_;
  SlotList<Entry, &Entry::link> by_age_;  // least recently seen first
};

}  // namespace k8sentry::internal
