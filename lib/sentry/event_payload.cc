#include "sentry/event_payload.h"

#include <algorithm>
#include <cstdio>

#include "k8sentry/json_writer.h"
#include "k8sentry/text.h"
#include "k8sentry/version.h"

namespace k8sentry::internal {
namespace {

// At most `max_characters` of `text`; what was cut ends in "...", as Relay cuts.
std::string Trimmed(std::string_view text, std::size_t max_characters) {
  const std::string_view whole = TruncateCharacters(text, max_characters);
  if (whole.size() == text.size()) return std::string(text);
  return std::string(TruncateCharacters(text, max_characters - 3)) + "...";
}

// As Trimmed, on one line without control characters and surrounding spaces: Sentry
// refuses a newline in a tag, a logger or a transaction.
std::string TrimmedLine(std::string_view text, std::size_t max_characters) {
  // A line break can cost nothing but its own character, so cutting first keeps a
  // hostile megabyte from being copied; the longest character has four bytes.
  std::string line(TruncateUtf8(text, max_characters * 4 + 4));
  for (char& c : line) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
  }
  const std::size_t first = line.find_first_not_of(' ');
  if (first == std::string::npos) return {};
  return Trimmed(
      std::string_view(line).substr(first, line.find_last_not_of(' ') - first + 1),
      max_characters);
}

// Writes members of one object, and leaves out those that have nothing to say.
class Members {
 public:
  Members(JsonWriter& json, std::string_view name) : json_(json) {
    json_.Key(name).BeginObject();
  }
  ~Members() { json_.EndObject(); }
  Members(const Members&) = delete;
  Members& operator=(const Members&) = delete;

  void Line(std::string_view key, std::string_view value, std::size_t max_characters) {
    const std::string line = TrimmedLine(value, max_characters);
    if (!line.empty()) json_.Key(key).String(line);
  }
  void Tag(std::string_view key, std::string_view value) {
    Line(key, value, kMaxTagValue);
  }
  void Value(std::string_view key, std::string_view value) {
    Line(key, value, kMaxContextValue);
  }
  void Name(std::string_view key, std::string_view value) {
    Line(key, value, kMaxContextName);
  }
  void Count(std::string_view key, std::int64_t count) { json_.Key(key).Number(count); }
  void Moment(std::string_view key, const std::optional<Time>& time) {
    if (time && *time != Time()) json_.Key(key).String(FormatTime(*time));
  }

 private:
  JsonWriter& json_;
};

// Seconds with microseconds, written out in full: a double's shortest form could come
// as 1.8e+09.
std::string SecondsOf(Time time) {
  const std::int64_t micros = time.time_since_epoch().count();
  char text[48];
  std::snprintf(text, sizeof text, "%lld.%06lld",
                static_cast<long long>(micros / 1000000),
                static_cast<long long>(micros % 1000000));
  return text;
}

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

// The node whose kubelet emitted it, or that it is about.
std::string_view NodeOf(const Event& event) {
  return event.involved_object.kind == "Node" ? event.involved_object.name
                                              : event.source_host;
}

// Failures are exceptions: a title in two parts, and `error.type` to search by. What
// Kubernetes itself calls Normal is a message; both count as Sentry's category `error`.
void AppendWhatHappened(const Event& event, JsonWriter& json) {
  const std::string type = TrimmedLine(event.reason, kMaxExceptionType);
  if (event.type == "Normal") {
    std::string text = type;
    if (!event.message.empty()) {
      if (!text.empty()) text += ": ";
      text += event.message.substr(0, kMaxMessage * 4 + 4);
    }
    json.Key("logentry").BeginObject();
    json.Key("formatted").String(Trimmed(text, kMaxMessage)).EndObject();
    return;
  }
  json.Key("exception").BeginObject().Key("values").BeginArray().BeginObject();
  // Relay wants at least one of the two.
  if (!type.empty() || event.message.empty()) {
    json.Key("type").String(type.empty() ? "Event" : type);
  }
  if (!event.message.empty()) {
    json.Key("value").String(Trimmed(event.message, kMaxMessage));
  }
  json.Key("mechanism").BeginObject();
  json.Key("type").String("auto.k8s.event").Key("handled").Bool(true).EndObject();
  json.EndObject().EndArray().EndObject();
}

void AppendTags(const Telling& telling, JsonWriter& json) {
  const Event& event = telling.event.view();
  Members tags(json, "tags");
  tags.Tag("cluster", telling.key.cluster);
  tags.Tag("namespace", telling.key.namespace_);
  tags.Tag("kind", event.involved_object.kind);
  tags.Tag("reason", event.reason);
  tags.Tag("component", event.component());
  tags.Tag("node", NodeOf(event));
  tags.Tag("workload", telling.key.workload);
  tags.Tag("container", telling.key.container);
  tags.Tag("event_type", event.type);
  if (event.involved_object.kind == "Pod") tags.Tag("pod", event.involved_object.name);
  tags.Tag("telling", TellingKindName(telling.kind));
}

// No member of a context may be called `type`: Sentry takes that for the context's
// kind.
void AppendContexts(const Telling& telling, JsonWriter& json) {
  const Event& event = telling.event.view();
  const ObjectReference& object = event.involved_object;
  json.Key("contexts").BeginObject();
  {
    Members context(json, "k8s_event");
    context.Value("event_type", event.type);
    context.Value("reason", event.reason);
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
  json.EndObject();
}

}  // namespace

void AppendEventPayload(const Telling& telling, const SentryOptions& options,
                        Time sent_at, std::string& out) {
  const Event& event = telling.event.view();
  const Issue issue = IssueOf(telling, options.issue);
  JsonWriter json(out);
  const auto line = [&](std::string_view key, std::string_view value, std::size_t max) {
    const std::string text = TrimmedLine(value, max);
    if (!text.empty()) json.Key(key).String(text);
  };
  json.BeginObject();
  json.Key("event_id").String(HexId(telling.id));
  json.Key("timestamp").Raw(SecondsOf(TimestampOf(telling, sent_at)));
  json.Key("platform").String("other");
  json.Key("level").String(LevelName(issue.level));
  line("logger", event.component(), kMaxLogger);
  line("transaction", issue.culprit, kMaxTransaction);
  line("server_name", options.server_name, kMaxServerName);
  line("release", options.release, kMaxRelease);
  line("environment", options.environment, kMaxEnvironment);
  AppendWhatHappened(event, json);
  json.Key("fingerprint").BeginArray();
  for (const std::string& part : telling.key.fingerprint()) json.String(part);
  json.EndArray();
  AppendTags(telling, json);
  AppendContexts(telling, json);
  json.Key("sdk").BeginObject();
  json.Key("name").String("k8sentry").Key("version").String(Version()).EndObject();
  json.EndObject();
}

}  // namespace k8sentry::internal
