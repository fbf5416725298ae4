// What simdjson's DOM says about a watch frame: the judge of the decoder, written
// without a line of it. Slow and plain: every field is looked up by its name, the last
// of duplicate keys, and copied.
#pragma once

#include <simdjson.h>

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>

#include "k8sentry/event.h"
#include "k8sentry/time.h"

namespace k8sentry::reference {

using simdjson::dom::element;
using simdjson::dom::object;

// The last member `key` of `holder`, if there is one.
inline std::optional<element> Last(std::optional<object> holder, std::string_view key) {
  std::optional<element> found;
  if (!holder) return found;
  for (const auto member : *holder) {
    if (member.key == key) found = member.value;
  }
  return found;
}

inline std::optional<object> LastObject(std::optional<object> holder,
                                        std::initializer_list<std::string_view> keys) {
  for (const std::string_view key : keys) {
    object value;
    const auto found = Last(holder, key);
    if (found && !found->get_object().get(value)) return value;
  }
  return std::nullopt;
}

inline std::string String(std::optional<object> holder,
                          std::initializer_list<std::string_view> keys) {
  for (const std::string_view key : keys) {
    std::string_view value;
    const auto found = Last(holder, key);
    if (found && !found->get_string().get(value) && !value.empty()) {
      return std::string(value);
    }
  }
  return "";
}

inline std::int64_t Count(std::optional<object> holder,
                          std::initializer_list<std::string_view> keys) {
  for (const std::string_view key : keys) {
    std::int64_t value = 0;
    const auto found = Last(holder, key);
    if (found && found->is_int64() && !found->get_int64().get(value) && value >= 1 &&
        value <= 2147483647) {
      return value;
    }
  }
  return 0;
}

inline std::string TimeText(std::optional<object> holder,
                            std::initializer_list<std::string_view> keys) {
  for (const std::string_view key : keys) {
    if (const auto time = ParseTime(String(holder, {key}))) return FormatTime(*time);
  }
  return "-";
}

// Every field of an Event as one text; both sides of the comparison are made by these
// two. JSON parts are compared without white space.
template <typename... Fields>
std::string Join(const Fields&... fields) {
  std::ostringstream text;
  ((text << fields << '\x1F'), ...);
  return text.str();
}

// The Event `event`, an object, as text.
inline std::string Describe(object event) {
  const auto metadata = LastObject(event, {"metadata"});
  const auto involved = LastObject(event, {"involvedObject", "regarding"});
  const auto source = LastObject(event, {"source", "deprecatedSource"});
  const auto series = LastObject(event, {"series"});
  const auto labels = LastObject(metadata, {"labels"});
  return Join(String(metadata, {"name"}), String(metadata, {"namespace"}),
              String(metadata, {"uid"}), String(metadata, {"resourceVersion"}),
              labels ? simdjson::minify(*labels) : "", String(involved, {"kind"}),
              String(involved, {"namespace"}), String(involved, {"name"}),
              String(involved, {"uid"}), String(involved, {"apiVersion"}),
              String(involved, {"resourceVersion"}), String(involved, {"fieldPath"}),
              String(event, {"reason"}), String(event, {"action"}),
              String(event, {"message", "note"}), String(event, {"type"}),
              String(source, {"component"}), String(source, {"host"}),
              String(event, {"reportingComponent", "reportingController"}),
              String(event, {"reportingInstance"}),
              TimeText(metadata, {"creationTimestamp"}),
              TimeText(event, {"firstTimestamp", "deprecatedFirstTimestamp"}),
              TimeText(event, {"lastTimestamp", "deprecatedLastTimestamp"}),
              TimeText(event, {"eventTime"}), TimeText(series, {"lastObservedTime"}),
              Count(event, {"count", "deprecatedCount"}), Count(series, {"count"}),
              simdjson::minify(event));
}

// `json` without white space.
inline std::string Minify(std::string_view json) {
  if (json.empty()) return "";
  simdjson::dom::parser parser;
  element document;
  if (parser.parse(json.data(), json.size()).get(document)) return "not JSON";
  return simdjson::minify(document);
}

inline std::string Describe(const Event& event) {
  const auto time = [](std::optional<Time> t) { return t ? FormatTime(*t) : "-"; };
  const ObjectReference& involved = event.involved_object;
  return Join(event.name, event.namespace_, event.uid, event.resource_version,
              Minify(event.labels), involved.kind, involved.namespace_, involved.name,
              involved.uid, involved.api_version, involved.resource_version,
              involved.field_path, event.reason, event.action, event.message,
              event.type, event.source_component, event.source_host,
              event.reporting_component, event.reporting_instance,
              time(event.creation_timestamp), time(event.first_timestamp),
              time(event.last_timestamp), time(event.event_time),
              time(event.series_last_observed), event.count, event.series_count,
              Minify(event.raw_object));
}

// What a document is, for semantics 13 "Kinds of documents" and "Events".
struct Document {
  std::string type;  // ADDED ...; "object" for one that stands alone; "" malformed
  std::string uid;
  std::string version;
  std::string event;  // Describe(), if it carries an Event
};

inline bool IsEvent(object candidate) {
  const std::string kind = String(candidate, {"kind"});
  if (!kind.empty()) return kind == "Event";
  return LastObject(candidate, {"involvedObject"}) ||
         LastObject(candidate, {"regarding"});
}

inline Document Read(object document) {
  const auto type = Last(document, "type");
  const auto inner = LastObject(document, {"object"});
  Document read;
  if (!type || !type->is_string() || !inner) {
    read.type = "object";
  } else {
    read.type = String(document, {"type"});
    bool known = false;
    for (const char* name : {"ADDED", "MODIFIED", "DELETED", "BOOKMARK", "ERROR"}) {
      known |= read.type == name;
    }
    if (!known) return Document();
  }
  const object holder = read.type == "object" ? document : *inner;
  const auto metadata = LastObject(holder, {"metadata"});
  read.uid = String(metadata, {"uid"});
  read.version = String(metadata, {"resourceVersion"});
  const bool carries =
      read.type == "ADDED" || read.type == "MODIFIED" || read.type == "object";
  if (carries && IsEvent(holder)) read.event = Describe(holder);
  return read;
}

}  // namespace k8sentry::reference
