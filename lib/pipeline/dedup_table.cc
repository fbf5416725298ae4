#include "pipeline/dedup_table.h"

#include <algorithm>
#include <array>

#include "pipeline/kept_event.h"

namespace k8sentry::internal {
namespace {

std::array<std::string_view, 6> PartsOf(const KeyView& key) {
  return {key.cluster,   key.namespace_, key.workload,
          key.container, key.reason,     key.message_class};
}

SteadyTime Later(SteadyTime now, Duration length) {
  if (now > SteadyTime() && SteadyTime::max() - now < length) return SteadyTime::max();
  return now + length;
}

// Whether `now` lies at least `length` behind `start`, which may be very far away.
bool IsOver(SteadyTime start, Duration length, SteadyTime now) {
  return now >= Later(start, length);
}

}  // namespace

Status DedupTable::Check(const DeduplicatorOptions& options) {
  const auto bad = [](const char* what) {
    return Status(StatusCode::kInvalidArgument, what);
  };
  if (options.window < Duration::zero()) return bad("the window is negative");
  if (options.max_window < Duration::zero())
    return bad("the longest window is negative");
  if (options.window > Duration::zero() && options.max_window == Duration::zero()) {
    return bad("the longest window is 0; to have no windows make the first one 0");
  }
  if (options.threshold_window < Duration::zero()) {
    return bad("the threshold window is negative");
  }
  if (options.max_keys == 0 || options.max_keys >= kNone) {
    return bad("the number of keys is 0, or too large");
  }
  if (options.max_event_bytes == 0) return bad("no bytes to keep events in");
  for (const auto& [reason, threshold] : options.thresholds) {
    if (threshold < 1) {
      return Status(StatusCode::kInvalidArgument,
                    "the threshold of " + reason + " is below 1");
    }
  }
  return {};
}

DedupTable::DedupTable(const DeduplicatorOptions& options, TellingIds* ids)
    : thresholds_(options.thresholds.begin(), options.thresholds.end()),
      threshold_window_(options.threshold_window),
      max_keys_(options.max_keys),
      max_event_bytes_(options.max_event_bytes),
      ids_(ids) {
  const Duration longest = options.max_window;
  Duration length = options.window;
  while (length > Duration::zero()) {
    levels_.push_back({length, {}});
    if (length == longest) break;
    length = length > longest / 2 ? longest : length * 2;
  }
}

std::int64_t DedupTable::ThresholdOf(std::string_view reason) const {
  if (thresholds_.empty()) return 1;
  const auto at = std::lower_bound(
      thresholds_.begin(), thresholds_.end(), reason,
      [](const auto& entry, std::string_view r) { return entry.first < r; });
  return at != thresholds_.end() && at->first == reason ? at->second : 1;
}

// --- keys ---

bool DedupTable::SameKey(const Entry& entry, const KeyView& key) const {
  if (entry.hash != key.hash) return false;
  ChunkReader reader(entry.key_text);
  const std::array<std::string_view, 6> parts = PartsOf(key);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (parts[i].size() != entry.part_bytes[i] || !reader.Skip(parts[i])) return false;
  }
  return true;
}

KeyView DedupTable::ReadKey(const Entry& entry) const {
  std::size_t bytes = 0;
  for (const std::uint32_t n : entry.part_bytes) bytes += n;
  key_text_.resize(bytes);
  ChunkReader(entry.key_text).Read(key_text_.data(), bytes);
  const char* text = key_text_.data();
  std::array<std::string_view, 6> parts;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    parts[i] = {text, entry.part_bytes[i]};
    text += entry.part_bytes[i];
  }
  return {parts[0], parts[1], parts[2], parts[3], parts[4], parts[5], entry.hash};
}

std::uint32_t DedupTable::Find(const KeyView& key) const {
  return index_.Find(key.hash,
                     [&](std::uint32_t slot) { return SameKey(entries_[slot], key); });
}

void DedupTable::PrefetchEntry(std::uint64_t hash) const {
  const std::uint32_t slot = index_.Guess(hash);
  if (slot == kNone) return;
  __builtin_prefetch(&entries_[slot]);
  __builtin_prefetch(reinterpret_cast<const char*>(&entries_[slot]) + 64);
}

void DedupTable::PrefetchText(std::uint64_t hash) const {
  const std::uint32_t slot = index_.Guess(hash);
  if (slot == kNone) return;
  __builtin_prefetch(entries_[slot].key_text);
  __builtin_prefetch(entries_[slot].kept, 1);
}

