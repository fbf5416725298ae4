#include "kube/resumption.h"

#include <algorithm>
#include <utility>

namespace k8sentry::internal {

Resumption::Resumption(const ResumePoint& point) : point_(point) {
  for (EventVersion& event : std::exchange(point_.unacknowledged, {})) {
    versions_.emplace(std::move(event.uid), std::move(event.version));
  }
}

const WatchMark* Resumption::MarkOf(std::string_view watch) const {
  const auto at =
      std::find_if(point_.marks.begin(), point_.marks.end(),
                   [&](const WatchMark& mark) { return mark.watch == watch; });
  return at == point_.marks.end() ? nullptr : &*at;
}

bool Resumption::TakeVersion(std::string_view uid, std::string_view version) {
  if (versions_.empty()) return false;
  return versions_.erase({std::string(uid), std::string(version)}) > 0;
}

bool Resumption::TakeObject(std::string_view uid) {
  const auto begin = versions_.lower_bound({std::string(uid), ""});
  auto end = begin;
  while (end != versions_.end() && end->first == uid) ++end;
  const bool any = begin != end;
  versions_.erase(begin, end);
  return any;
}

std::vector<EventVersion> Resumption::left() const {
  std::vector<EventVersion> left;
  for (const auto& [uid, version] : versions_) left.push_back({uid, version});
  return left;
}

}  // namespace k8sentry::internal
