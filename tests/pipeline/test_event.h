// Events and times for the tests of this room.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "k8sentry/event.h"
#include "k8sentry/pipeline.h"

namespace k8sentry {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

// 2026-11-21T03:00:00Z, and `offset` later.
inline Time At(std::chrono::microseconds offset = {}) {
  return Time(seconds(1795230000)) + offset;
}

inline Now NowAt(std::chrono::microseconds offset = {}) {
  return {SteadyTime(hours(1)) + offset, At(offset)};
}

// A warning about a pod of Deployment shop/api; tests change what they are about.
inline Event PodEvent(std::string_view uid, std::string_view version) {
  Event event;
  event.name = "api.1";
  event.namespace_ = "shop";
  event.uid = uid;
  event.resource_version = version;
  event.involved_object.kind = "Pod";
  event.involved_object.namespace_ = "shop";
  event.involved_object.name = "api-7fcc74b976-bwxc2";
  event.involved_object.field_path = "spec.containers{app}";
  event.reason = "BackOff";
  event.message = "Back-off restarting failed container";
  event.type = "Warning";
  event.count = 1;
  event.first_timestamp = At();
  event.last_timestamp = At();
  event.raw_object = "{}";
  return event;
}

// A pipeline with `options`, and all that it told.
class TestPipeline {
 public:
  explicit TestPipeline(const PipelineOptions& options)
      : pipeline_(*NewPipeline(options)) {}

  // Takes one event; what was told by it alone.
  std::vector<Telling> Process(const Event& event, Now now = {}) {
    std::vector<Telling> told;
    pipeline_->Process({&event, 1}, now,
                       [&](Telling&& t) { told.push_back(std::move(t)); });
    return told;
  }
  std::vector<Telling> Expire(Now now) {
    std::vector<Telling> told;
    pipeline_->Expire(now, [&](Telling&& t) { told.push_back(std::move(t)); });
    return told;
  }
  std::vector<Telling> Close() {
    std::vector<Telling> told;
    pipeline_->Close({}, [&](Telling&& t) { told.push_back(std::move(t)); });
    return told;
  }
  std::vector<Telling> Open() const {
    std::vector<Telling> open;
    pipeline_->ForEachOpen([&](const Telling& t) { open.push_back(t); });
    return open;
  }
  Pipeline* operator->() { return pipeline_.get(); }
  const Ledger& ledger() const { return pipeline_->ledger(); }

 private:
  std::unique_ptr<Pipeline> pipeline_;
};

}  // namespace k8sentry
