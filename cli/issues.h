// The issues of a run: what its tellings and open windows add up to, key by key
// (docs/semantics.md 16).
#pragma once

#include <array>
#include <functional>
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

// What it keeps grows with the number of issues, so it keeps them packed.
class Issues {
 public:
  void Add(const Telling& telling);
  // What a window that is still open swallowed; tells nothing.
  void AddOpen(const Telling& telling);

  std::size_t size() const { return all_.size(); }
  // In the order of their fingerprints, compared by bytes.
  void ForEach(const std::function<void(const IssueRecord&)>& visit) const;

 private:
  // The texts of a record in a row, and what is counted.
  struct Packed {
    std::string texts;
    std::array<std::uint32_t, 8> ends = {};
    Level level = Level::kWarning;
    std::int64_t sightings = 0;
    std::int64_t told = 0;
    std::int64_t swallowed = 0;
    Time first_seen = Time::max();
    Time last_seen = Time::min();

    void Count(const Telling& telling);
  };

  // By the parts of the fingerprint, with a NUL between them: no part holds one, so
  // that these sort as the parts do.
  std::map<std::string, Packed> all_;
};

}  // namespace k8sentry::cli
