#include "sentry/event_payload.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "k8sentry/json_writer.h"
#include "k8sentry/text.h"
#include "k8sentry/version.h"

namespace k8sentry::internal {
namespace {

// Writes members of one object, and leaves out those that have nothing to say.
class Members {
 public:
  Members(JsonWriter& json, std::string_view name) : json_(json) {
    json_.Key(name).BeginObject();
  }
  ~Members() { json_.EndObject(); }
  Members(const Members&) = delete;
  Members& operator=(const Members&) = delete;

  void Value(std::string_view key, std::string_view value) {
    WriteLine(json_, key, value, kMaxContextValue);
  }
  void Name(std::string_view key, std::string_view value) {
    WriteLine(json_, key, value, kMaxContextName);
  }
  void Count(std::string_view key, std::int64_t count) { json_.Key(key).Number(count); }
  void Moment(std::string_view key, const std::optional<Time>& time) {
    if (time && *time != Time()) json_.Key(key).String(FormatTime(*time));
  }

 private:
  JsonWriter& json_;
};

// The occurrence time. Sentry takes at most a minute of the future, marks what lies
// beyond as an error and puts the time of receipt in its place; so we put the present.
Time TimestampOf(const Telling& telling, Time sent_at) {
  Time time = sent_at;
  if (const std::optional<Time> occurrence = telling.event->occurrence_time()) {
    time = *occurrence;
  } else if (telling.last_seen != Time()) {
    time = telling.last_seen;
  }
  if (time < Time() || time > sent_at + std::chrono::seconds(60)) return sent_at;
  return time;
}

// Failures are exceptions: a title in two parts, and `error.type` to search by. What
// Kubernetes itself calls Normal is a message; both count as Sentry's category `error`.
void AppendWhatHappened(const SentryIssue& issue, JsonWriter& json) {
  const std::string type = TrimmedLine(issue.reason, kMaxExceptionType);
  if (issue.telling.event->type == "Normal") {
    std::string text = type;
    if (!issue.message.empty()) {
      if (!text.empty()) text += ": ";
      text += Head(issue.message, kMaxMessage);
    }
    json.Key("logentry").BeginObject();
    // What groups and what one searches by; the title is made of the other. Sentry's
    // own Rust types do without `formatted`, but not without this.
    json.Key("message").String(type.empty() ? "Event" : type);
    WriteText(json, "formatted", text, kMaxMessage);
    json.EndObject();
    return;
  }
  json.Key("exception").BeginObject().Key("values").BeginArray().BeginObject();
  // Relay wants at least one of the two.
  if (!type.empty() || issue.message.empty()) {
    json.Key("type").String(type.empty() ? "Event" : type);
  }
  if (!issue.message.empty()) {
    WriteText(json, "value", issue.message, kMaxMessage);
  }
  json.Key("mechanism").BeginObject();
  json.Key("type").String("auto.k8s.event").Key("handled").Bool(true).EndObject();
  json.EndObject().EndArray().EndObject();
}

// Sentry sets these itself, or takes them for something else.
bool IsReservedTag(std::string_view key) {
  for (const char* reserved :
       {"release", "dist", "user", "filename", "function", "environment"}) {
    if (key == reserved) return true;
  }
  return false;
}

// `key` with the characters that a tag's key may have.
std::string TagKey(std::string_view key) {
  std::string clean(key.substr(0, kMaxTagKey));
  for (char& c : clean) {
    const bool fits = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                      (c >= '0' && c <= '9') || c == '_' || c == '.' || c == ':' ||
                      c == '-';
    if (!fits) c = '-';
  }
  return clean;
}

// A hook may have added whatever it likes; of two with one key Sentry takes the first.
void AppendTags(const SentryIssue& issue, JsonWriter& json) {
  std::vector<std::string> written;  // at most kMaxTags
  written.reserve(std::min(issue.tags.size(), kMaxTags));
  json.Key("tags").BeginObject();
  for (const auto& [name, value] : issue.tags) {
    std::string key = TagKey(name);
    const Line line(value, kMaxTagValue);
    if (key.empty() || line.empty() || IsReservedTag(key)) continue;
    if (written.size() >= kMaxTags) break;
    if (std::find(written.begin(), written.end(), key) != written.end()) continue;
    json.Key(key).String(line.view());
    written.push_back(std::move(key));
  }
  json.EndObject();
}

// Entries are never trimmed by Sentry; ours are short, and a hook's are its business
// as long as the event stays an event.
void AppendFingerprint(const SentryIssue& issue, JsonWriter& json) {
  std::size_t left = kMaxFingerprintBytes;
  json.Key("fingerprint").BeginArray();
  for (const std::string& part : issue.fingerprint) {
    const std::string_view fits = TruncateUtf8(part, left);
    left -= fits.size();
    if (!fits.empty()) json.String(fits);
  }
  json.EndArray();
}

std::string_view Or(std::string_view word, std::string_view other) {
  return word.empty() ? other : word;
}

void AppendBreadcrumb(const Breadcrumb& breadcrumb, Time sent_at, JsonWriter& json) {
  const Time time = breadcrumb.timestamp;
  json.BeginObject();
  json.Key("timestamp").Raw(SecondsOf(time == Time() ? sent_at : time));
  WriteLine(json, "type", Or(breadcrumb.type, "default"), kMaxBreadcrumbWord);
  WriteLine(json, "category", breadcrumb.category, kMaxBreadcrumbWord);
  json.Key("level").String(LevelName(breadcrumb.level));
  if (!breadcrumb.message.empty()) {
    WriteText(json, "message", breadcrumb.message, kMaxMessage);
  }
  if (!breadcrumb.data.empty()) {
    std::string data = "{", member;
    for (const auto& [key, value] : breadcrumb.data) {
      const Line name(key, kMaxBreadcrumbWord);
      if (name.empty()) continue;
      member.clear();
      JsonWriter writer(member);
      WriteText(writer, name.view(), value, kMaxContextName);
      if (data.size() + member.size() + 2 > kMaxBreadcrumbDataBytes) continue;
      if (data.size() > 1) data += ',';
      data += member;
    }
    data += '}';
    json.Key("data").Raw(data);
  }
  json.EndObject();
}

// The newest say most of what led here, so the oldest go when there are too many.
void AppendBreadcrumbs(const std::vector<Breadcrumb>& breadcrumbs, Time sent_at,
                       JsonWriter& json) {
  std::string written;            // from the newest to the oldest
  std::vector<std::size_t> ends;  // of each, in there
  for (auto it = breadcrumbs.rbegin(); it != breadcrumbs.rend(); ++it) {
    JsonWriter writer(written);
    AppendBreadcrumb(*it, sent_at, writer);
    const std::size_t bytes = written.size() + ends.size() + 1;
    if (ends.size() >= kMaxBreadcrumbs || bytes > kMaxBreadcrumbsBytes) break;
    ends.push_back(written.size());
  }
  if (ends.empty()) return;
  json.Key("breadcrumbs").BeginObject().Key("values").BeginArray();
  for (std::size_t i = ends.size(); i-- > 0;) {
    const std::size_t begin = i == 0 ? 0 : ends[i - 1];
    json.Raw(std::string_view(written).substr(begin, ends[i] - begin));
  }
  json.EndArray().EndObject();
}

// No member of a context may be called `type`: Sentry takes that for the context's
// kind.
void AppendContexts(const SentryIssue& issue, JsonWriter& json) {
  const Telling& telling = issue.telling;
  const Event& event = telling.event.view();
  const ObjectReference& object = event.involved_object;
  json.Key("contexts").BeginObject();
  {
    Members context(json, "k8s_event");
    context.Value("event_type", event.type);
    context.Value("reason", issue.reason);
    context.Value("action", event.action);
    context.Name("name", event.name);
    context.Value("namespace", event.namespace_);
    context.Value("uid", event.uid);
    context.Value("resource_version", event.resource_version);
    context.Value("component", event.component());
    context.Value("reporting_instance", event.reporting_instance);
    context.Value("host", event.source_host);
    context.Count("count", event.total());
    context.Moment("first_time", event.first_time());
    context.Moment("last_time", event.occurrence_time());
  }
  {
    Members context(json, "k8s_object");
    context.Value("kind", object.kind);
    context.Value("namespace", object.namespace_);
    context.Name("name", object.name);
    context.Value("uid", object.uid);
    context.Value("api_version", object.api_version);
    context.Name("field_path", object.field_path);
  }
  {
    Members context(json, "k8s_workload");
    context.Value("cluster", telling.key.cluster);
    context.Value("namespace", telling.key.namespace_);
    context.Value("kind", telling.workload_kind);
    context.Name("name", telling.key.workload);
    context.Name("container", telling.key.container);
  }
  {
    // The cluster's numbers; Sentry's own event count only counts tellings.
    Members context(json, "k8sentry");
    context.Value("telling", TellingKindName(telling.kind));
    context.Count("sightings", telling.sightings);
    context.Count("swallowed", telling.swallowed);
    context.Moment("first_seen", telling.first_seen);
    context.Moment("last_seen", telling.last_seen);
  }
  if (!IsNone(issue.trace_id)) {
    // Links the issue with the logs and check-ins of its object, without tracing.
    json.Key("trace").BeginObject();
    json.Key("trace_id").String(HexId(issue.trace_id));
    json.Key("span_id").String(Hex(telling.id.data(), 8)).EndObject();
  }
  json.EndObject();
}

}  // namespace

void AppendEventPayload(const SentryIssue& issue, Time sent_at, std::string& out) {
  const Telling& telling = issue.telling;
  JsonWriter json(out);
  json.BeginObject();
  json.Key("event_id").String(HexId(telling.id));
  json.Key("timestamp").Raw(SecondsOf(TimestampOf(telling, sent_at)));
  json.Key("platform").String("other");
  json.Key("level").String(LevelName(issue.issue.level));
  WriteLine(json, "logger", telling.event->component(), kMaxLogger);
  WriteLine(json, "transaction", issue.issue.culprit, kMaxTransaction);
  WriteLine(json, "server_name", issue.server_name, kMaxServerName);
  WriteLine(json, "release", issue.release, kMaxRelease);
  WriteLine(json, "environment", issue.environment, kMaxEnvironment);
  AppendWhatHappened(issue, json);
  AppendFingerprint(issue, json);
  AppendTags(issue, json);
  AppendContexts(issue, json);
  AppendBreadcrumbs(issue.breadcrumbs, sent_at, json);
  json.Key("sdk").BeginObject();
  json.Key("name").String("k8sentry").Key("version").String(Version()).EndObject();
  json.EndObject();
}

}  // namespace k8sentry::internal
