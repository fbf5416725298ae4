#include "kube/frame_reader.h"

#include <cstring>

namespace k8sentry::internal {
namespace {

// The names that events.k8s.io/v1 has for fields of core/v1. Where both are present the
// others win, so these wait until the object has been read.
struct SecondSpelling {
  std::string_view note;
  std::string_view reporting_controller;
  std::string_view source_component;
  std::string_view source_host;
  std::optional<Time> first_timestamp;
  std::optional<Time> last_timestamp;
  ObjectReference regarding;
  std::int32_t count = 0;
  bool has_regarding = false;
  bool has_source = false;
};

bool MayHaveEscapes(std::string_view raw) {
  // Most fields are short: eight bytes at a time beats a call.
  constexpr std::uint64_t kOnes = 0x0101010101010101;
  const char* p = raw.data();
  std::size_t left = raw.size();
  for (; left >= 8; p += 8, left -= 8) {
    std::uint64_t word;
    std::memcpy(&word, p, 8);
    const std::uint64_t x = word ^ kOnes * '\\';
    if ((x - kOnes) & ~x & kOnes << 7) return true;
  }
  for (; left > 0; ++p, --left) {
    if (*p == '\\') return true;
  }
  return false;
}

std::optional<FrameType> WatchType(std::string_view type) {
  if (type == "ADDED") return FrameType::kAdded;
  if (type == "MODIFIED") return FrameType::kModified;
  if (type == "DELETED") return FrameType::kDeleted;
  if (type == "BOOKMARK") return FrameType::kBookmark;
  if (type == "ERROR") return FrameType::kError;
  return std::nullopt;
}

void Adopt(const SecondSpelling& second, bool has_involved_object, bool has_source,
           Event& event) {
  if (event.message.empty()) event.message = second.note;
  if (event.reporting_component.empty()) {
    event.reporting_component = second.reporting_controller;
  }
  if (event.count == 0) event.count = second.count;
  if (!event.first_timestamp) event.first_timestamp = second.first_timestamp;
  if (!event.last_timestamp) event.last_timestamp = second.last_timestamp;
  if (!has_involved_object) event.involved_object = second.regarding;
  if (!has_source) {
    event.source_component = second.source_component;
    event.source_host = second.source_host;
  }
}

bool IsObject(const JsonCursor& cursor) {
  return !cursor.done() && cursor.front() == '{';
}

}  // namespace

ReadResult FrameReader::ReadDocument(JsonCursor& cursor, Event& event,
                                     ObjectFacts& facts) {
  const JsonCursor document = cursor;
  bool has_type = false;
  bool is_list = false;
  std::optional<FrameType> type;
  std::optional<JsonCursor> object;
  // Of the last `object`: whether it was read, and as what it was.
  bool read_all = false;
  std::string_view raw_object;
  const bool whole = cursor.VisitMembers([&](std::string_view raw_key) {
    const std::string_view key = PlainKey(raw_key);
    if (key == "type") {
      std::string_view text;
      has_type = !cursor.done() && cursor.front() == '"';
      if (!ReadString(cursor, text)) return false;
      type = WatchType(text);
      return true;
    }
    if (key == "object") {
      object.reset();
      if (!IsObject(cursor)) return cursor.Skip();
      object = cursor;
      read_all = type == FrameType::kAdded || type == FrameType::kModified;
      const bool read = read_all ? ReadObject(cursor, event, facts)
                                 : ReadMetadataOnly(cursor, event, facts);
      if (read) raw_object = object->TextTo(cursor);
      return read;
    }
    if (key == "items" && !cursor.done() && cursor.front() == '[') is_list = true;
    return cursor.Skip();
  });
  if (!whole) return ReadResult::kFault;
  if (!has_type || !object) {
    if (is_list) return ReadResult::kList;
    JsonCursor again = document;
    if (!ReadObject(again, event, facts)) return ReadResult::kFault;
    event.frame_type = FrameType::kObject;
    event.raw_object = document.TextTo(again);
    return ReadResult::kFrame;
  }
  if (!type) return ReadResult::kFault;
  const bool needs_all = type == FrameType::kAdded || type == FrameType::kModified;
  if (needs_all && !read_all && !ReadObject(*object, event, facts)) {
    return ReadResult::kFault;
  }
  if (!needs_all) facts.is_event = false;
  event.frame_type = *type;
  event.raw_object = raw_object;
  return is_list ? ReadResult::kFrameWithItems : ReadResult::kFrame;
}

ReadResult FrameReader::ReadItem(JsonCursor& cursor, Event& event, ObjectFacts& facts) {
  const JsonCursor item = cursor;
  if (!ReadObject(cursor, event, facts)) return ReadResult::kFault;
  event.frame_type = FrameType::kListItem;
  event.raw_object = item.TextTo(cursor);
  return ReadResult::kFrame;
}

bool FrameReader::ReadList(JsonCursor& cursor, std::string_view& resource_version,
                           std::string_view& continue_token) {
  return cursor.VisitMembers([&](std::string_view raw_key) {
    if (PlainKey(raw_key) != "metadata") return cursor.Skip();
    resource_version = continue_token = {};
    if (!IsObject(cursor)) return cursor.Skip();
    return cursor.VisitMembers([&](std::string_view raw_name) {
      const std::string_view name = PlainKey(raw_name);
      if (name == "resourceVersion") return ReadString(cursor, resource_version);
      if (name == "continue") return ReadString(cursor, continue_token);
      return cursor.Skip();
    });
  });
}

bool FrameReader::ReadObject(JsonCursor& cursor, Event& event, ObjectFacts& facts) {
  event = Event();
  facts = ObjectFacts();
  SecondSpelling second;
  std::string_view kind;
  bool has_involved_object = false;
  bool has_source = false;
  const bool whole = cursor.VisitMembers([&](std::string_view raw_key) {
    const std::string_view key = PlainKey(raw_key);
    switch (key.size()) {
      case 4:
        if (key == "kind") return ReadString(cursor, kind);
        if (key == "type") return ReadString(cursor, event.type);
        if (key == "note") return ReadString(cursor, second.note);
        break;
      case 5:
        if (key == "count") return ReadCount(cursor, event.count);
        break;
      case 6:
        if (key == "reason") return ReadString(cursor, event.reason);
        if (key == "action") return ReadString(cursor, event.action);
        if (key == "series") return ReadSeries(cursor, event);
        if (key == "source") {
          has_source = IsObject(cursor);
          return ReadSource(cursor, event.source_component, event.source_host);
        }
        break;
      case 7:
        if (key == "message") return ReadString(cursor, event.message);
        break;
      case 8:
        if (key == "metadata") return ReadMetadata(cursor, event, facts);
        break;
      case 9:
        if (key == "eventTime") return ReadTime(cursor, event.event_time);
        if (key == "regarding") {
          second.has_regarding = IsObject(cursor);
          return ReadReference(cursor, second.regarding);
        }
        break;
      case 13:
        if (key == "lastTimestamp") return ReadTime(cursor, event.last_timestamp);
        break;
      case 14:
        if (key == "firstTimestamp") return ReadTime(cursor, event.first_timestamp);
        if (key == "involvedObject") {
          has_involved_object = IsObject(cursor);
          return ReadReference(cursor, event.involved_object);
        }
        break;
      case 15:
        if (key == "deprecatedCount") return ReadCount(cursor, second.count);
        break;
      case 16:
        if (key == "deprecatedSource") {
          second.has_source = IsObject(cursor);
          return ReadSource(cursor, second.source_component, second.source_host);
        }
        break;
      case 17:
        if (key == "reportingInstance") {
          return ReadString(cursor, event.reporting_instance);
        }
        break;
      case 18:
        if (key == "reportingComponent") {
          return ReadString(cursor, event.reporting_component);
        }
        break;
      case 19:
        if (key == "reportingController") {
          return ReadString(cursor, second.reporting_controller);
        }
        break;
      case 23:
        if (key == "deprecatedLastTimestamp") {
          return ReadTime(cursor, second.last_timestamp);
        }
        break;
      case 24:
        if (key == "deprecatedFirstTimestamp") {
          return ReadTime(cursor, second.first_timestamp);
        }
        break;
      default:
        break;
    }
    return cursor.Skip();
  });
  if (!whole) return false;
  Adopt(second, has_involved_object, has_source, event);
  facts.is_event =
      kind.empty() ? has_involved_object || second.has_regarding : kind == "Event";
  return true;
}

bool FrameReader::ReadMetadataOnly(JsonCursor& cursor, Event& event,
                                   ObjectFacts& facts) {
  event = Event();
  facts = ObjectFacts();
  return cursor.VisitMembers([&](std::string_view raw_key) {
    if (PlainKey(raw_key) == "metadata") return ReadMetadata(cursor, event, facts);
    return cursor.Skip();
  });
}

bool FrameReader::ReadMetadata(JsonCursor& cursor, Event& event, ObjectFacts& facts) {
  event.name = event.namespace_ = event.uid = event.resource_version =
      event.labels = {};
  event.creation_timestamp.reset();
  facts.initial_events_ended = false;
  if (!IsObject(cursor)) return cursor.Skip();
  return cursor.VisitMembers([&](std::string_view raw_key) {
    const std::string_view key = PlainKey(raw_key);
    if (key == "name") return ReadString(cursor, event.name);
    if (key == "namespace") return ReadString(cursor, event.namespace_);
    if (key == "uid") return ReadString(cursor, event.uid);
    if (key == "resourceVersion") return ReadString(cursor, event.resource_version);
    if (key == "creationTimestamp") return ReadTime(cursor, event.creation_timestamp);
    if (key == "annotations") return ReadAnnotations(cursor, facts);
    if (key == "labels") {
      event.labels = {};
      return IsObject(cursor) ? cursor.SkipRaw(event.labels) : cursor.Skip();
    }
    return cursor.Skip();
  });
}

bool FrameReader::ReadAnnotations(JsonCursor& cursor, ObjectFacts& facts) {
  facts.initial_events_ended = false;
  if (!IsObject(cursor)) return cursor.Skip();
  return cursor.VisitMembers([&](std::string_view raw_key) {
    if (PlainKey(raw_key) != "k8s.io/initial-events-end") return cursor.Skip();
    std::string_view value;
    if (!ReadString(cursor, value)) return false;
    facts.initial_events_ended = value == "true";
    return true;
  });
}

bool FrameReader::ReadReference(JsonCursor& cursor, ObjectReference& reference) {
  reference = ObjectReference();
  if (!IsObject(cursor)) return cursor.Skip();
  return cursor.VisitMembers([&](std::string_view raw_key) {
    const std::string_view key = PlainKey(raw_key);
    if (key == "kind") return ReadString(cursor, reference.kind);
    if (key == "namespace") return ReadString(cursor, reference.namespace_);
    if (key == "name") return ReadString(cursor, reference.name);
    if (key == "uid") return ReadString(cursor, reference.uid);
    if (key == "apiVersion") return ReadString(cursor, reference.api_version);
    if (key == "resourceVersion") return ReadString(cursor, reference.resource_version);
    if (key == "fieldPath") return ReadString(cursor, reference.field_path);
    return cursor.Skip();
  });
}

bool FrameReader::ReadSource(JsonCursor& cursor, std::string_view& component,
                             std::string_view& host) {
  component = host = {};
  if (!IsObject(cursor)) return cursor.Skip();
  return cursor.VisitMembers([&](std::string_view raw_key) {
    const std::string_view key = PlainKey(raw_key);
    if (key == "component") return ReadString(cursor, component);
    if (key == "host") return ReadString(cursor, host);
    return cursor.Skip();
  });
}

bool FrameReader::ReadSeries(JsonCursor& cursor, Event& event) {
  event.series_count = 0;
  event.series_last_observed.reset();
  if (!IsObject(cursor)) return cursor.Skip();
  return cursor.VisitMembers([&](std::string_view raw_key) {
    const std::string_view key = PlainKey(raw_key);
    if (key == "count") return ReadCount(cursor, event.series_count);
    if (key == "lastObservedTime") return ReadTime(cursor, event.series_last_observed);
    return cursor.Skip();
  });
}

bool FrameReader::ReadString(JsonCursor& cursor, std::string_view& value) {
  value = {};
  if (cursor.done()) return false;
  if (cursor.front() != '"') return cursor.Skip();
  const std::string_view raw = cursor.RawString();
  cursor.Next();
  if (MayHaveEscapes(raw)) return Unescape(raw, value);
  value = raw;
  return true;
}

bool FrameReader::ReadTime(JsonCursor& cursor, std::optional<Time>& value) {
  std::string_view text;
  if (!ReadString(cursor, text)) return false;
  value = ParseTime(text);
  return true;
}

bool FrameReader::ReadCount(JsonCursor& cursor, std::int32_t& value) {
  value = 0;
  if (cursor.done()) return false;
  const std::string_view token = cursor.Token();
  if (!cursor.Skip()) return false;
  // Skip made sure of JSON's grammar: no leading zero, no plus sign.
  if (token.size() > 10) return true;
  std::int64_t number = 0;
  for (const char c : token) {
    if (c < '0' || c > '9') return true;
    number = number * 10 + (c - '0');
  }
  if (number <= 2147483647) value = static_cast<std::int32_t>(number);
  return true;
}

bool FrameReader::Unescape(std::string_view raw, std::string_view& text) {
  char* const out = arena_.Allocate(raw.size());
  const std::optional<std::size_t> size = UnescapeJson(raw, out);
  arena_.Return(raw.size() - size.value_or(0));
  if (!size) return false;
  text = {out, *size};
  return true;
}

std::string_view FrameReader::PlainKey(std::string_view key) {
  // The longest key we know has 25 letters, each at most six bytes with its escape.
  constexpr std::size_t kMaxBytes = 25 * 6;
  if (!MayHaveEscapes(key)) return key;
  std::string_view text;
  if (key.size() > kMaxBytes || !Unescape(key, text)) return {};
  return text;
}

}  // namespace k8sentry::internal
