// A CrumbTrail remembers the last Events of each workload, so that an issue can show
// what came before it.
//
// Bounded in workloads, in Events for each and in bytes; what was looked at longest ago
// goes first. Of one Event object only the latest state is kept: a pod in a crash loop
// must not push everything else off its trail. An Event is scrubbed when it goes with
// an issue for the first time: most never do, and some go with twenty.
#pragma once

#include <cstdint>
#include <list>
#include <string>
#include <unordered_map>
#include <vector>

#include "k8sentry/sink.h"
#include "sentry/items.h"

namespace k8sentry::internal {

class CrumbTrail {
 public:
  struct Bounds {
    std::size_t per_workload = 20;  // 0: nothing is kept
    std::size_t workloads = 4096;
    std::size_t bytes = 512 << 10;
    Duration age = std::chrono::hours(1);  // older than the issue's Event by so much
  };
  // `scrubber` outlives the trail.
  CrumbTrail(const Bounds& bounds, const IssueOptions& issue, const Scrubber& scrubber)
      : bounds_(bounds), issue_(issue), scrubber_(scrubber) {}

  void Add(const Event& event);
  // What happened to the workload before the telling's Event, oldest first; scrubbed.
  std::vector<Breadcrumb> Before(const Telling& telling);

  std::size_t bytes() const { return bytes_; }
  std::size_t workloads() const { return trails_.size(); }

 private:
  struct Crumb {
    std::uint64_t event = 0;  // which Event object it is of
    std::size_t bytes = 0;
    bool scrubbed = false;
    Breadcrumb breadcrumb;
  };
  struct Trail {
    std::string workload;
    std::list<Crumb> crumbs;  // oldest first, by time
  };

  void Scrub(Crumb& crumb);
  void Drop(Trail& trail, std::list<Crumb>::iterator crumb);
  void Trim();

  const Bounds bounds_;
  const IssueOptions issue_;
  const Scrubber& scrubber_;
  std::list<Trail> trails_;  // last used first
  std::unordered_map<std::string, std::list<Trail>::iterator> by_workload_;
  std::size_t bytes_ = 0;
};

}  // namespace k8sentry::internal
