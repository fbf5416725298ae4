// The issues of a run: what its tellings and open windows add up to, key by key
// (docs/semantics.md 16).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
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

// A big cluster has tens of thousands of issues: each is kept in a few hundred bytes, and
// unpacked when it is shown.
class Issues {
 public:
  using Visit = std::function<void(const IssueRecord&)>;

  void Add(const Telling& telling);
  // What a window that is still open swallowed; tells nothing.
  void AddOpen(const Telling& telling);

  std::size_t size() const { return all_.size(); }
  // Sorted by fingerprint, by bytes.
  void ForEach(const Visit& visit) const;
  // Errors and what is most frequent first; then by the culprit's name. At most `count`.
  void ForEachWorstFirst(const Visit& visit,
                         std::size_t count = static_cast<std::size_t>(-1)) const;

 private:
  struct Packed {
    enum Text { kMessage, kCulprit, kReason, kNamespace, kKind, kName, kContainer, kTexts };

    void SetText(const IssueRecord& record);
    std::string_view text(Text which) const;

    std::unique_ptr<char[]> bytes;  // all texts in a row
    std::uint32_t ends[kTexts] = {};
    Level level = Level::kWarning;
    std::int64_t sightings = 0, told = 0, swallowed = 0;
    Time first_seen, last_seen;
  };
  // By the parts of the fingerprint, NUL between them: no part holds a byte below 0x20,
  // so this is the order of the arrays.
  using Map = std::map<std::string, Packed>;

  static IssueRecord Unpack(const Map::value_type& issue);

  Map all_;
};

}  // namespace k8sentry::cli
