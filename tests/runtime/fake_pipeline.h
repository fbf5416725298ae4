// A pipeline that tells every event, for tests of the loop around it.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "k8sentry/pipeline.h"

namespace k8sentry {

// Events of reason "swallow" are swallowed until a window closes.
class FakePipeline : public Pipeline {
 public:
  explicit FakePipeline(Duration window = std::chrono::hours(1)) : window_(window) {}

  void SetAdmitted(AdmittedFunction admitted) override {
    admitted_ = std::move(admitted);
  }
  void Process(std::span<const Event> events, Now now,
               const TellingFunction& tell) override {
    for (const Event& event : events) {
      ++ledger_.seen;
      if (event.stale) {
        ++ledger_.stale;
        continue;
      }
      ++ledger_.routed;
      if (admitted_) admitted_(event);
      if (event.reason == "swallow") {
        ++ledger_.swallowed;
        if (swallowed_++ == 0) due_ = now.steady + window_;
        last_ = OwnedEvent(event);
        continue;
      }
      tell(TellingOf(event, TellingKind::kFirst));
    }
  }
  void Expire(Now now, const TellingFunction& tell) override {
    ++expires;
    if (now.steady >= due_) Close(now, tell);
  }
  SteadyTime NextDeadline() const override { return due_; }
  void Close(Now, const TellingFunction& tell) override {
    if (swallowed_ == 0) return;
    Telling telling = TellingOf(last_.view(), TellingKind::kStillFiring);
    telling.swallowed = std::exchange(swallowed_, 0);
    telling.frames = 0;
    due_ = SteadyTime::max();
    ++ledger_.summaries;
    tell(std::move(telling));
  }
  void ForEachOpen(const std::function<void(const Telling&)>&) const override {}
  std::vector<KeptKey> Save(SteadyTime) const override { return {}; }
  void Load(std::span<const KeptKey>, SteadyTime) override {}
  const Ledger& ledger() const override { return ledger_; }

  int expires = 0;

 private:
  static Telling TellingOf(const Event& event, TellingKind kind) {
    Telling telling;
    telling.kind = kind;
    telling.key.reason = event.reason;
    telling.event = OwnedEvent(event);
    telling.sightings = 1;
    return telling;
  }

  AdmittedFunction admitted_;
  const Duration window_;
  std::int64_t swallowed_ = 0;
  OwnedEvent last_;
  SteadyTime due_ = SteadyTime::max();
  Ledger ledger_;
};

inline OwnedEvent EventOf(std::string_view reason, std::string_view type = "Warning") {
  Event event;
  event.reason = reason;
  event.type = type;
  return OwnedEvent(event);
}

inline std::vector<OwnedEvent> EventsOf(std::string_view reason, std::size_t n) {
  return std::vector<OwnedEvent>(n, EventOf(reason));
}

}  // namespace k8sentry
