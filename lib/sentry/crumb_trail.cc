#include "sentry/crumb_trail.h"

#include <algorithm>
#include <iterator>

#include "base/hash.h"

namespace k8sentry::internal {
namespace {

// One line of its own for both: no name holds a newline.
std::string TrailOf(std::string_view namespace_, std::string_view workload) {
  std::string name(namespace_);
  return name.append("\n").append(workload);
}

std::uint64_t IdOf(const Event& event) {
  std::uint64_t hash = HashSeed();
  if (!event.uid.empty()) return Hash(event.uid, hash);
  for (const std::string_view part : {event.namespace_, event.name, event.reason,
                                      event.involved_object.uid, event.message}) {
    hash = Hash(part, hash);
  }
  return hash;
}

std::size_t BytesOf(const Breadcrumb& breadcrumb) {
  // A list's node and the heap's own part are counted roughly.
  std::size_t bytes = sizeof(Breadcrumb) + 64 + breadcrumb.type.size() +
                      breadcrumb.category.size() + breadcrumb.message.size();
  for (const auto& [key, value] : breadcrumb.data) {
    bytes += sizeof(breadcrumb.data[0]) + key.size() + value.size();
  }
  return bytes;
}

}  // namespace

void CrumbTrail::Add(const Event& event) {
  if (bounds_.per_workload == 0) return;
  std::string workload =
      TrailOf(event.involved_object.namespace_, WorkloadOf(event).name);
  const auto known = by_workload_.find(workload);
  if (known != by_workload_.end()) {
    trails_.splice(trails_.begin(), trails_, known->second);
  } else {
    trails_.push_front({workload, {}});
    by_workload_.emplace(std::move(workload), trails_.begin());
    bytes_ += sizeof(Trail) + 2 * trails_.front().workload.size() + 128;
  }
  Trail& trail = trails_.front();
  Crumb crumb{.event = IdOf(event), .breadcrumb = BreadcrumbOf(event, issue_)};
  crumb.bytes = BytesOf(crumb.breadcrumb);
  const auto same =
      std::find_if(trail.crumbs.begin(), trail.crumbs.end(),
                   [&](const Crumb& other) { return other.event == crumb.event; });
  if (same != trail.crumbs.end()) Drop(trail, same);
  // Events come nearly in order: look from the end.
  const auto before =
      std::find_if(trail.crumbs.rbegin(), trail.crumbs.rend(), [&](const Crumb& other) {
        return other.breadcrumb.timestamp <= crumb.breadcrumb.timestamp;
      });
  bytes_ += crumb.bytes;
  trail.crumbs.insert(before.base(), std::move(crumb));
  // One more than is shown, for the issue's own Event is in it.
  if (trail.crumbs.size() > bounds_.per_workload + 1) {
    Drop(trail, trail.crumbs.begin());
  }
  Trim();
}

std::vector<Breadcrumb> CrumbTrail::Before(const Telling& telling) {
  std::vector<Breadcrumb> before;
  const auto known =
      by_workload_.find(TrailOf(telling.key.namespace_, telling.key.workload));
  if (known == by_workload_.end()) return before;
  trails_.splice(trails_.begin(), trails_, known->second);
  const std::uint64_t own = IdOf(telling.event.view());
  const Time time = telling.event->occurrence_time().value_or(telling.last_seen);
  for (Crumb& crumb : trails_.front().crumbs) {
    const Time then = crumb.breadcrumb.timestamp;
    if (crumb.event != own && then <= time && time - then <= bounds_.age) {
      if (!crumb.scrubbed) Scrub(crumb);
      before.push_back(crumb.breadcrumb);
    }
  }
  if (before.size() > bounds_.per_workload) before.erase(before.begin());
  return before;
}

void CrumbTrail::Scrub(Crumb& crumb) {
  ScrubItem(scrubber_, crumb.breadcrumb);
  crumb.scrubbed = true;
  bytes_ -= crumb.bytes;
  crumb.bytes = BytesOf(crumb.breadcrumb);
  bytes_ += crumb.bytes;
}

void CrumbTrail::Drop(Trail& trail, std::list<Crumb>::iterator crumb) {
  bytes_ -= crumb->bytes;
  trail.crumbs.erase(crumb);
}

void CrumbTrail::Trim() {
  while (!trails_.empty() &&
         (trails_.size() > bounds_.workloads || bytes_ > bounds_.bytes)) {
    Trail& last = trails_.back();
    while (!last.crumbs.empty()) Drop(last, last.crumbs.begin());
    bytes_ -= sizeof(Trail) + 2 * last.workload.size() + 128;
    by_workload_.erase(last.workload);
    trails_.pop_back();
  }
}

}  // namespace k8sentry::internal
