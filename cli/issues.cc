#include "issues.h"

#include <algorithm>
#include <cstring>
#include <tuple>
#include <utility>

#include "k8sentry/key.h"
#include "k8sentry/text.h"

namespace k8sentry::cli {
namespace {

// What a wide terminal may show; a message may have megabytes.
constexpr std::size_t kMaxMessage = 160;

std::string Joined(const std::vector<std::string>& parts) {
  std::string out;
  for (const std::string& part : parts) {
    if (!out.empty()) out += '\0';
    out += part;
  }
  return out;
}

std::vector<std::string> Split(std::string_view joined) {
  std::vector<std::string> parts;
  while (true) {
    const std::size_t end = joined.find('\0');
    parts.emplace_back(joined.substr(0, end));
    if (end == joined.npos) return parts;
    joined.remove_prefix(end + 1);
  }
}

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

void Issues::Packed::SetText(const IssueRecord& record) {
  // A message whose first line is empty makes another title than no message.
  const bool begins_late = record.message.empty() && record.issue.title != record.reason;
  const std::string_view texts[kTexts] = {
      begins_late ? std::string_view("\n") : record.message,
            record.issue.culprit, record.reason,   record.namespace_,
      record.workload_kind, record.workload_name, record.container};
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

void Issues::Add(const Telling& telling) {
  const IssueRecord record = RecordOf(telling);
  const auto [it, is_new] = all_.try_emplace(Joined(record.fingerprint));
  Packed& issue = it->second;
  if (is_new) {
    issue.first_seen = record.first_seen;
    issue.last_seen = record.last_seen;
  }
  issue.SetText(record);
  issue.level = record.issue.level;
  issue.sightings += record.sightings;
  issue.told += record.told;
  issue.swallowed += record.swallowed;
  issue.first_seen = std::min(issue.first_seen, record.first_seen);
  issue.last_seen = std::max(issue.last_seen, record.last_seen);
}

void Issues::AddOpen(const Telling& telling) {
  const auto it = all_.find(Joined(telling.key.fingerprint()));
  if (it == all_.end()) return;
  Packed& issue = it->second;
  issue.sightings += telling.swallowed;
  issue.swallowed += telling.swallowed;
  issue.first_seen = std::min(issue.first_seen, telling.first_seen);
  issue.last_seen = std::max(issue.last_seen, telling.last_seen);
}

IssueRecord Issues::Unpack(const Map::value_type& entry) {
  const Packed& issue = entry.second;
  const std::string_view reason = issue.text(Packed::kReason);
  const std::string_view message = issue.text(Packed::kMessage);
  return {.fingerprint = Split(entry.first),
          .issue = {.level = issue.level,
                    .title = IssueTitle(reason, message),
                    .culprit = std::string(issue.text(Packed::kCulprit))},
          .message = std::string(FirstLine(message)),
          .reason = std::string(reason),
          .namespace_ = std::string(issue.text(Packed::kNamespace)),
          .workload_kind = std::string(issue.text(Packed::kKind)),
          .workload_name = std::string(issue.text(Packed::kName)),
          .container = std::string(issue.text(Packed::kContainer)),
          .sightings = issue.sightings,
          .told = issue.told,
          .swallowed = issue.swallowed,
          .first_seen = issue.first_seen,
          .last_seen = issue.last_seen};
}

void Issues::ForEach(const Visit& visit) const {
  for (const auto& entry : all_) visit(Unpack(entry));
}

void Issues::ForEachWorstFirst(const Visit& visit, std::size_t count) const {
  std::vector<const Map::value_type*> order;
  order.reserve(all_.size());
  for (const auto& entry : all_) order.push_back(&entry);
  const auto rank = [](const Map::value_type* entry) {
    const Packed& issue = entry->second;
    return std::make_tuple(issue.level, -issue.sightings, issue.text(Packed::kCulprit));
  };
  std::stable_sort(order.begin(), order.end(), [&](const auto* a, const auto* b) {
    return rank(a) < rank(b);
  });
  order.resize(std::min(count, order.size()));
  for (const auto* entry : order) visit(Unpack(*entry));
}

}  // namespace k8sentry::cli
