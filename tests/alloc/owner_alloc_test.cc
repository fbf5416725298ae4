// Naming owners allocates nothing per event once they are known.
#include "kube/owner_source.h"
#include "tests/alloc/counting_malloc.h"
#include "tests/kube/owner_cluster.h"

namespace k8sentry::internal {
namespace {

// Gives the same events at each Poll.
class SameEvents final : public EventSource {
 public:
  EventBatch Poll(Now) override { return {SourceState::kEvents, events}; }
  bool ready() const override { return true; }
  const DecoderCounters& counters() const override { return counters_; }

  std::vector<Event> events;

 private:
  DecoderCounters counters_;
};

class OwnerAllocations : public OwnerCluster {};

TEST_F(OwnerAllocations, AreNoneWhenAllOwnersAreKnown) {
  PutApi();
  PutPod("lone");
  SameEvents inner;
  const std::string pods[] = {"api-7fcc74b976-bwxc2", "api-7fcc74b976-zzzzz", "lone"};
  for (const std::string& pod : pods) {
    Event event;
    event.involved_object = {.kind = "Pod", .namespace_ = "shop", .name = pod};
    inner.events.push_back(event);
  }
  inner.events.emplace_back().involved_object.kind = "Node";
  OwnerSource source(inner, {.cluster = cluster, .max_wait = {}}, http, log, 1);
  for (int i = 0; i < 10; ++i) {
    source.Poll(now);
    http.Poll(now.steady);
  }
  std::size_t named = 0;
  k8sentry::testing::StartCounting();
  for (int i = 0; i < 10000; ++i) {
    for (const Event& event : source.Poll(now).events)
      named += event.owner.name == "api";
  }
  EXPECT_EQ(k8sentry::testing::StopCounting(), 0u);
  EXPECT_EQ(named, 20000u);
}

}  // namespace
}  // namespace k8sentry::internal
