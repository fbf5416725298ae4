#include "issues.h"

#include <algorithm>
#include <utility>

#include "k8sentry/key.h"
#include "k8sentry/text.h"

namespace k8sentry::cli {
namespace {

// What a wide terminal may show; a message may have megabytes.
constexpr std::size_t kMaxMessage = 400;

std::array<std::string*, 8> Texts(IssueRecord& record) {
  return {&record.issue.title,   &record.issue.culprit, &record.message,
          &record.reason,        &record.namespace_,    &record.workload_kind,
          &record.workload_name, &record.container};
}

std::string Joined(const std::vector<std::string>& fingerprint) {
  std::string out;
  for (const std::string& part : fingerprint) out.append(part).push_back('\0');
  return out;
}

std::vector<std::string> Parts(std::string_view joined) {
  std::vector<std::string> parts;
  while (!joined.empty()) {
    parts.emplace_back(joined.substr(0, joined.find('\0')));
    joined.remove_prefix(parts.back().size() + 1);
  }
  return parts;
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

void Issues::Packed::Count(const Telling& telling) {
  sightings += telling.sightings + telling.swallowed;
  swallowed += telling.swallowed;
  first_seen = std::min(first_seen, telling.first_seen);
  last_seen = std::max(last_seen, telling.last_seen);
}

void Issues::Add(const Telling& telling) {
  IssueRecord record = RecordOf(telling);
  Packed& packed = all_[Joined(record.fingerprint)];
  packed.Count(telling);
  ++packed.told;
  packed.level = record.issue.level;
  std::string texts;
  std::size_t i = 0;
  for (const std::string* text : Texts(record)) {
    texts += *text;
    packed.ends[i++] = static_cast<std::uint32_t>(texts.size());
  }
  texts.shrink_to_fit();
  packed.texts = std::move(texts);
}

void Issues::AddOpen(const Telling& telling) {
  const auto it = all_.find(Joined(telling.key.fingerprint()));
  if (it == all_.end()) return;
  Telling open;
  open.swallowed = telling.swallowed;
  open.first_seen = telling.first_seen;
  open.last_seen = telling.last_seen;
  it->second.Count(open);
}

void Issues::ForEach(const std::function<void(const IssueRecord&)>& visit) const {
  IssueRecord record;
  for (const auto& [key, packed] : all_) {
    record.fingerprint = Parts(key);
    record.issue.level = packed.level;
    std::size_t begin = 0, i = 0;
    for (std::string* text : Texts(record)) {
      text->assign(packed.texts, begin, packed.ends[i] - begin);
      begin = packed.ends[i++];
    }
    record.sightings = packed.sightings;
    record.told = packed.told;
    record.swallowed = packed.swallowed;
    record.first_seen = packed.first_seen;
    record.last_seen = packed.last_seen;
    visit(record);
  }
}

}  // namespace k8sentry::cli
