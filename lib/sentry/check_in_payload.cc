// A check-in of a cron monitor. (Sentry developer docs, check-ins.)
#include <algorithm>
#include <chrono>

#include "k8sentry/text.h"
#include "sentry/items.h"
#include "sentry/trim.h"

namespace k8sentry::internal {
namespace {

std::string_view StatusName(CheckInStatus status) {
  switch (status) {
    case CheckInStatus::kInProgress:
      return "in_progress";
    case CheckInStatus::kOk:
      return "ok";
    case CheckInStatus::kError:
      return "error";
  }
  return "error";
}

// Sentry keeps milliseconds in 31 bits.
double SecondsOfRun(Duration duration) {
  constexpr std::int64_t kMaxMilliseconds = 2147483647;
  const std::int64_t milliseconds =
      std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
  return static_cast<double>(
             std::clamp<std::int64_t>(milliseconds, 0, kMaxMilliseconds)) /
         1000;
}

// Up, for a margin that is too short makes false alarms.
std::int64_t Minutes(Duration duration) {
  constexpr std::int64_t kFourWeeks = 40320;
  return std::clamp<std::int64_t>(
      std::chrono::ceil<std::chrono::minutes>(duration).count(), 1, kFourWeeks);
}

void WriteSchedule(const MonitorConfig& config, JsonWriter& json) {
  json.Key("schedule").BeginObject();
  if (const auto* crontab = std::get_if<std::string>(&config.schedule)) {
    json.Key("type").String("crontab").Key("value").String(TrimmedLine(*crontab, 255));
  } else {
    const auto& interval = std::get<MonitorConfig::Interval>(config.schedule);
    json.Key("type").String("interval");
    json.Key("value").Number(std::max(1, interval.value));
    json.Key("unit").String(interval.unit);
  }
  json.EndObject();
}

void WriteConfig(const MonitorConfig& config, JsonWriter& json) {
  json.Key("monitor_config").BeginObject();
  WriteSchedule(config, json);
  if (config.checkin_margin) {
    json.Key("checkin_margin").Number(Minutes(*config.checkin_margin));
  }
  if (config.max_runtime) json.Key("max_runtime").Number(Minutes(*config.max_runtime));
  // Without one Sentry keeps the zone that the monitor had.
  json.Key("timezone").String(config.timezone.empty() ? "UTC" : config.timezone);
  const auto threshold = [&](std::string_view key, const std::optional<int>& value) {
    if (value) json.Key(key).Number(std::clamp(*value, 1, 720));
  };
  threshold("failure_issue_threshold", config.failure_issue_threshold);
  threshold("recovery_threshold", config.recovery_threshold);
  json.EndObject();
}

}  // namespace

void AppendCheckInPayload(const CheckIn& check_in, const SentryOptions& options,
                          std::string& out) {
  JsonWriter json(out);
  json.BeginObject();
  json.Key("check_in_id").String(HexId(check_in.id));
  json.Key("monitor_slug");
  json.String(TruncateCharacters(check_in.monitor_slug, kMaxSlug));
  json.Key("status").String(StatusName(check_in.status));
  if (check_in.duration && check_in.status != CheckInStatus::kInProgress) {
    json.Key("duration").Number(SecondsOfRun(*check_in.duration));
  }
  WriteLine(json, "release", options.release, kMaxRelease);
  WriteLine(json, "environment", options.environment, kMaxEnvironment);
  if (check_in.config) WriteConfig(*check_in.config, json);
  if (!IsNone(check_in.trace_id)) {
    json.Key("contexts").BeginObject().Key("trace").BeginObject();
    json.Key("trace_id").String(HexId(check_in.trace_id)).EndObject().EndObject();
  }
  json.EndObject();
}

}  // namespace k8sentry::internal
