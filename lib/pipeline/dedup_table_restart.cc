// What the table leaves to another process, and takes from one.
#include <algorithm>

#include "pipeline/dedup_table.h"
#include "pipeline/kept_event.h"

namespace k8sentry::internal {

std::vector<KeptKey> DedupTable::Save(SteadyTime now) const {
  std::vector<KeptKey> kept;
  kept.reserve(size());
  for (std::uint32_t slot = by_opening_.front(); slot != kNone;
       slot = by_opening_.Next(entries_[slot])) {
    const Entry& entry = entries_[slot];
    KeptKey& key = kept.emplace_back();
    key.key = ToKey(ReadKey(entry));
    key.count = entry.count;
    key.first_seen = entry.first_seen;
    key.last_seen = entry.last_seen;
    switch (entry.state) {
      case State::kCounting:
        key.stage = KeptKey::Stage::kCounting;
        key.age = now - entry.at;
        break;
      case State::kWindow:
        key.stage = KeptKey::Stage::kWindow;
        key.window = levels_[entry.level].length;
        key.age = now - (entry.at - key.window);
        break;
      case State::kDone:
        key.stage = KeptKey::Stage::kUnlocked;
        break;
    }
    if (entry.kept != nullptr) {
      key.event.emplace(ReadEvent(entry.kept, key.id, event_text_));
    }
  }
  return kept;
}

// The window of this length, or the next longer one there is now.
std::size_t DedupTable::LevelOf(Duration length) const {
  std::size_t level = 0;
  while (level + 1 < levels_.size() && levels_[level].length < length) ++level;
  return level;
}

void DedupTable::Load(const KeptKey& kept, std::uint64_t hash, SteadyTime now) {
  const bool window = kept.stage == KeptKey::Stage::kWindow;
  // Windows may have been switched on or off since.
  if (window ? levels_.empty()
             : kept.stage == KeptKey::Stage::kUnlocked && !levels_.empty()) {
    return;
  }
  const std::size_t bytes = kept.event ? EventTextBytes(kept.event->view()) : 0;
  if (index_.size() >= max_keys_ || kept_bytes_ + bytes > max_event_bytes_) return;
  now_ = std::max(now_, now);
  const std::uint32_t slot =
      Insert({kept.key.cluster, kept.key.namespace_, kept.key.workload,
              kept.key.container, kept.key.reason, kept.key.message_class, hash});
  if (window) OpenWindow(slot, LevelOf(kept.window), now - kept.age);
  Entry& entry = entries_[slot];
  if (kept.stage == KeptKey::Stage::kCounting) entry.at = now - kept.age;
  if (kept.stage == KeptKey::Stage::kUnlocked) entry.state = State::kDone;
  entry.first_seen = kept.first_seen;
  entry.last_seen = kept.last_seen;
  // A window that swallowed something can only tell so with an event.
  if (window && !kept.event) return;
  entry.count = kept.count;
  if (!kept.event) return;
  entry.kept = WriteEvent(kept.event->view(), kept.id, chunks_);
  entry.kept_bytes = bytes;
  kept_bytes_ += bytes;
}

}  // namespace k8sentry::internal
