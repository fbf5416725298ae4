// What an object of a frame is made of: metadata, references, text and numbers.
#include "kube/frame_reader.h"

namespace k8sentry::internal {

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
  if (!NextString(cursor, R"({"name":")", event.name) ||
      !NextString(cursor, R"(,"namespace":")", event.namespace_) ||
      !NextString(cursor, R"(,"uid":")", event.uid) ||
      !NextString(cursor, R"(,"resourceVersion":")", event.resource_version) ||
      !NextTime(cursor, R"(,"creationTimestamp":")", event.creation_timestamp)) {
    return nullptr;
  }
  if (cursor.TakeKey(R"(,"managedFields":[)")) {
    if (!cursor.MoveTo(managed_fields_.Skip(*text_, cursor.token()))) return nullptr;
  }
  const bool whole = cursor.VisitRest(at, [&](std::string_view raw_key) {
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
  if (!NextString(cursor, R"({"kind":")", reference.kind) ||
      !NextString(cursor, R"(,"namespace":")", reference.namespace_) ||
      !NextString(cursor, R"(,"name":")", reference.name) ||
      !NextString(cursor, R"(,"uid":")", reference.uid) ||
      !NextString(cursor, R"(,"apiVersion":")", reference.api_version) ||
      !NextString(cursor, R"(,"resourceVersion":")", reference.resource_version) ||
      !NextString(cursor, R"(,"fieldPath":")", reference.field_path)) {
    return nullptr;
  }
  const bool whole = cursor.VisitRest(at, [&](std::string_view raw_key) {
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
  if (!NextString(cursor, R"({"component":")", component) ||
      !NextString(cursor, R"(,"host":")", host)) {
    return nullptr;
  }
  const bool whole = cursor.VisitRest(at, [&](std::string_view raw_key) {
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
