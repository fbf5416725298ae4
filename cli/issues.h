// The issues of a run: what its tellings and open windows add up to, key by key
// (docs/semantics.md 16).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "k8sentry/issue.h"
#include "k8sentry/key.h"
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

// A big cluster has tens of thousands of issues: each is kept in a few hundred bytes,
// and unpacked when it is shown.
class Issues {
 public:
  using Visit = std::function<void(const IssueRecord&)>;

  void Add(const Telling& telling);
  // What a window that is still open swallowed; tells nothing.
  void AddOpen(const Telling& telling);

  std::size_t size() const { return all_.size(); }
  // Sorted by fingerprint, by bytes.
  void ForEach(const Visit& visit) const;
  // Errors and what is most frequent first; then by the culprit's name. At most
  // `count`.
  void ForEachWorstFirst(const Visit& visit,
                         std::size_t count = static_cast<std::size_t>(-1)) const;

 private:
  // All text of an issue in a row. What the Event says of itself is kept only where the
  // key does not say the same.
  struct Packed {
    enum Text {
      // The key's parts, in the order of the fingerprint.
      kCluster,
      kNamespace,
      kWorkload,
      kContainer,
      kReason,
      kClass,
      kParts,
      kMessage = kParts,
      kKind,
      kRawNamespace,
      kRawWorkload,
      kRawContainer,
      kRawReason,
      kTexts
    };

    void SetText(const Key& key, const IssueRecord& record);
    std::string_view text(Text which) const;
    // What the Event says, or else what the key says.
    std::string_view raw(Text event, Text key) const;
    Key key() const;

    std::unique_ptr<char[]> bytes;
    std::uint32_t ends[kTexts] = {};
    Level level = Level::kWarning;
    std::int64_t sightings = 0, told = 0, swallowed = 0;
    Time first_seen, last_seen;
  };
  // In the order of the fingerprints, compared as arrays.
  struct Less {
    bool operator()(const Packed& a, const Packed& b) const;
  };

  static IssueRecord Unpack(const Packed& issue);

  // An issue's place depends only on its key's parts; the rest may change in place.
  std::set<Packed, Less> all_;
};

}  // namespace k8sentry::cli
