// What another run left to this one, as far as it has not been read again yet
// (docs/semantics.md 8).
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "k8sentry/state.h"

namespace k8sentry::internal {

// Shared by the watches of a source.
class Resumption {
 public:
  explicit Resumption(const ResumePoint& point);

  // The mark of a watch; null if it had none.
  const WatchMark* MarkOf(std::string_view watch) const;
  const std::string& cluster_id() const { return point_.cluster_id; }

  // Whether this version still waited for a receiver; asked once, for then it is told
  // again.
  bool TakeVersion(std::string_view uid, std::string_view version);
  // The same for any version of the object: a list shows only the last one.
  bool TakeObject(std::string_view uid);
  // Those that were not read again yet.
  std::vector<EventVersion> left() const;
  // The storage is another one, or all that there was has been read.
  void Forget() { versions_.clear(); }

 private:
  ResumePoint point_;
  std::set<std::pair<std::string, std::string>> versions_;  // of uids
};

}  // namespace k8sentry::internal
