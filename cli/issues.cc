#include "issues.h"

#include <algorithm>
#include <utility>

#include "k8sentry/key.h"
#include "k8sentry/text.h"

namespace k8sentry::cli {
namespace {

// What a wide terminal may show; a message may have megabytes.
constexpr std::size_t kMaxMessage = 400;

}  // namespace

IssueRecord RecordOf(const Telling& telling) {
  const Event& event = telling.event.view();
  IssueRecord record;
  record.fingerprint = telling.key.fingerprint();
  record.issue = IssueOf(telling);
  record.message = TruncateCharacters(FirstLine(event.message), kMaxMessage);
  record.reason = event.reason;
  record.namespace_ = event.involved_object.namespace_;
  record.workload_kind = telling.workload_kind;
  record.workload_name = WorkloadOf(event.involved_object).name;
  record.container = event.involved_object.container();
  record.sightings = telling.sightings + telling.swallowed;
  record.told = 1;
  record.swallowed = telling.swallowed;
  record.first_seen = telling.first_seen;
  record.last_seen = telling.last_seen;
  return record;
}

void Issues::Add(const Telling& telling) {
  IssueRecord next = RecordOf(telling);
  const auto [it, is_new] = all_.try_emplace(next.fingerprint);
  if (!is_new) {
    const IssueRecord& before = it->second;
    next.sightings += before.sightings;
    next.told += before.told;
    next.swallowed += before.swallowed;
    next.first_seen = std::min(next.first_seen, before.first_seen);
    next.last_seen = std::max(next.last_seen, before.last_seen);
  }
  it->second = std::move(next);
}

void Issues::AddOpen(const Telling& telling) {
  const auto it = all_.find(telling.key.fingerprint());
  if (it == all_.end()) return;
  IssueRecord& record = it->second;
  record.sightings += telling.swallowed;
  record.swallowed += telling.swallowed;
  record.first_seen = std::min(record.first_seen, telling.first_seen);
  record.last_seen = std::max(record.last_seen, telling.last_seen);
}

}  // namespace k8sentry::cli
