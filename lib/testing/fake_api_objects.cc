#include "testing/fake_api_objects.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "json/json_cursor.h"
#include "json/json_reader.h"
#include "json/json_tokens.h"
#include "k8sentry/json_writer.h"
#include "k8sentry/testing/fake_fault.h"

namespace k8sentry::testing {

using k8sentry::internal::JsonReader;

std::string ApiStatusJson(int code, std::string_view reason, std::string_view message,
                          std::string_view details, std::string_view metadata) {
  std::string out;
  JsonWriter json(out);
  json.BeginObject().Key("kind").String("Status").Key("apiVersion").String("v1");
  json.Key("metadata").Raw(metadata).Key("status").String("Failure");
  json.Key("message").String(message).Key("reason").String(reason);
  json.Key("details").Raw(details).Key("code").Number(code).EndObject();
  return out;
}

std::string ApiErrorFrame(std::string_view status_json) {
  std::string frame = internal::ApiFrame("ERROR", status_json);
  frame.pop_back();  // the script adds it
  return frame;
}

namespace internal {
namespace {

using Members = std::vector<std::pair<std::string, std::string>>;

std::string Value(const Members& members, std::string_view key) {
  for (const auto& [name, value] : members) {
    if (name == key) return value;
  }
  return "";
}

// Without the quotes of a string; the names that Kubernetes allows need no escapes.
std::string Unquoted(const std::string& raw) {
  return raw.size() < 2 || raw[0] != '"' ? "" : raw.substr(1, raw.size() - 2);
}

void SetIfMissing(Members& members, const char* key, const std::string& text) {
  if (text.empty() || !Value(members, key).empty()) return;
  std::string value;
  JsonWriter(value).String(text);
  members.emplace_back(key, value);
}

std::string Joined(const Members& members) {
  std::string out;
  JsonWriter json(out);
  json.BeginObject();
  for (const auto& [key, value] : members) json.Key(key).Raw(value);
  json.EndObject();
  return out;
}

}  // namespace

Members JsonMembers(std::string_view object) {
  std::string text(object);
  text.append(k8sentry::internal::kJsonPadding, ' ');
  k8sentry::internal::JsonTokens tokens;
  (void)tokens.Find(std::string_view(text).substr(0, object.size()));
  k8sentry::internal::JsonCursor cursor(tokens.text());
  Members members;
  if (cursor.front() != '{') return members;
  const bool whole = cursor.VisitMembers([&](std::string_view key) {
    std::string_view value;
    if (!cursor.SkipRaw(value)) return false;
    members.emplace_back(key, value);
    return true;
  });
  if (!whole) members.clear();
  return members;
}

std::string KindOf(std::string_view resource) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kCamel =
      {{{"replicasets", "ReplicaSet"},
        {"statefulsets", "StatefulSet"},
        {"daemonsets", "DaemonSet"},
        {"cronjobs", "CronJob"},
        {"replicationcontrollers", "ReplicationController"},
        {"configmaps", "ConfigMap"}}};
  for (const auto& [plural, kind] : kCamel) {
    if (plural == resource) return std::string(kind);
  }
  std::string kind(resource);
  if (kind.ends_with('s')) kind.pop_back();
  if (!kind.empty() && kind[0] >= 'a' && kind[0] <= 'z') {
    kind[0] = static_cast<char>(kind[0] - 'a' + 'A');
  }
  return kind;
}

std::optional<ApiObject> StampObject(const ApiTarget& target, std::string_view object,
                                     const ApiStamp& stamp) {
  Members members = JsonMembers(object);
  Members metadata = JsonMembers(Value(members, "metadata"));
  ApiObject stamped;
  stamped.name = Unquoted(Value(metadata, "name"));
  if (stamped.name.empty()) return std::nullopt;
  std::erase_if(metadata, [](const auto& m) { return m.first == "resourceVersion"; });
  SetIfMissing(metadata, "namespace", target.namespace_);
  SetIfMissing(metadata, "uid", stamp.uid);
  SetIfMissing(metadata, "creationTimestamp", stamp.created);
  SetIfMissing(metadata, "resourceVersion", stamp.version);
  stamped.namespace_ = Unquoted(Value(metadata, "namespace"));
  stamped.uid = Unquoted(Value(metadata, "uid"));
  stamped.created = Unquoted(Value(metadata, "creationTimestamp"));

  SetIfMissing(members, "kind", KindOf(target.resource));
  SetIfMissing(members, "apiVersion", target.api_version());
  Members head = {{"kind", Value(members, "kind")},
                  {"apiVersion", Value(members, "apiVersion")}};
  Members rest = {{"metadata", Joined(metadata)}};
  for (auto& [key, value] : members) {
    if (key != "kind" && key != "apiVersion" && key != "metadata") {
      rest.emplace_back(key, value);
    }
  }
  stamped.json = Joined(head);
  stamped.json.back() = ',';
  stamped.item_begin = stamped.json.size();
  stamped.json += Joined(rest).substr(1);
  return stamped;
}

std::string ApiList(const ApiTarget& target, const std::vector<std::string>& items,
                    std::uint64_t version, const std::string& token,
                    std::size_t remaining) {
  std::string out;
  JsonWriter json(out);
  json.BeginObject().Key("kind").String(KindOf(target.resource) + "List");
  json.Key("apiVersion").String(target.api_version());
  json.Key("metadata").BeginObject();
  json.Key("resourceVersion").String(std::to_string(version));
  if (!token.empty()) {
    json.Key("continue").String(token);
    json.Key("remainingItemCount").Number(static_cast<std::uint64_t>(remaining));
  }
  json.EndObject().Key("items").BeginArray();
  for (const std::string& item : items) json.Raw(item);
  json.EndArray().EndObject();
  return out + "\n";
}

std::string ApiFrame(std::string_view type, std::string_view object) {
  return R"({"type":")" + std::string(type) + R"(","object":)" + std::string(object) +
         "}\n";
}

std::string ApiBookmark(const ApiTarget& target, std::uint64_t version,
                        bool ends_initial_events) {
  std::string object;
  JsonWriter json(object);
  json.BeginObject().Key("kind").String(KindOf(target.resource));
  json.Key("apiVersion").String(target.api_version());
  json.Key("metadata").BeginObject();
  json.Key("resourceVersion").String(std::to_string(version));
  json.Key("creationTimestamp").Null();
  if (ends_initial_events) {
    json.Key("annotations").BeginObject();
    json.Key("k8s.io/initial-events-end").String("true").EndObject();
  }
  json.EndObject().EndObject();
  return ApiFrame("BOOKMARK", object);
}

std::string PartialObject(std::string_view object) {
  return R"({"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":)" +
         Value(JsonMembers(object), "metadata") + "}\n";
}

}  // namespace internal
}  // namespace k8sentry::testing
