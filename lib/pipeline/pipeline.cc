#include "k8sentry/pipeline.h"

#include "pipeline/pipeline_core.h"

namespace k8sentry {
namespace internal {
namespace {

Telling MakeTelling(const TellingView& view, TellingIds& ids) {
  const bool still = view.kind == TellingKind::kStillFiring;
  return {.id = view.id != nullptr ? *view.id : ids.Of(view.kind, view.event),
          .kind = view.kind,
          .key = ToKey(view.key),
          .workload_kind = std::string(WorkloadOf(view.event).kind),
          .event = OwnedEvent(view.event),
          .sightings = view.sightings,
          .swallowed = view.swallowed,
          .frames = still ? 0 : 1,
          .first_seen = view.first_seen,
          .last_seen = view.last_seen};
}

// Makes owned tellings and hands them on.
template <typename Function>
class Maker final : public TellingVisitor {
 public:
  Maker(TellingIds& ids, const Function& tell) : ids_(ids), tell_(tell) {}
  void OnTelling(const TellingView& view) override { tell_(MakeTelling(view, ids_)); }

 private:
  TellingIds& ids_;
  const Function& tell_;
};

class StockPipeline final : public Pipeline {
 public:
  explicit StockPipeline(std::unique_ptr<PipelineCore> core) : core_(std::move(core)) {}

  void SetAdmitted(AdmittedFunction admitted) override {
    core_->SetAdmitted(std::move(admitted));
  }
  void Process(std::span<const Event> events, Now now,
               const TellingFunction& tell) override {
    Maker maker(core_->ids(), tell);
    core_->Process(events, now, maker);
  }
  void Expire(Now now, const TellingFunction& tell) override {
    Maker maker(core_->ids(), tell);
    core_->Expire(now, maker);
  }
  void Close(Now, const TellingFunction& tell) override {
    Maker maker(core_->ids(), tell);
    core_->Close(maker);
  }
  void ForEachOpen(const std::function<void(const Telling&)>& visit) const override {
    Maker maker(core_->ids(), visit);
    core_->ForEachOpen(maker);
  }
  std::vector<KeptKey> Save(SteadyTime now) const override { return core_->Save(now); }
  void Load(std::span<const KeptKey> keys, SteadyTime now) override {
    core_->Load(keys, now);
  }
  SteadyTime NextDeadline() const override { return core_->NextDeadline(); }
  const Ledger& ledger() const override { return core_->ledger(); }

 private:
  std::unique_ptr<PipelineCore> core_;
};

}  // namespace
}  // namespace internal

Result<std::unique_ptr<Pipeline>> NewPipeline(const PipelineOptions& options) {
  auto core = internal::PipelineCore::New(options);
  if (!core.ok()) return core.status();
  return std::unique_ptr<Pipeline>(
      std::make_unique<internal::StockPipeline>(*std::move(core)));
}

}  // namespace k8sentry