// Requires: size() < max_keys_.
std::uint32_t DedupTable::Insert(const KeyView& key) {
  std::uint32_t slot = free_;
  if (slot != kNone) {
    free_ = entries_[slot].age_link.next;
  } else {
    if (entries_.size() == entries_.capacity()) {
      const std::size_t more = std::max<std::size_t>(64, entries_.size() * 2);
      entries_.reserve(std::min(max_keys_, more));
    }
    slot = static_cast<std::uint32_t>(entries_.size());
    entries_.emplace_back();
  }
  Entry& entry = entries_[slot];
  entry = {};
  entry.hash = key.hash;
  const std::array<std::string_view, 6> parts = PartsOf(key);
  ChunkWriter writer(chunks_);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    entry.part_bytes[i] = static_cast<std::uint32_t>(parts[i].size());
    writer.Write(parts[i]);
  }
  entry.key_text = writer.Finish();
  index_.Insert(key.hash, slot);
  by_opening_.PushBack(entries_, slot);
  return slot;
}

void DedupTable::Forget(std::uint32_t slot) {
  Entry& entry = entries_[slot];
  if (entry.state == State::kWindow) LeaveWindow(slot);
  DropKept(entry);
  chunks_.Give(entry.key_text);
  index_.Erase(entry.hash, slot);
  by_opening_.Remove(entries_, slot);
  entry.age_link.next = free_;
  free_ = slot;
}

// --- what a sighting does ---

DedupDecision DedupTable::Observe(const Sighting& sighting, TellingVisitor& visitor) {
  now_ = std::max(now_, sighting.now);
  Expire(now_, visitor);
  const Time last = sighting.event->occurrence_time().value_or(sighting.wall);
  const Time first = sighting.event->first_time().value_or(last);

  std::uint32_t slot = Find(sighting.key);
  if (slot != kNone && entries_[slot].state == State::kWindow) {
    Swallow(slot, sighting, first, last, visitor);
    return {.verdict = DedupVerdict::kSwallow};
  }
  const DedupDecision alone = {DedupVerdict::kTell, sighting.count, first, last};
  if (slot != kNone && entries_[slot].state == State::kDone) return alone;
  const std::int64_t threshold = ThresholdOf(sighting.event->reason);
  // Without windows there is nothing to remember of a key that needs one sighting.
  if (slot == kNone && levels_.empty() && threshold <= 1) return alone;

  if (slot == kNone) {
    if (index_.size() >= max_keys_) Evict(by_opening_.front(), visitor);
    slot = Insert(sighting.key);
    entries_[slot].at = now_;
    entries_[slot].first_seen = first;
    entries_[slot].last_seen = last;
  }
  return Count(slot, sighting, first, last, threshold);
}

// Counts towards the threshold; the frame that reaches it is told with all before it.
DedupDecision DedupTable::Count(std::uint32_t slot, const Sighting& sighting,
                                Time first, Time last, std::int64_t threshold) {
  Entry& entry = entries_[slot];
  if (entry.count > 0 && IsOver(entry.at, threshold_window_, now_)) {
    entry.count = 0;
    entry.at = now_;
    entry.first_seen = first;
    entry.last_seen = last;
    Opened(slot);
  }
  entry.count += sighting.count;
  entry.first_seen = std::min(entry.first_seen, first);
  entry.last_seen = std::max(entry.last_seen, last);
  if (entry.count < threshold) return {.verdict = DedupVerdict::kBelowThreshold};
  const DedupDecision told = {DedupVerdict::kTell, entry.count, entry.first_seen,
                              entry.last_seen};
  if (levels_.empty()) {
    entry.state = State::kDone;
  } else {
    OpenWindow(slot, 0, now_);
  }
  return told;
}

void DedupTable::Swallow(std::uint32_t slot, const Sighting& sighting, Time first,
                         Time last, TellingVisitor& visitor) {
  Entry& entry = entries_[slot];
  entry.first_seen = entry.count == 0 ? first : std::min(entry.first_seen, first);
  entry.last_seen = entry.count == 0 ? last : std::max(entry.last_seen, last);
  entry.count += sighting.count;
  const Event& event = *sighting.event;
  const std::size_t bytes = EventTextBytes(event);
  if (MakeRoomFor(slot, bytes, visitor)) {
    Keep(entry, event, bytes);
    return;
  }
  // This is the key opened longest ago: its window closes early, with this event.
  const KeyView key = ReadKey(entry);
  TellingId id;
  if (ids_ != nullptr && event.uid.empty())
    id = ids_->Of(TellingKind::kStillFiring, event);
  visitor.OnTelling({TellingKind::kStillFiring, key, event, 0, entry.count,
                     entry.first_seen, entry.last_seen,
                     ids_ != nullptr && event.uid.empty() ? &id : nullptr});
  Forget(slot);
}

