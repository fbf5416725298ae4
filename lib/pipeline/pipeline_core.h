// The pipeline up to the verdict: everything that must not allocate. Pipeline wraps it
// and makes owned Tellings of the views it shows.
#pragma once

#include <array>
#include <memory>
#include <span>
#include <utility>

#include "k8sentry/filter.h"
#include "k8sentry/pipeline.h"
#include "pipeline/dedup_table.h"
#include "pipeline/key_builder.h"
#include "pipeline/replay_clock.h"
#include "pipeline/telling_id.h"
#include "pipeline/telling_view.h"
#include "pipeline/uid_table.h"

namespace k8sentry::internal {

class PipelineCore {
 public:
  // Errors: kInvalidArgument; kInternal without SHA-256.
  static Result<std::unique_ptr<PipelineCore>> New(const PipelineOptions& options);

  void SetAdmitted(Pipeline::AdmittedFunction admitted) {
    admitted_ = std::move(admitted);
  }
  void Process(std::span<const Event> events, Now now, TellingVisitor& visitor);
  void Expire(Now now, TellingVisitor& visitor);
  void Close(TellingVisitor& visitor);
  void ForEachOpen(TellingVisitor& visitor) const { table_.ForEachOpen(visitor); }
  std::vector<KeptKey> Save(SteadyTime now) const { return table_.Save(now); }
  void Load(std::span<const KeptKey> keys, SteadyTime now);
  SteadyTime NextDeadline() const;
  const Ledger& ledger() const { return ledger_; }
  TellingIds& ids() { return ids_; }

 private:
  enum class Fate : std::uint8_t { kFiltered, kStale, kRouted, kRetold };
  // What is known of one event of the batch.
  struct Slot {
    Now now;
    Fate fate = Fate::kFiltered;
    Hash128 uid;
    Sighting sighting;
    KeyBuffer buffer;
  };
  static constexpr std::size_t kBatch = 64;

  PipelineCore(const PipelineOptions& options, std::unique_ptr<Filter> filter);
  void ProcessBatch(std::span<const Event> events, Now now, TellingVisitor& visitor);
  void Admit(const Event& event, Now now, Slot& slot);
  void Count(const Event& event, Slot& slot);
  void Decide(const Event& event, Slot& slot, TellingVisitor& visitor);

  bool replay_;
  TellingKind told_kind_;
  std::unique_ptr<Filter> filter_;
  ReplayClock clock_;
  Pipeline::AdmittedFunction admitted_;
  UidTable uids_;
  KeyBuilder keys_;
  TellingIds ids_;
  DedupTable table_;
  Ledger ledger_;
  std::unique_ptr<std::array<Slot, kBatch>> slots_;
};

}  // namespace k8sentry::internal
