#include <fstream>
#include <set>
#include <sstream>

#include "k8sentry/pipeline.h"
#include "k8sentry/watch_decoder.h"
#include "sentry/items.h"
#include "tests/sentry/stories.h"

namespace k8sentry::testing {
namespace {

using internal::DiscardedEvents;

SentryOptions GoldenOptions() {
  return {.dsn = *ParseDsn(
              "https://0123456789abcdef0123456789abcdef@o123.ingest.sentry.io/42"),
          .environment = "production",
          .release = "",
          .server_name = "k8sentry-0"};
}

// "err-image-never-pull" of ErrImageNeverPull, "cgroup-v1" of CgroupV1.
std::string NameOf(std::string_view reason) {
  const auto upper = [&](std::size_t i) {
    return i < reason.size() && reason[i] >= 'A' && reason[i] <= 'Z';
  };
  const auto lower = [&](std::size_t i) {
    return i < reason.size() && reason[i] >= 'a' && reason[i] <= 'z';
  };
  std::string name;
  for (std::size_t i = 0; i < reason.size(); ++i) {
    if (i > 0 && upper(i) && (lower(i - 1) || lower(i + 1))) name += '-';
    name += upper(i) ? static_cast<char>(reason[i] - 'A' + 'a') : reason[i];
  }
  return name;
}

void TellRecording(const std::string& path, const Pipeline::TellingFunction& tell) {
  std::ostringstream bytes;
  bytes << std::ifstream(path, std::ios::binary).rdbuf();
  WatchDecoder decoder;
  decoder.Feed(bytes.str());
  decoder.End(StreamEnd::kFile);
  const auto pipeline = NewPipeline({.time = TimeSource::kEvents});
  if (!pipeline.ok()) return;
  for (auto events = decoder.NextEvents(); !events.empty();
       events = decoder.NextEvents()) {
    (*pipeline)->Process(events, {}, tell);
  }
}

// The story under an id of its own.
Telling Another(Telling telling, std::uint8_t number) {
  telling.id[0] = number;
  return telling;
}

std::string IssueEnvelope(const Telling& telling, const SentryOptions& options,
                          std::vector<Breadcrumb> breadcrumbs,
                          std::vector<Attachment> attachments) {
  const Scrubber scrubber;
  SentryIssue issue = internal::IssueToSend(telling, options, scrubber);
  for (Breadcrumb& one : breadcrumbs) internal::ScrubItem(scrubber, one);
  for (Attachment& one : attachments) internal::ScrubItem(scrubber, one);
  issue.breadcrumbs = std::move(breadcrumbs);
  issue.attachments = std::move(attachments);
  std::string bytes;
  internal::AppendIssueEnvelope(issue, options, StorySentAt(), bytes);
  return bytes;
}

std::vector<GoldenEnvelope> Issues() {
  const SentryOptions options = GoldenOptions();
  std::vector<GoldenEnvelope> envelopes;
  for (const std::vector<Story>& stories : {Stories(), RecordedStories()}) {
    for (const Story& story : stories) {
      envelopes.push_back({story.name, IssueEnvelope(story.telling, options, {}, {})});
    }
  }
  SentryOptions released = options;
  released.release = "ledger@2.1.0+7";
  envelopes.push_back(
      {"with-breadcrumbs",
       IssueEnvelope(Another(StoryNamed("unhealthy"), 0xA1), released,
                     {BreadcrumbOf(StoryNamed("failed-scheduling").event.view()),
                      BreadcrumbOf(StoryNamed("normal-backoff").event.view()),
                      BreadcrumbOf(StoryNamed("hostile").event.view())},
                     {})});
  envelopes.push_back(
      {"with-attachments",
       IssueEnvelope(Another(StoryNamed("failed-create"), 0xA2), options, {},
                     {{.filename = "blocked.yaml",
                       .content_type = "text/yaml",
                       .bytes = "kind: ReplicaSet\nenv:\n- name: DSN\n  value: x\n"},
                      {.filename = "bytes.bin",
                       .content_type = "application/octet-stream",
                       .bytes = {"\xFF\n\0\n", 4}}})});
  envelopes.push_back(
      {"with-a-secret",
       IssueEnvelope(TellingOf("Unhealthy",
                               "Liveness probe failed: dial postgres://app:hunter2@db: "
                               "password=hunter2 was refused"),
                     options, {}, {})});
  return envelopes;
}

std::string LogEnvelope(const std::vector<std::string>& stories) {
  const Scrubber scrubber;
  std::vector<std::string> payloads;
  for (const std::string& story : stories) {
    SentryLog log =
        internal::LogToSend(StoryNamed(story).event.view(), GoldenOptions(), scrubber);
    if (log.timestamp == Time()) log.timestamp = StorySentAt();  // as a reporter does
    internal::ScrubItem(scrubber, log);
    internal::AppendLogPayload(log, GoldenOptions(), payloads.emplace_back());
  }
  SentryLog own{.timestamp = StorySentAt(),
                .level = Level::kDebug,
                .body = "one of each",
                .attributes = {{"text", "a"}, {"flag", true}, {"ratio", 0.5}}};
  internal::AppendLogPayload(own, GoldenOptions(), payloads.emplace_back());
  std::string bytes;
  internal::AppendLogEnvelope(payloads, StorySentAt(), bytes);
  return bytes;
}

std::vector<GoldenEnvelope> CheckIns() {
  MonitorConfig config = *MonitorConfigOf("*/5 * ? * MON-FRI", "Europe/Berlin");
  config.checkin_margin = std::chrono::seconds(90);
  config.max_runtime = std::chrono::hours(1);
  config.failure_issue_threshold = 2;
  config.recovery_threshold = 1;
  CheckIn check_in{.id = CheckInIdOf("c607f0ff-edda-468c-8160-ef1aa6fe056e"),
                   .monitor_slug = MonitorSlug("batch-jobs", "nightly-report"),
                   .status = CheckInStatus::kInProgress,
                   .config = config,
                   .trace_id = CheckInIdOf("c607f0ff-edda-468c-8160-ef1aa6fe056e")};
  const auto envelope = [&] {
    std::string bytes;
    internal::AppendCheckInEnvelope(check_in, GoldenOptions(), StorySentAt(), bytes);
    return bytes;
  };
  std::vector<GoldenEnvelope> envelopes = {{"check-in-start", envelope()}};
  check_in.config.reset();
  check_in.status = CheckInStatus::kOk;
  check_in.duration = std::chrono::milliseconds(12345);
  envelopes.push_back({"check-in-ok", envelope()});
  check_in.status = CheckInStatus::kError;
  config.schedule = MonitorConfig::Interval{2, "hour"};
  check_in.config = config;
  envelopes.push_back({"check-in-error", envelope()});
  return envelopes;
}

}  // namespace

std::vector<Story> RecordedStories() {
  std::set<std::string> known;
  for (const Story& story : Stories()) known.emplace(story.telling.event->reason);
  std::vector<Story> stories;
  for (const char* path :
       {K8SENTRY_RECORDINGS "/kubernetes-1.37/events.watch.ndjson",
        K8SENTRY_RECORDINGS "/kubernetes-1.20/events.watch.ndjson"}) {
    TellRecording(path, [&](Telling&& telling) {
      const std::string_view reason = telling.event->reason;
      if (telling.kind != TellingKind::kFirst) return;
      if (!known.emplace(reason).second) return;
      stories.push_back({NameOf(reason), std::move(telling)});
    });
  }
  return stories;
}

std::vector<GoldenEnvelope> GoldenEnvelopes() {
  std::vector<GoldenEnvelope> envelopes = Issues();
  envelopes.push_back(
      {"logs", LogEnvelope({"unhealthy", "cluster-scoped", "normal-backoff", "hostile",
                            "overlong", "bare"})});
  for (GoldenEnvelope& check_in : CheckIns()) envelopes.push_back(std::move(check_in));
  const DiscardedEvents discarded[] = {{"queue_overflow", "error", 23},
                                       {"ratelimit_backoff", "log_item", 100},
                                       {"ratelimit_backoff", "log_byte", 51200},
                                       {"before_send", "monitor", 1}};
  internal::AppendClientReportEnvelope(
      discarded, StorySentAt(),
      envelopes.emplace_back(GoldenEnvelope{"client-report", ""}).bytes);
  return envelopes;
}

}  // namespace k8sentry::testing
