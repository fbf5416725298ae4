// The issues of a run: what its tellings and open windows add up to, key by key
// (docs/semantics.md 16).
#pragma once

#include <map>
#include <string>
#include <vector>

#include "k8sentry/issue.h"
#include "k8sentry/sink.h"

namespace k8sentry::cli {

// As the Events have it: hostile text.
struct IssueRecord {
  std::vector<std::string> fingerprint;
  Issue issue;          // title, level and culprit of the last telling
  std::string message;  // its first line, longer than in the title
  std::string reason;
  std::string namespace_;
  std::string workload_kind;
  std::string workload_name;
  std::string container;
  std::int64_t sightings = 0;
  std::int64_t told = 0;
  std::int64_t swallowed = 0;
  Time first_seen;
  Time last_seen;
};

// One telling as the issue it would make alone.
IssueRecord RecordOf(const Telling& telling);

class Issues {
 public:
  void Add(const Telling& telling);
  // What a window that is still open swallowed; tells nothing.
  void AddOpen(const Telling& telling);

  // Sorted by fingerprint, by bytes.
  const std::map<std::vector<std::string>, IssueRecord>& all() const { return all_; }

 private:
  std::map<std::vector<std::string>, IssueRecord> all_;
};

}  // namespace k8sentry::cli
