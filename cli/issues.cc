#include "issues.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "k8sentry/key.h"
#include "k8sentry/text.h"

namespace k8sentry::cli {
namespace {

// What a wide terminal may show; a message may have megabytes.
constexpr std::size_t kMaxMessage = 120;

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
  record.workload_name = WorkloadOf(event).name;
  record.container = event.involved_object.container();
  record.sightings = telling.sightings + telling.swallowed;
  record.told = 1;
  record.swallowed = telling.swallowed;
  record.first_seen = telling.first_seen;
  record.last_seen = telling.last_seen;
  return record;
}

void Issues::Packed::SetText(const Key& key, const IssueRecord& record) {
  const auto unless = [](const std::string& raw, const std::string& part) {
    return raw == part ? std::string_view() : std::string_view(raw);
  };
  // A message whose first line is empty makes another title than no message.
  const bool begins_late =
      record.message.empty() && record.issue.title != record.reason;
  const std::string_view texts[kTexts] = {
      key.cluster,
      key.namespace_,
      key.workload,
      key.container,
      key.reason,
      key.message_class,
      begins_late ? std::string_view("\n") : std::string_view(record.message),
      record.workload_kind,
      unless(record.namespace_, key.namespace_),
      unless(record.workload_name, key.workload),
      unless(record.container, key.container),
      unless(record.reason, key.reason)};
  std::size_t size = 0;
  for (const std::string_view text : texts) size += text.size();
  bytes.reset(new char[size + 1]);
  std::uint32_t end = 0;
  for (int i = 0; i < kTexts; ++i) {
    std::copy(texts[i].begin(), texts[i].end(), bytes.get() + end);
    ends[i] = end += static_cast<std::uint32_t>(texts[i].size());
  }
}

std::string_view Issues::Packed::text(Text which) const {
  const std::uint32_t begin = which == 0 ? 0 : ends[which - 1];
  return {bytes.get() + begin, ends[which] - begin};
}

std::string_view Issues::Packed::raw(Text event, Text part) const {
  return text(event).empty() ? text(part) : text(event);
}

Key Issues::Packed::key() const {
  return {.cluster = std::string(text(kCluster)),
          .namespace_ = std::string(text(kNamespace)),
          .workload = std::string(text(kWorkload)),
          .container = std::string(text(kContainer)),
          .reason = std::string(text(kReason)),
          .message_class = std::string(text(kClass))};
}

// Parts that are absent are left out of a fingerprint, and a part begins with its name.
bool Issues::Less::operator()(const Packed& a, const Packed& b) const {
  static constexpr std::string_view kNames[Packed::kParts] = {
      "cluster:", "namespace:", "workload:", "container:", "reason:", "class:"};
  const auto next = [](const Packed& issue, int from) {
    while (from < Packed::kParts &&
           issue.text(static_cast<Packed::Text>(from)).empty()) {
      ++from;
    }
    return from;
  };
  for (int i = next(a, 0), j = next(b, 0);; i = next(a, i + 1), j = next(b, j + 1)) {
    if (i == Packed::kParts || j == Packed::kParts) return j != Packed::kParts;
    if (i != j) return kNames[i] < kNames[j];
    const auto part = static_cast<Packed::Text>(i);
    if (const int order = a.text(part).compare(b.text(part)); order != 0) {
      return order < 0;
    }
  }
}

void Issues::Add(const Telling& telling) {
  const IssueRecord record = RecordOf(telling);
  Packed packed;
  packed.SetText(telling.key, record);
  packed.first_seen = record.first_seen;
  packed.last_seen = record.last_seen;
  const auto [it, is_new] = all_.insert(std::move(packed));
  Packed& issue = const_cast<Packed&>(*it);
  if (!is_new) issue.SetText(telling.key, record);
  issue.level = record.issue.level;
  issue.sightings += record.sightings;
  issue.told += record.told;
  issue.swallowed += record.swallowed;
  issue.first_seen = std::min(issue.first_seen, record.first_seen);
  issue.last_seen = std::max(issue.last_seen, record.last_seen);
}

void Issues::AddOpen(const Telling& telling) {
  Packed packed;
  packed.SetText(telling.key, {});
  const auto it = all_.find(packed);
  if (it == all_.end()) return;
  Packed& issue = const_cast<Packed&>(*it);
  issue.sightings += telling.swallowed;
  issue.swallowed += telling.swallowed;
  issue.first_seen = std::min(issue.first_seen, telling.first_seen);
  issue.last_seen = std::max(issue.last_seen, telling.last_seen);
}

IssueRecord Issues::Unpack(const Packed& issue) {
  const Key key = issue.key();
  const std::string reason(issue.raw(Packed::kRawReason, Packed::kReason));
  const std::string_view message = issue.text(Packed::kMessage);
  const std::string_view kind = issue.text(Packed::kKind);
  return {
      .fingerprint = key.fingerprint(),
      .issue = {.level = issue.level,
                .title = IssueTitle(reason, message),
                .culprit = IssueCulprit(key, kind)},
      .message = std::string(FirstLine(message)),
      .reason = reason,
      .namespace_ = std::string(issue.raw(Packed::kRawNamespace, Packed::kNamespace)),
      .workload_kind = std::string(kind),
      .workload_name = std::string(issue.raw(Packed::kRawWorkload, Packed::kWorkload)),
      .container = std::string(issue.raw(Packed::kRawContainer, Packed::kContainer)),
      .sightings = issue.sightings,
      .told = issue.told,
      .swallowed = issue.swallowed,
      .first_seen = issue.first_seen,
      .last_seen = issue.last_seen};
}

void Issues::ForEach(const Visit& visit) const {
  for (const Packed& issue : all_) visit(Unpack(issue));
}

void Issues::ForEachWorstFirst(const Visit& visit, std::size_t count) const {
  std::vector<const Packed*> order;
  order.reserve(all_.size());
  for (const Packed& issue : all_) order.push_back(&issue);
  const auto rank = [](const Packed* issue) {
    return std::make_tuple(issue->level, -issue->sightings,
                           issue->text(Packed::kNamespace), issue->text(Packed::kKind),
                           issue->text(Packed::kWorkload));
  };
  std::stable_sort(order.begin(), order.end(),
                   [&](const Packed* a, const Packed* b) { return rank(a) < rank(b); });
  order.resize(std::min(count, order.size()));
  for (const Packed* issue : order) visit(Unpack(*issue));
}

}  // namespace k8sentry::cli
