#include "kube/frame_reader.h"

#include <cstring>
#include <memory>

namespace k8sentry::internal {
namespace {

// A comparison of a length and a few words, which the library's is not.
template <std::size_t kSize>
bool Is(std::string_view text, const char (&name)[kSize]) {
  return text.size() == kSize - 1 && std::memcmp(text.data(), name, kSize - 1) == 0;
}

std::optional<FrameType> WatchType(std::string_view type) {
  if (Is(type, "ADDED")) return FrameType::kAdded;
  if (Is(type, "MODIFIED")) return FrameType::kModified;
  if (Is(type, "DELETED")) return FrameType::kDeleted;
  if (Is(type, "BOOKMARK")) return FrameType::kBookmark;
  if (Is(type, "ERROR")) return FrameType::kError;
  return std::nullopt;
}

bool NeedsAll(std::optional<FrameType> type) {
  return type == FrameType::kAdded || type == FrameType::kModified;
}

bool IsObject(const JsonCursor& cursor) { return cursor.front() == '{'; }

// event = Event(), of which GCC makes a `rep stos` that costs more than all of this.
void Clear(Event& event) {
  event.frame_type = FrameType::kAdded;
  event.stale = false;
  for (std::string_view* const text :
       {&event.name, &event.namespace_, &event.uid, &event.resource_version,
        &event.labels, &event.reason, &event.action, &event.message, &event.type,
        &event.source_component, &event.source_host, &event.reporting_component,
        &event.reporting_instance, &event.raw_object}) {
    *text = {};
  }
  event.involved_object = {};
  for (std::optional<Time>* const time :
       {&event.creation_timestamp, &event.first_timestamp, &event.last_timestamp,
        &event.event_time, &event.series_last_observed}) {
    time->reset();
  }
  event.count = event.series_count = 0;
}

// The token behind the value under the cursor, which is skipped.
const JsonToken* Skipped(JsonCursor& cursor) {
  return cursor.Skip() ? cursor.token() : nullptr;
}

}  // namespace

bool FrameReader::ReadDocument(const JsonText& text, const JsonToken*& token,
                               Event& event, ObjectFacts& facts) {
  text_ = &text;
  JsonCursor cursor(text, token);
  bool has_type = false;
  std::optional<FrameType> type;
  // Of the last `object`: where it is, and whether it was read as an Event.
  const JsonToken* object = nullptr;
  std::string_view raw_object;
  bool read_all = false;
  const bool whole = cursor.VisitMembers([&](std::string_view raw_key) {
    const std::string_view key = PlainKey(raw_key, cursor);
    if (Is(key, "type")) {
      std::string_view name;
      has_type = cursor.front() == '"';
      if (!ReadString(cursor, name)) return false;
      type = WatchType(name);
      return true;
    }
    if (Is(key, "object")) {
      object = IsObject(cursor) ? cursor.token() : nullptr;
      if (!object) return cursor.Skip();
      read_all = NeedsAll(type);
      if (!cursor.MoveTo(read_all ? ReadObject(object, event, facts)
                                  : ReadMetadataOnly(object, event, facts))) {
        return false;
      }
      raw_object = cursor.TextFrom(object);
      return true;
    }
    if (Is(key, "items") && cursor.front() == '[') return false;
    return cursor.Skip();
  });
  if (!whole) return false;
  const JsonToken* const begin = token;
  token = cursor.token();
  if (!has_type || !object) {
    Forget();
    if (!ReadObject(begin, event, facts)) return false;
    event.frame_type = FrameType::kObject;
    event.raw_object = cursor.TextFrom(begin);
    return true;
  }
  if (!type) return false;
  if (!NeedsAll(type)) {
    facts.is_event = facts.is_list = false;
  } else if (!read_all) {
    Forget();
    if (!ReadObject(object, event, facts)) return false;
    Forget();
  }
  event.frame_type = *type;
  event.raw_object = raw_object;
  return true;
}

bool FrameReader::ReadItem(const JsonText& text, const JsonToken*& token, Event& event,
                           ObjectFacts& facts) {
  text_ = &text;
  JsonCursor cursor(text, token);
  if (!cursor.MoveTo(ReadObject(token, event, facts))) return false;
  event.frame_type = FrameType::kListItem;
  event.raw_object = cursor.TextFrom(token);
  token = cursor.token();
  return true;
}

bool FrameReader::ReadList(const JsonText& text, std::string_view& resource_version,
                           std::string_view& continue_token) {
  Forget();
  JsonCursor cursor(text);
  return cursor.VisitMembers([&](std::string_view raw_key) {
    if (!Is(PlainKey(raw_key, cursor), "metadata")) return cursor.Skip();
    resource_version = continue_token = {};
    if (!IsObject(cursor)) return cursor.Skip();
    return cursor.VisitMembers([&](std::string_view raw_name) {
      const std::string_view name = PlainKey(raw_name, cursor);
      if (Is(name, "resourceVersion")) return ReadString(cursor, resource_version);
      if (Is(name, "continue")) return ReadString(cursor, continue_token);
      return cursor.Skip();
    });
  });
}

FrameReader::Behind FrameReader::ReadObject(At at, Event& event, ObjectFacts& facts) {
  JsonCursor cursor(*text_, at);
  Clear(event);
  facts = ObjectFacts();
  has_second_ = false;
  std::string_view kind;
  bool has_involved_object = false;
  bool has_source = false;
  const bool whole = cursor.VisitMembers([&](std::string_view raw_key) {
    const std::string_view key = PlainKey(raw_key, cursor);
    switch (key.size()) {
      case 4:
        if (Is(key, "kind")) return ReadString(cursor, kind);
        if (Is(key, "type")) return ReadString(cursor, event.type);
        break;
      case 5:
        if (Is(key, "count")) return ReadCount(cursor, event.count);
        break;
      case 6:
        if (Is(key, "reason")) return ReadString(cursor, event.reason);
        if (Is(key, "action")) return ReadString(cursor, event.action);
        if (Is(key, "series")) return cursor.MoveTo(ReadSeries(cursor.token(), event));
        if (!Is(key, "source")) break;
        has_source = IsObject(cursor);
        return cursor.MoveTo(
            ReadSource(cursor.token(), event.source_component, event.source_host));
      case 7:
        if (Is(key, "message")) return ReadString(cursor, event.message);
        break;
      case 8:
        if (!Is(key, "metadata")) break;
        return cursor.MoveTo(ReadMetadata(cursor.token(), event, facts));
      case 9:
        if (Is(key, "eventTime")) return ReadTime(cursor, event.event_time);
        break;
      case 13:
        if (Is(key, "lastTimestamp")) return ReadTime(cursor, event.last_timestamp);
        break;
      case 14:
        if (Is(key, "firstTimestamp")) return ReadTime(cursor, event.first_timestamp);
        if (!Is(key, "involvedObject")) break;
        has_involved_object = IsObject(cursor);
        return cursor.MoveTo(ReadReference(cursor.token(), event.involved_object));
      case 17:
        if (!Is(key, "reportingInstance")) break;
        return ReadString(cursor, event.reporting_instance);
      case 18:
        if (!Is(key, "reportingComponent")) break;
        return ReadString(cursor, event.reporting_component);
      case 10:
        if (Is(key, "apiVersion")) return cursor.Skip();
        break;
      default:
        break;
    }
    return cursor.MoveTo(ReadSecondSpelling(cursor.token(), key));
  });
  if (!whole) return nullptr;
  bool regards = has_involved_object;
  if (has_second_) {
    AdoptSecondSpelling(event, has_involved_object, has_source);
    regards |= second_.has_regarding;
  }
  facts.is_event = kind.empty() ? regards : Is(kind, "Event");
  facts.is_list = kind.ends_with("List");
  return cursor.token();
}

// The value of `key`, which is none of core/v1's: the other spelling, or skipped.
FrameReader::Behind FrameReader::ReadSecondSpelling(At at, std::string_view key) {
  JsonCursor cursor(*text_, at);
  if (!has_second_) second_.Clear();
  has_second_ = true;
  bool good = true;
  switch (key.size()) {
    case 4:
      good = Is(key, "note") ? ReadString(cursor, second_.note) : cursor.Skip();
      break;
    case 9:
      if (!Is(key, "regarding")) return Skipped(cursor);
      second_.has_regarding = IsObject(cursor);
      return ReadReference(at, second_.regarding);
    case 15:
      good =
          Is(key, "deprecatedCount") ? ReadCount(cursor, second_.count) : cursor.Skip();
      break;
    case 16:
      if (!Is(key, "deprecatedSource")) return Skipped(cursor);
      return ReadSource(at, second_.source_component, second_.source_host);
    case 19:
      good = Is(key, "reportingController")
                 ? ReadString(cursor, second_.reporting_controller)
                 : cursor.Skip();
      break;
    case 23:
      good = Is(key, "deprecatedLastTimestamp")
                 ? ReadTime(cursor, second_.last_timestamp)
                 : cursor.Skip();
      break;
    case 24:
      good = Is(key, "deprecatedFirstTimestamp")
                 ? ReadTime(cursor, second_.first_timestamp)
                 : cursor.Skip();
      break;
    default:
      return Skipped(cursor);
  }
  return good ? cursor.token() : nullptr;
}

void FrameReader::AdoptSecondSpelling(Event& event, bool has_involved_object,
                                      bool has_source) {
  if (event.message.empty()) event.message = second_.note;
  if (event.reporting_component.empty()) {
    event.reporting_component = second_.reporting_controller;
  }
  if (event.count == 0) event.count = second_.count;
  if (!event.first_timestamp) event.first_timestamp = second_.first_timestamp;
  if (!event.last_timestamp) event.last_timestamp = second_.last_timestamp;
  if (!has_involved_object) event.involved_object = second_.regarding;
  if (!has_source) {
    event.source_component = second_.source_component;
    event.source_host = second_.source_host;
  }
}

FrameReader::Behind FrameReader::ReadMetadataOnly(At at, Event& event,
                                                  ObjectFacts& facts) {
  JsonCursor cursor(*text_, at);
  Clear(event);
  facts = ObjectFacts();
  const bool whole = cursor.VisitMembers([&](std::string_view raw_key) {
    if (!Is(PlainKey(raw_key, cursor), "metadata")) return cursor.Skip();
    return cursor.MoveTo(ReadMetadata(cursor.token(), event, facts));
  });
  return whole ? cursor.token() : nullptr;
}

FrameReader::Behind FrameReader::ReadMetadata(At at, Event& event, ObjectFacts& facts) {
  JsonCursor cursor(*text_, at);
  event.name = event.namespace_ = event.uid = event.resource_version =
      event.labels = {};
  event.creation_timestamp.reset();
  facts.initial_events_ended = false;
  if (!IsObject(cursor)) return Skipped(cursor);
  const bool whole = cursor.VisitMembers([&](std::string_view raw_key) {
    const std::string_view key = PlainKey(raw_key, cursor);
    if (Is(key, "name")) return ReadString(cursor, event.name);
    if (Is(key, "namespace")) return ReadString(cursor, event.namespace_);
    if (Is(key, "uid")) return ReadString(cursor, event.uid);
    if (Is(key, "resourceVersion")) return ReadString(cursor, event.resource_version);
    if (Is(key, "creationTimestamp")) return ReadTime(cursor, event.creation_timestamp);
    if (Is(key, "managedFields"))
      return cursor.MoveTo(managed_fields_.Skip(*text_, cursor.token()));
    if (Is(key, "annotations"))
      return cursor.MoveTo(ReadAnnotations(cursor.token(), facts));
    if (!Is(key, "labels")) return cursor.Skip();
    event.labels = {};
    return IsObject(cursor) ? cursor.SkipRaw(event.labels) : cursor.Skip();
  });
  return whole ? cursor.token() : nullptr;
}

FrameReader::Behind FrameReader::ReadAnnotations(At at, ObjectFacts& facts) {
  JsonCursor cursor(*text_, at);
  facts.initial_events_ended = false;
  if (!IsObject(cursor)) return Skipped(cursor);
  const bool whole = cursor.VisitMembers([&](std::string_view raw_key) {
    if (!Is(PlainKey(raw_key, cursor), "k8s.io/initial-events-end")) {
      return cursor.Skip();
    }
    std::string_view value;
    if (!ReadString(cursor, value)) return false;
    facts.initial_events_ended = Is(value, "true");
    return true;
  });
  return whole ? cursor.token() : nullptr;
}

FrameReader::Behind FrameReader::ReadReference(At at, ObjectReference& reference) {
  JsonCursor cursor(*text_, at);
  reference = ObjectReference();
  if (!IsObject(cursor)) return Skipped(cursor);
  const bool whole = cursor.VisitMembers([&](std::string_view raw_key) {
    const std::string_view key = PlainKey(raw_key, cursor);
    if (Is(key, "kind")) return ReadString(cursor, reference.kind);
    if (Is(key, "namespace")) return ReadString(cursor, reference.namespace_);
    if (Is(key, "name")) return ReadString(cursor, reference.name);
    if (Is(key, "uid")) return ReadString(cursor, reference.uid);
    if (Is(key, "apiVersion")) return ReadString(cursor, reference.api_version);
    if (Is(key, "resourceVersion"))
      return ReadString(cursor, reference.resource_version);
    if (Is(key, "fieldPath")) return ReadString(cursor, reference.field_path);
    return cursor.Skip();
  });
  return whole ? cursor.token() : nullptr;
}

FrameReader::Behind FrameReader::ReadSource(At at, std::string_view& component,
                                            std::string_view& host) {
  JsonCursor cursor(*text_, at);
  component = host = {};
  if (!IsObject(cursor)) return Skipped(cursor);
  const bool whole = cursor.VisitMembers([&](std::string_view raw_key) {
    const std::string_view key = PlainKey(raw_key, cursor);
    if (Is(key, "component")) return ReadString(cursor, component);
    if (Is(key, "host")) return ReadString(cursor, host);
    return cursor.Skip();
  });
  return whole ? cursor.token() : nullptr;
}

FrameReader::Behind FrameReader::ReadSeries(At at, Event& event) {
  JsonCursor cursor(*text_, at);
  event.series_count = 0;
  event.series_last_observed.reset();
  if (!IsObject(cursor)) return Skipped(cursor);
  const bool whole = cursor.VisitMembers([&](std::string_view raw_key) {
    const std::string_view key = PlainKey(raw_key, cursor);
    if (Is(key, "count")) return ReadCount(cursor, event.series_count);
    if (Is(key, "lastObservedTime"))
      return ReadTime(cursor, event.series_last_observed);
    return cursor.Skip();
  });
  return whole ? cursor.token() : nullptr;
}

std::int32_t FrameReader::CountOf(std::string_view token) {
  // JSON's grammar has been checked: no leading zero, no plus sign.
  if (token.size() > 10) return 0;
  std::int64_t number = 0;
  for (const char c : token) {
    if (c < '0' || c > '9') return 0;
    number = number * 10 + (c - '0');
  }
  return number <= 2147483647 ? static_cast<std::int32_t>(number) : 0;
}

bool FrameReader::Unescape(std::string_view raw, std::string_view& text) {
  char* const out = arena_.Allocate(raw.size());
  const std::optional<std::size_t> size = UnescapeJson(raw, out);
  arena_.Return(raw.size() - size.value_or(0));
  if (!size) return false;
  text = {out, *size};
  return true;
}

std::string_view FrameReader::UnescapeKey(std::string_view key) {
  // The longest key we know has 25 letters, each at most six bytes with its escape.
  constexpr std::size_t kMaxBytes = 25 * 6;
  std::string_view text;
  if (key.size() > kMaxBytes || !Unescape(key, text)) return {};
  return text;
}

}  // namespace k8sentry::internal