// --- kept events ---

// Evicts keys until `bytes` fit in place of what the key in `slot` keeps; false if that
// key would be the next to go.
bool DedupTable::MakeRoomFor(std::uint32_t slot, std::size_t bytes,
                             TellingVisitor& visitor) {
  while (kept_bytes_ - entries_[slot].kept_bytes + bytes > max_event_bytes_) {
    if (by_opening_.front() == slot) return false;
    Evict(by_opening_.front(), visitor);
  }
  return true;
}

void DedupTable::Keep(Entry& entry, const Event& event, std::size_t bytes) {
  DropKept(entry);
  const bool by_bytes = ids_ != nullptr && event.uid.empty();
  entry.kept = WriteEvent(
      event, by_bytes ? ids_->Of(TellingKind::kStillFiring, event) : TellingId{},
      chunks_);
  entry.kept_bytes = bytes;
  kept_bytes_ += bytes;
}

void DedupTable::DropKept(Entry& entry) {
  chunks_.Give(entry.kept);
  kept_bytes_ -= entry.kept_bytes;
  entry.kept = nullptr;
  entry.kept_bytes = 0;
}

// --- windows ---

void DedupTable::Opened(std::uint32_t slot) {
  entries_[slot].opened = ++openings_;
  by_opening_.MoveToBack(entries_, slot);
}

void DedupTable::OpenWindow(std::uint32_t slot, std::size_t level, SteadyTime now) {
  Entry& entry = entries_[slot];
  entry.state = State::kWindow;
  entry.level = static_cast<std::uint8_t>(level);
  entry.at = Later(now, levels_[level].length);
  entry.count = 0;
  levels_[level].open.PushBack(entries_, slot);
  next_deadline_ = std::min(next_deadline_, entry.at);
  Opened(slot);
}

void DedupTable::LeaveWindow(std::uint32_t slot) {
  Entry& entry = entries_[slot];
  levels_[entry.level].open.Remove(entries_, slot);
  if (entry.at != next_deadline_) return;
  const std::uint32_t next = NextDue();
  next_deadline_ = next == kNone ? SteadyTime::max() : entries_[next].at;
}

// The window that ends first; of equal ends the one opened first.
std::uint32_t DedupTable::NextDue() const {
  std::uint32_t best = kNone;
  for (const Level& level : levels_) {
    if (level.open.empty()) continue;
    const std::uint32_t slot = level.open.front();
    if (best == kNone || std::pair(entries_[slot].at, entries_[slot].opened) <
                             std::pair(entries_[best].at, entries_[best].opened)) {
      best = slot;
    }
  }
  return best;
}

void DedupTable::CloseDue(SteadyTime now, TellingVisitor& visitor) {
  now_ = std::max(now_, now);
  for (std::uint32_t slot = NextDue(); slot != kNone && entries_[slot].at <= now_;
       slot = NextDue()) {
    Entry& entry = entries_[slot];
    if (entry.count == 0) {
      Forget(slot);
      continue;
    }
    Tell(entry, visitor);
    LeaveWindow(slot);
    DropKept(entry);
    OpenWindow(slot, std::min<std::size_t>(entry.level + 1, levels_.size() - 1), now_);
  }
}

void DedupTable::Tell(const Entry& entry, TellingVisitor& visitor) const {
  const KeyView key = ReadKey(entry);
  TellingId id;
  const Event event = ReadEvent(entry.kept, id, event_text_);
  const bool by_bytes = ids_ != nullptr && event.uid.empty();
  visitor.OnTelling({TellingKind::kStillFiring, key, event, 0, entry.count,
                     entry.first_seen, entry.last_seen, by_bytes ? &id : nullptr});
}

void DedupTable::Evict(std::uint32_t slot, TellingVisitor& visitor) {
  const Entry& entry = entries_[slot];
  if (entry.state == State::kWindow && entry.count > 0) Tell(entry, visitor);
  Forget(slot);
}

void DedupTable::Close(TellingVisitor& visitor) {
  for (std::uint32_t slot = NextDue(); slot != kNone; slot = NextDue()) {
    Evict(slot, visitor);
  }
  while (!by_opening_.empty()) Forget(by_opening_.front());
}

void DedupTable::ForEachOpen(TellingVisitor& visitor) const {
  for (std::uint32_t slot = by_opening_.front(); slot != kNone;
       slot = by_opening_.Next(entries_[slot])) {
    const Entry& entry = entries_[slot];
    if (entry.state == State::kWindow && entry.count > 0) Tell(entry, visitor);
  }
}

}  // namespace k8sentry::internal
