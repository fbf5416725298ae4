#include "k8sentry/deduplicator.h"

#include "pipeline/dedup_table.h"

namespace k8sentry {
namespace internal {
namespace {

// Hands the table's tellings to a public sink.
class SinkAdapter final : public TellingVisitor {
 public:
  explicit SinkAdapter(StillFiringSink& sink) : sink_(sink) {}

  void OnTelling(const TellingView& telling) override {
    StillFiring still = {.key = telling.key,
                         .event = telling.event,
                         .swallowed = telling.swallowed,
                         .first_seen = telling.first_seen,
                         .last_seen = telling.last_seen};
    still.event.raw_object = {};
    sink_.OnStillFiring(still);
  }

 private:
  StillFiringSink& sink_;
};

class TableDeduplicator final : public Deduplicator {
 public:
  explicit TableDeduplicator(const DeduplicatorOptions& options) : table_(options) {}

  void Observe(std::span<const Sighting> batch, StillFiringSink& sink,
               std::span<DedupDecision> decisions) override {
    constexpr std::size_t kAhead = 8;
    SinkAdapter adapter(sink);
    for (const Sighting& sighting : batch.first(std::min(kAhead, batch.size()))) {
      table_.PrefetchIndex(sighting.key.hash);
    }
    for (std::size_t i = 0; i < batch.size(); ++i) {
      if (i + kAhead < batch.size()) table_.PrefetchIndex(batch[i + kAhead].key.hash);
      if (i + kAhead / 2 < batch.size()) {
        table_.PrefetchEntry(batch[i + kAhead / 2].key.hash);
      }
      if (i + 2 < batch.size()) table_.PrefetchText(batch[i + 2].key.hash);
      decisions[i] = table_.Observe(batch[i], adapter);
    }
  }

  void Expire(SteadyTime now, StillFiringSink& sink) override {
    SinkAdapter adapter(sink);
    table_.Expire(now, adapter);
  }
  SteadyTime NextDeadline() const override { return table_.NextDeadline(); }
  void Close(StillFiringSink& sink) override {
    SinkAdapter adapter(sink);
    table_.Close(adapter);
  }
  void ForEachOpen(StillFiringSink& visitor) const override {
    SinkAdapter adapter(visitor);
    table_.ForEachOpen(adapter);
  }
  std::size_t size() const override { return table_.size(); }

 private:
  DedupTable table_;
};

}  // namespace
}  // namespace internal

Result<std::unique_ptr<Deduplicator>> NewDeduplicator(
    const DeduplicatorOptions& options) {
  Status status = internal::DedupTable::Check(options);
  if (!status.ok()) return status;
  return std::unique_ptr<Deduplicator>(
      std::make_unique<internal::TableDeduplicator>(options));
}

}  // namespace k8sentry
