#include "pipeline/pipeline_core.h"

#include <algorithm>

namespace k8sentry::internal {
namespace {

// Counts what the table tells by itself on its way to the visitor.
class SummaryCounter final : public TellingVisitor {
 public:
  SummaryCounter(Ledger& ledger, TellingVisitor& to) : ledger_(ledger), to_(to) {}
  void OnTelling(const TellingView& telling) override {
    ++ledger_.summaries;
    to_.OnTelling(telling);
  }

 private:
  Ledger& ledger_;
  TellingVisitor& to_;
};

Duration LongestWindow(const DeduplicatorOptions& options) {
  return std::max({options.window, options.max_window, options.threshold_window});
}

}  // namespace

Result<std::unique_ptr<PipelineCore>> PipelineCore::New(
    const PipelineOptions& options) {
  Status status = DedupTable::Check(options.deduplicator);
  if (!status.ok()) return status;
  if (options.max_uids == 0 || options.max_uids >= SlotIndex::kNone) {
    return Status(StatusCode::kInvalidArgument,
                  "the number of uids is 0, or too large");
  }
  if (options.lookback < Duration::zero()) {
    return Status(StatusCode::kInvalidArgument, "the lookback is negative");
  }
  auto filter = NewFilter(options.filter);
  if (!filter.ok()) return filter.status();
  std::unique_ptr<PipelineCore> core(new PipelineCore(options, *std::move(filter)));
  if (!core->ids_.ok()) {
    return Status(StatusCode::kInternal, "this OpenSSL offers no SHA-256");
  }
  return core;
}

PipelineCore::PipelineCore(const PipelineOptions& options,
                           std::unique_ptr<Filter> filter)
    : replay_(options.time == TimeSource::kEvents),
      told_kind_(options.deduplicator.window > Duration::zero() ? TellingKind::kFirst
                                                                : TellingKind::kEach),
      filter_(std::move(filter)),
      clock_(LongestWindow(options.deduplicator)),
      uids_(options.max_uids, replay_ ? std::nullopt : std::optional(options.lookback)),
      keys_(options.cluster_name),
      table_(options.deduplicator, &ids_),
      slots_(std::make_unique<std::array<Slot, kBatch>>()) {}

void PipelineCore::Process(std::span<const Event> events, Now now,
                           TellingVisitor& visitor) {
  while (!events.empty()) {
    const std::size_t n = std::min(kBatch, events.size());
    ProcessBatch(events.first(n), now, visitor);
    events = events.subspan(n);
  }
}

// Each step runs over the batch before the next begins, so that each can ask for the
// memory that the next will need. No step depends on a later one, so the result is the
// same as event by event.
void PipelineCore::ProcessBatch(std::span<const Event> events, Now now,
                                TellingVisitor& visitor) {
  constexpr std::size_t kAhead = 4;
  std::array<Slot, kBatch>& slots = *slots_;
  for (std::size_t i = 0; i < events.size(); ++i) Admit(events[i], now, slots[i]);
  for (std::size_t i = 0; i < events.size(); ++i) Count(events[i], slots[i]);
  for (std::size_t i = 0; i < events.size(); ++i) {
    if (i + kAhead < events.size() && slots[i + kAhead].fate == Fate::kRouted) {
      table_.PrefetchEntry(slots[i + kAhead].sighting.key.hash);
    }
    Decide(events[i], slots[i], visitor);
  }
}

void PipelineCore::Admit(const Event& event, Now now, Slot& slot) {
  slot.now = replay_ ? clock_.Advance(event.occurrence_time()) : now;
  slot.fate = Fate::kFiltered;
  if (!filter_->Admit(event, slot.now)) return;
  slot.fate = Fate::kStale;
  slot.uid = UidTable::KeyOf(event.uid);
  uids_.Prefetch(slot.uid);
}

void PipelineCore::Count(const Event& event, Slot& slot) {
  if (slot.fate == Fate::kFiltered) return;
  const std::int64_t sightings = uids_.Observe(event, slot.uid, slot.now.wall);
  if (!event.retell && (sightings == 0 || event.stale)) return;
  slot.fate = event.retell ? Fate::kRetold : Fate::kRouted;
  slot.sighting = {.event = &event,
                   .key = keys_.Build(event, slot.buffer),
                   .count = std::max<std::int64_t>(sightings, 1),
                   .now = slot.now.steady,
                   .wall = slot.now.wall};
  table_.PrefetchIndex(slot.sighting.key.hash);
}

void PipelineCore::Decide(const Event& event, Slot& slot, TellingVisitor& visitor) {
  SummaryCounter counter(ledger_, visitor);
  table_.Expire(slot.now.steady, counter);
  ++ledger_.seen;
  if (slot.fate == Fate::kFiltered) {
    ++ledger_.filtered;
    return;
  }
  if (slot.fate == Fate::kStale) {
    ++ledger_.stale;
    return;
  }
  ++ledger_.routed;
  if (admitted_) admitted_(event);
  if (slot.fate == Fate::kRetold) {
    // Its window, or the threshold it passed, is among the keys that were loaded.
    const Time last = event.occurrence_time().value_or(slot.now.wall);
    visitor.OnTelling({told_kind_, slot.sighting.key, event, slot.sighting.count, 0,
                       event.first_time().value_or(last), last});
    return;
  }
  const DedupDecision decision = table_.Observe(slot.sighting, counter);
  switch (decision.verdict) {
    case DedupVerdict::kBelowThreshold:
      ++ledger_.below_threshold;
      return;
    case DedupVerdict::kSwallow:
      ++ledger_.swallowed;
      return;
    case DedupVerdict::kTell:
      break;
  }
  visitor.OnTelling({told_kind_, slot.sighting.key, event, decision.sightings, 0,
                     decision.first_seen, decision.last_seen});
}

void PipelineCore::Expire(Now now, TellingVisitor& visitor) {
  if (replay_) return;
  SummaryCounter counter(ledger_, visitor);
  table_.Expire(now.steady, counter);
}

void PipelineCore::Close(TellingVisitor& visitor) {
  SummaryCounter counter(ledger_, visitor);
  table_.Close(counter);
}

void PipelineCore::Load(std::span<const KeptKey> keys, SteadyTime now) {
  for (const KeptKey& key : keys) table_.Load(key, keys_.HashOf(key.key), now);
}

SteadyTime PipelineCore::NextDeadline() const {
  return replay_ ? SteadyTime::max() : table_.NextDeadline();
}

}  // namespace k8sentry::internal
