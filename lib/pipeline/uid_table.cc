#include "pipeline/uid_table.h"

#include <algorithm>
#include <chrono>

namespace k8sentry::internal {
namespace {

constexpr std::uint64_t kNoVersion = ~0ull;

// Versions are decimal numbers in practice and opaque by contract; only equality
// counts.
std::uint64_t VersionOf(std::string_view text) {
  if (text.empty()) return kNoVersion;
  std::uint64_t number = 0;
  bool canonical = text.size() <= 18 && (text[0] != '0' || text.size() == 1);
  for (std::size_t i = 0; canonical && i < text.size(); ++i) {
    canonical = text[i] >= '0' && text[i] <= '9';
    number = number * 10 + static_cast<std::uint64_t>(text[i] - '0');
  }
  if (canonical) return number;
  return (Hash(text, HashSeed()) >> 1) | 1ull << 63;
}

}  // namespace

UidTable::UidTable(std::size_t max_uids, std::optional<Duration> lookback)
    : max_uids_(max_uids), lookback_(lookback) {}

std::int64_t UidTable::FirstSightings(const Event& event, Time occurrence,
                                      Time now) const {
  if (event.frame_type == FrameType::kModified) return 1;
  const Time first = event.first_time().value_or(occurrence);
  if (lookback_ && first < now &&
      now - first > std::chrono::floor<std::chrono::microseconds>(*lookback_)) {
    return 1;
  }
  return event.total();
}

std::uint32_t UidTable::Insert(const Hash128& key) {
  std::uint32_t slot;
  if (entries_.size() < max_uids_) {
    if (entries_.size() == entries_.capacity()) {
      entries_.reserve(
          std::min(max_uids_, std::max<std::size_t>(64, entries_.size() * 2)));
    }
    slot = static_cast<std::uint32_t>(entries_.size());
    entries_.emplace_back();
    by_age_.PushBack(entries_, slot);
  } else {
    slot = by_age_.front();
    index_.Erase(entries_[slot].key.low, slot);
    by_age_.MoveToBack(entries_, slot);
  }
  entries_[slot].key = key;
  index_.Insert(key.low, slot);
  return slot;
}

std::int64_t UidTable::Observe(const Event& event, const Hash128& key, Time now) {
  const Time occurrence = event.occurrence_time().value_or(now);
  if (event.uid.empty()) return FirstSightings(event, occurrence, now);
  const std::uint64_t version = VersionOf(event.resource_version);
  const std::int64_t total = event.total();
  std::int64_t sightings;
  std::uint32_t slot =
      index_.Find(key.low, [&](std::uint32_t s) { return entries_[s].key == key; });
  if (slot == SlotIndex::kNone) {
    sightings = FirstSightings(event, occurrence, now);
    slot = Insert(key);
  } else {
    by_age_.MoveToBack(entries_, slot);
    const Entry& entry = entries_[slot];
    if (version == entry.version && version != kNoVersion) return 0;
    sightings = total > entry.total ? total - entry.total : occurrence > entry.last;
  }
  Entry& entry = entries_[slot];
  entry.version = version;
  entry.total = total;
  entry.last = occurrence;
  return sightings;
}

}  // namespace k8sentry::internal
