#include "kube/frame_reader.h"

#include <cstring>
#include <memory>

namespace k8sentry::internal {
namespace {

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
  const auto read_type = [&] {
    std::string_view name;
    has_type = cursor.front() == '"';
    if (!ReadString(cursor, name)) return false;
    type = WatchType(name);
    return true;
  };
  const auto read_object = [&] {
    object = IsObject(cursor) ? cursor.token() : nullptr;
    if (!object) return cursor.Skip();
    read_all = NeedsAll(type);
    if (!cursor.MoveTo(read_all ? ReadObject(object, event, facts)
                                : ReadMetadataOnly(object, event, facts))) {
      return false;
    }
    raw_object = cursor.TextFrom(object);
    return true;
  };
  if (cursor.TakeKey(R"({"type":")") && !read_type()) return false;
  if (cursor.TakeKey(R"(,"object":{)") && !read_object()) return false;
  const bool whole = cursor.VisitRest(token, [&](std::string_view raw_key) {
    const std::string_view key = PlainKey(raw_key, cursor);
    if (Is(key, "type")) return read_type();
    if (Is(key, "object")) return read_object();
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
  if (!NextString(cursor, R"({"kind":")", kind)) return nullptr;
  if (cursor.At(R"(,"apiVersion":")")) cursor.Advance(4);
  if (cursor.At(R"(,"metadata":{)") || cursor.At(R"({"metadata":{)")) {
    cursor.Advance(3);
    if (!cursor.MoveTo(ReadMetadata(cursor.token(), event, facts))) return nullptr;
  }
  const bool next =
      cursor.At(R"(,"involvedObject":{)")
          ? NextMembersOfCore(cursor, event, has_source, has_involved_object)
          : NextMembersOfEvents(cursor, event);
  if (!next) return nullptr;
  const bool whole = cursor.VisitRest(at, [&](std::string_view raw_key) {
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

// What core/v1 writes behind the metadata.
bool FrameReader::NextMembersOfCore(JsonCursor& cursor, Event& event, bool& has_source,
                                    bool& has_involved_object) {
  cursor.Advance(3);
  has_involved_object = true;
  if (!cursor.MoveTo(ReadReference(cursor.token(), event.involved_object)) ||
      !NextString(cursor, R"(,"reason":")", event.reason) ||
      !NextString(cursor, R"(,"message":")", event.message)) {
    return false;
  }
  if (cursor.TakeKey(R"(,"source":{)")) {
    has_source = true;
    if (!cursor.MoveTo(
            ReadSource(cursor.token(), event.source_component, event.source_host))) {
      return false;
    }
  }
  if (!NextTime(cursor, R"(,"firstTimestamp":")", event.first_timestamp) ||
      !NextTime(cursor, R"(,"lastTimestamp":")", event.last_timestamp) ||
      !NextCount(cursor, R"(,"count":)", event.count) ||
      !NextString(cursor, R"(,"type":")", event.type)) {
    return false;
  }
  if (cursor.At(R"(,"eventTime":null,)")) cursor.Advance(4);
  return NextString(cursor, R"(,"reportingComponent":")", event.reporting_component) &&
         NextString(cursor, R"(,"reportingInstance":")", event.reporting_instance);
}

// What events.k8s.io/v1 writes there.
bool FrameReader::NextMembersOfEvents(JsonCursor& cursor, Event& event) {
  if (!cursor.At(R"(,"eventTime":)")) return true;
  if (!has_second_) second_.Clear();
  has_second_ = true;
  if (cursor.At(R"(,"eventTime":null,)")) cursor.Advance(4);
  if (!NextTime(cursor, R"(,"eventTime":")", event.event_time) ||
      !NextString(cursor, R"(,"reportingController":")",
                  second_.reporting_controller) ||
      !NextString(cursor, R"(,"reportingInstance":")", event.reporting_instance) ||
      !NextString(cursor, R"(,"action":")", event.action) ||
      !NextString(cursor, R"(,"reason":")", event.reason)) {
    return false;
  }
  if (cursor.TakeKey(R"(,"regarding":{)")) {
    second_.has_regarding = true;
    if (!cursor.MoveTo(ReadReference(cursor.token(), second_.regarding))) return false;
  }
  if (!NextString(cursor, R"(,"note":")", second_.note) ||
      !NextString(cursor, R"(,"type":")", event.type)) {
    return false;
  }
  if (cursor.TakeKey(R"(,"deprecatedSource":{)")) {
    if (!cursor.MoveTo(ReadSource(cursor.token(), second_.source_component,
                                  second_.source_host))) {
      return false;
    }
  }
  return NextTime(cursor, R"(,"deprecatedFirstTimestamp":")",
                  second_.first_timestamp) &&
         NextTime(cursor, R"(,"deprecatedLastTimestamp":")", second_.last_timestamp) &&
         NextCount(cursor, R"(,"deprecatedCount":)", second_.count);
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

}  // namespace k8sentry::internal
