// What can be sent to Sentry beside issues: structured logs and cron check-ins; and
// what can go with an issue: breadcrumbs and attachments.
//
// Threads: values and pure functions.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "k8sentry/issue.h"
#include "k8sentry/status.h"
#include "k8sentry/time.h"

namespace k8sentry {

// 16 bytes that link an issue with its logs and check-ins; all zeros: none.
// (Sentry developer docs, trace context.)
using TraceId = std::array<std::uint8_t, 16>;
// One trace for each involved object: its uid, or a hash of that if it is no UUID, of
// the object's kind and name, or at last of the Event's own uid.
TraceId TraceOf(const Event& event);

using SentryValue = std::variant<std::string, bool, std::int64_t, double>;
struct SentryAttribute {
  std::string name;  // OpenTelemetry's where there is one, such as "k8s.pod.name"
  SentryValue value;
};

// (Sentry developer docs, logs.)
struct SentryLog {
  Time timestamp;  // Time(): when it is captured
  TraceId trace_id = {};
  Level level = Level::kInfo;
  std::string body;
  std::vector<SentryAttribute> attributes;
};
// The log of one Event: what happened, where, and how often by now.
SentryLog LogOf(const Event& event, const IssueOptions& options = {});

// (Sentry developer docs, event payloads, breadcrumbs.)
struct Breadcrumb {
  Time timestamp;
  Level level = Level::kInfo;
  std::string type;      // "default", "error", "info", ...
  std::string category;  // dotted, such as "k8s.event"
  std::string message;
  std::vector<std::pair<std::string, std::string>> data;
};
Breadcrumb BreadcrumbOf(const Event& event, const IssueOptions& options = {});

// Travels in the envelope of its issue. (Sentry developer docs, envelope items.)
struct Attachment {
  std::string filename;  // without a folder
  std::string content_type = "text/plain";
  std::string bytes;
};

enum class CheckInStatus : std::uint8_t { kInProgress, kOk, kError };

// (Sentry developer docs, check-ins, monitor upsert.)
struct MonitorConfig {
  struct Interval {
    int value = 1;             // at least 1
    std::string unit = "day";  // year, month, week, day, hour, minute
  };
  std::variant<std::string, Interval>
      schedule;               // five fields of cron, or every so often
  std::string timezone = {};  // a tz database name; empty: UTC
  // Whole minutes are sent, rounded up, at least one and at most four weeks.
  std::optional<Duration> checkin_margin = {};
  std::optional<Duration> max_runtime = {};
  std::optional<int> failure_issue_threshold = {};  // 1 to 720
  std::optional<int> recovery_threshold = {};
};

struct CheckIn {
  TellingId id = {};         // the same for the start and the end of one run
  std::string monitor_slug;  // as MonitorSlug makes it
  CheckInStatus status = CheckInStatus::kOk;
  std::optional<Duration> duration = {};     // with kOk and kError; up to 24.8 days
  std::optional<MonitorConfig> config = {};  // creates or changes the monitor
  TraceId trace_id = {};
  // Sentry takes the time of arrival for the time of the check-in, so it is not sent
  // later than this. max(): at any time.
  SteadyTime not_after = SteadyTime::max();
};

// At most 50 of [a-z0-9_-], never all digits. Different names get different slugs, also
// when they are longer. (Relay cuts at 50.)
std::string MonitorSlug(std::string_view namespace_, std::string_view cron_job);
// The id of the check-ins of one run: made of the Job's uid.
TellingId CheckInIdOf(std::string_view job_uid);

// The schedule of a CronJob as Sentry wants it: five fields, `?` and `@midnight`
// rewritten, `TZ=` and `CRON_TZ=` moved to the time zone. `time_zone` (spec.timeZone)
// wins. Errors: kInvalidArgument, for @reboot, @every, six fields and nonsense.
Result<MonitorConfig> MonitorConfigOf(std::string_view schedule,
                                      std::string_view time_zone = {});

}  // namespace k8sentry
