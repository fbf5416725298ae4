#include "runtime/state_json.h"

#include <chrono>
#include <map>

#include "json/json_reader.h"
#include "k8sentry/json_writer.h"
#include "k8sentry/state.h"
#include "k8sentry/watch_decoder.h"

namespace k8sentry {
namespace {

using internal::JsonReader;

constexpr int kVersion = 1;

std::string_view StageName(KeptKey::Stage stage) {
  switch (stage) {
    case KeptKey::Stage::kCounting:
      return "counting";
    case KeptKey::Stage::kWindow:
      return "window";
    case KeptKey::Stage::kUnlocked:
      return "unlocked";
  }
  return "";
}

std::optional<KeptKey::Stage> StageOf(std::string_view name) {
  for (const KeptKey::Stage stage : {KeptKey::Stage::kCounting, KeptKey::Stage::kWindow,
                                     KeptKey::Stage::kUnlocked}) {
    if (name == StageName(stage)) return stage;
  }
  return std::nullopt;
}

// --- writing ---

void WriteText(JsonWriter& json, std::string_view name, std::string_view text) {
  if (!text.empty()) json.Key(name).String(text);
}
void WriteTime(JsonWriter& json, std::string_view name, std::optional<Time> time) {
  if (time) json.Key(name).String(FormatTime(*time));
}

// As Kubernetes would write it, so that the decoder can read it back.
void WriteEvent(JsonWriter& json, const Event& event) {
  json.BeginObject();
  json.Key("kind").String("Event");
  json.Key("metadata").BeginObject();
  WriteText(json, "name", event.name);
  WriteText(json, "namespace", event.namespace_);
  WriteText(json, "uid", event.uid);
  WriteText(json, "resourceVersion", event.resource_version);
  WriteTime(json, "creationTimestamp", event.creation_timestamp);
  if (!event.labels.empty()) json.Key("labels").Raw(event.labels);
  json.EndObject();
  const ObjectReference& object = event.involved_object;
  json.Key("involvedObject").BeginObject();
  WriteText(json, "kind", object.kind);
  WriteText(json, "namespace", object.namespace_);
  WriteText(json, "name", object.name);
  WriteText(json, "uid", object.uid);
  WriteText(json, "apiVersion", object.api_version);
  WriteText(json, "resourceVersion", object.resource_version);
  WriteText(json, "fieldPath", object.field_path);
  json.EndObject();
  WriteText(json, "reason", event.reason);
  WriteText(json, "action", event.action);
  WriteText(json, "message", event.message);
  WriteText(json, "type", event.type);
  json.Key("source").BeginObject();
  WriteText(json, "component", event.source_component);
  WriteText(json, "host", event.source_host);
  json.EndObject();
  WriteText(json, "reportingComponent", event.reporting_component);
  WriteText(json, "reportingInstance", event.reporting_instance);
  WriteTime(json, "firstTimestamp", event.first_timestamp);
  WriteTime(json, "lastTimestamp", event.last_timestamp);
  WriteTime(json, "eventTime", event.event_time);
  if (event.count > 0) json.Key("count").Number(event.count);
  if (event.series_count > 0 || event.series_last_observed) {
    json.Key("series").BeginObject();
    if (event.series_count > 0) json.Key("count").Number(event.series_count);
    WriteTime(json, "lastObservedTime", event.series_last_observed);
    json.EndObject();
  }
  json.EndObject();
}

void WriteKey(JsonWriter& json, const KeptKey& kept) {
  json.BeginObject();
  json.Key("stage").String(StageName(kept.stage));
  WriteText(json, "cluster", kept.key.cluster);
  WriteText(json, "namespace", kept.key.namespace_);
  WriteText(json, "workload", kept.key.workload);
  WriteText(json, "container", kept.key.container);
  WriteText(json, "reason", kept.key.reason);
  WriteText(json, "class", kept.key.message_class);
  json.Key("age").String(FormatDuration(kept.age));
  json.Key("window").String(FormatDuration(kept.window));
  json.Key("count").Number(kept.count);
  json.Key("first_seen").String(FormatTime(kept.first_seen));
  json.Key("last_seen").String(FormatTime(kept.last_seen));
  if (kept.event) {
    json.Key("event");
    WriteEvent(json, kept.event->view());
    const Owner& owner = kept.event->view().owner;
    WriteText(json, "owner_kind", owner.kind);
    WriteText(json, "owner_name", owner.name);
    WriteText(json, "owner_release", owner.release);
    WriteText(json, "owner_version", owner.version);
    if (kept.event->view().uid.empty()) json.Key("id").String(HexId(kept.id));
  }
  json.EndObject();
}

// --- reading ---

std::string Text(const JsonReader& json, std::string_view name) {
  return json.String({name}).value_or("");
}

Duration ReadDuration(const JsonReader& json, std::string_view name) {
  const Result<Duration> duration = ParseDuration(Text(json, name));
  return duration.ok() ? std::max(*duration, Duration::zero()) : Duration::zero();
}

Time ReadTime(const JsonReader& json, std::string_view name) {
  return ParseTime(Text(json, name)).value_or(Time());
}

TellingId ReadId(std::string_view hex) {
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  TellingId id = {};
  if (hex.size() != 2 * id.size() ||
      hex.find_first_not_of("0123456789abcdef") != hex.npos) {
    return id;
  }
  for (std::size_t i = 0; i < id.size(); ++i) {
    id[i] = static_cast<std::uint8_t>(digit(hex[2 * i]) << 4 | digit(hex[2 * i + 1]));
  }
  return id;
}

// The owner is never on the wire, so it stands beside the event.
std::optional<OwnedEvent> ReadEvent(std::string_view text, const Owner& owner) {
  WatchDecoder decoder;
  decoder.Feed(text);
  decoder.End(StreamEnd::kFile);
  const std::span<const Event> events = decoder.NextEvents();
  if (events.empty()) return std::nullopt;
  Event event = events.front();
  event.owner = owner;
  return OwnedEvent(event);
}

std::optional<KeptKey> ReadKey(std::string_view text) {
  const JsonReader json(text);
  const std::optional<KeptKey::Stage> stage = StageOf(Text(json, "stage"));
  const std::int64_t count = json.Integer({"count"}).value_or(-1);
  if (!stage || count < 0) return std::nullopt;
  KeptKey kept = {.key = {.cluster = Text(json, "cluster"),
                          .namespace_ = Text(json, "namespace"),
                          .workload = Text(json, "workload"),
                          .container = Text(json, "container"),
                          .reason = Text(json, "reason"),
                          .message_class = Text(json, "class")},
                  .stage = *stage,
                  .age = ReadDuration(json, "age"),
                  .window = ReadDuration(json, "window"),
                  .count = count,
                  .first_seen = ReadTime(json, "first_seen"),
                  .last_seen = ReadTime(json, "last_seen"),
                  .id = ReadId(Text(json, "id"))};
  if (const auto event = json.Raw({"event"})) {
    const std::string kind = Text(json, "owner_kind"), name = Text(json, "owner_name"),
                      release = Text(json, "owner_release"),
                      version = Text(json, "owner_version");
    kept.event = ReadEvent(*event, {kind, name, release, version});
  }
  return kept;
}

}  // namespace

bool internal::WriteState(const State& state,
                          const std::function<bool(std::string_view)>& take) {
  constexpr std::size_t kPiece = 64 << 10;
  std::string out;
  const auto flush = [&](std::size_t from) {
    if (out.size() < from) return true;
    const bool taken = take(out);
    out.clear();
    return taken;
  };
  JsonWriter json(out);
  json.BeginObject();
  json.Key("k8sentry_state").Number(kVersion);
  json.Key("saved").String(FormatTime(state.saved));
  json.Key("cluster_id").String(state.source.cluster_id);
  json.Key("marks").BeginArray();
  for (const WatchMark& mark : state.source.marks) {
    json.BeginObject();
    json.Key("watch").String(mark.watch);
    json.Key("observed").String(mark.observed);
    json.Key("acknowledged").String(mark.acknowledged);
    json.EndObject();
  }
  json.EndArray();
  json.Key("unacknowledged").BeginArray();
  for (const EventVersion& event : state.source.unacknowledged) {
    json.BeginObject();
    json.Key("uid").String(event.uid);
    json.Key("version").String(event.version);
    json.EndObject();
    if (!flush(kPiece)) return false;
  }
  json.EndArray();
  json.Key("keys").BeginArray();
  for (const KeptKey& key : state.keys) {
    WriteKey(json, key);
    if (!flush(kPiece)) return false;
  }
  json.EndArray();
  json.EndObject();
  out.push_back('\n');
  return flush(0);
}

std::string FormatState(const State& state) {
  std::string text;
  internal::WriteState(state, [&](std::string_view piece) {
    text += piece;
    return true;
  });
  return text;
}

Result<State> ParseState(std::string_view text) {
  const auto bad = [](const char* what) {
    return Status(StatusCode::kDataLoss,
                  std::string("this is no state of k8sentry: ") + what);
  };
  const JsonReader json(text);
  const std::optional<std::int64_t> version = json.Integer({"k8sentry_state"});
  if (!version) return bad("it cannot be read, or has no `k8sentry_state`");
  if (*version != kVersion) return bad("it is of another version");
  const std::optional<Time> saved = ParseTime(Text(json, "saved"));
  const auto marks = json.Elements({"marks"});
  const auto unacknowledged = json.Elements({"unacknowledged"});
  const auto keys = json.Elements({"keys"});
  if (!saved || !marks || !unacknowledged || !keys) return bad("a part is missing");
  State state;
  state.saved = *saved;
  state.source.cluster_id = Text(json, "cluster_id");
  for (const std::string_view element : *marks) {
    const JsonReader mark(element);
    state.source.marks.push_back(
        {Text(mark, "watch"), Text(mark, "observed"), Text(mark, "acknowledged")});
  }
  for (const std::string_view element : *unacknowledged) {
    const JsonReader event(element);
    state.source.unacknowledged.push_back({Text(event, "uid"), Text(event, "version")});
  }
  for (const std::string_view element : *keys) {
    std::optional<KeptKey> key = ReadKey(element);
    if (!key) return bad("a key cannot be read");
    state.keys.push_back(*std::move(key));
  }
  return state;
}

}  // namespace k8sentry
