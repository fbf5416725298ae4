// What of a telling goes to Sentry, without its secrets.
#include <utility>

#include "k8sentry/text.h"
#include "sentry/event_payload.h"
#include "sentry/items.h"
#include "sentry/release.h"

namespace k8sentry::internal {
namespace {

class Tags {
 public:
  Tags(SentryIssue& issue, const Scrubber& scrubber)
      : issue_(issue), scrubber_(scrubber) {}

  // Names of objects and fixed words hold no secrets; whatever else somebody may have
  // chosen freely is looked at.
  void Name(std::string_view key, std::string_view value) {
    const Line line(value, kMaxTagValue);
    if (!line.empty()) issue_.tags.emplace_back(key, line.view());
  }
  void Text(std::string_view key, std::string_view value) {
    Name(key, scrubber_.Scrub(Head(value, kMaxTagValue)));
  }

 private:
  SentryIssue& issue_;
  const Scrubber& scrubber_;
};

void AddTags(const Telling& telling, const Scrubber& scrubber, SentryIssue& issue) {
  const Event& event = telling.event.view();
  issue.tags.reserve(11);
  Tags tags(issue, scrubber);
  tags.Name("cluster", telling.key.cluster);
  tags.Name("namespace", telling.key.namespace_);
  tags.Name("kind", event.involved_object.kind);
  tags.Text("reason", event.reason);
  tags.Text("component", event.component());
  tags.Name("node", NodeOf(event));
  tags.Name("workload", telling.key.workload);
  tags.Name("container", telling.key.container);
  tags.Name("event_type", event.type);
  if (event.involved_object.kind == "Pod") tags.Name("pod", event.involved_object.name);
  tags.Name("telling", TellingKindName(telling.kind));
}

bool IsText(std::string_view content_type) {
  if (content_type.starts_with("text/")) return true;
  for (const char* word : {"json", "yaml", "xml"}) {
    if (content_type.find(word) != std::string_view::npos) return true;
  }
  return false;
}

}  // namespace

SentryIssue IssueToSend(const Telling& telling, const SentryOptions& options,
                        const Scrubber& scrubber) {
  const Event& event = telling.event.view();
  SentryIssue issue{.telling = telling, .issue = IssueOf(telling, options.issue)};
  const std::string reason =
      scrubber.Scrub(Line(event.reason, kMaxExceptionType).view());
  issue.reason = TrimmedLine(reason, kMaxExceptionType);
  issue.message = scrubber.Scrub(Head(event.message, kMaxMessage));
  Trim(issue.message, kMaxMessage);
  issue.issue.title = IssueTitle(reason, issue.message);
  issue.fingerprint = telling.key.fingerprint();
  for (std::string& part : issue.fingerprint) part = scrubber.Scrub(part);
  issue.environment = options.environment;
  issue.release = ReleaseOf(event, options, scrubber);
  issue.server_name = options.server_name;
  AddTags(telling, scrubber, issue);
  issue.trace_id = TraceOf(event);
  return issue;
}

SentryLog LogToSend(const Event& event, const SentryOptions& options,
                    const Scrubber& scrubber) {
  SentryLog log = LogOf(event, options.issue);
  // The options' own goes to all logs.
  if (!options.release.empty()) return log;
  std::string release = ReleaseOf(event, options, scrubber);
  if (!release.empty())
    log.attributes.push_back({"sentry.release", std::move(release)});
  return log;
}

void ScrubItem(const Scrubber& scrubber, Breadcrumb& breadcrumb) {
  breadcrumb.message = scrubber.Scrub(Head(breadcrumb.message, kMaxMessage));
  Trim(breadcrumb.message, kMaxMessage);
  for (auto& [key, value] : breadcrumb.data) {
    value = scrubber.IsSecretKey(key)
                ? "[Filtered]"
                : scrubber.Scrub(Head(value, kMaxBreadcrumbDataBytes));
  }
}

void ScrubItem(const Scrubber& scrubber, SentryLog& log) {
  log.body = scrubber.Scrub(Head(log.body, kMaxMessage));
  Trim(log.body, kMaxMessage);
  for (SentryAttribute& attribute : log.attributes) {
    std::string* const text = std::get_if<std::string>(&attribute.value);
    if (text == nullptr) continue;
    *text = scrubber.IsSecretKey(attribute.name)
                ? "[Filtered]"
                : scrubber.Scrub(Head(*text, kMaxAttributeValue));
    Trim(*text, kMaxAttributeValue);
  }
}

void ScrubItem(const Scrubber& scrubber, Attachment& attachment) {
  attachment.filename = scrubber.Scrub(attachment.filename);
  if (IsText(attachment.content_type)) {
    attachment.bytes = scrubber.Scrub(attachment.bytes);
  }
}

}  // namespace k8sentry::internal
