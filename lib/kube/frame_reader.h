// A FrameReader says what one JSON document, or one item of a List, is: the type of a
// watch frame, the object's name and version, and all fields if it is an Event.
//
// One walk over the tokens reads everything. Text is not copied: fields point into the
// document, or into the arena when they had escapes.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "json/escape_finder.h"
#include "json/json_cursor.h"
#include "json/text_arena.h"
#include "k8sentry/event.h"
#include "kube/managed_fields.h"
#include "kube/time_reader.h"

namespace k8sentry::internal {

// What an object is beside its fields as an Event.
struct ObjectFacts {
  bool is_event = false;
  bool is_list = false;  // by its kind
  bool initial_events_ended = false;  // the annotation of a BOOKMARK
};

enum class ReadResult {
  kFrame,
  kFault,           // no JSON, or no frame
  kList,            // no frame, but it has an array `items`
  kFrameWithItems,  // a frame, and it has one too
};

class FrameReader {
 public:
  // `arena` outlives the reader.
  explicit FrameReader(TextArena& arena) : arena_(arena) {}

  // The bytes of the last text have changed.
  void Forget() { escapes_.Forget(); }

  // Reads the document under the cursor, which is an object, and moves behind it.
  // Sets frame_type, raw_object, and the object's fields of `event`, whatever kind of
  // object it is.
  ReadResult ReadDocument(JsonCursor& cursor, Event& event, ObjectFacts& facts);

  // The same for one item of a List.
  ReadResult ReadItem(JsonCursor& cursor, Event& event, ObjectFacts& facts);

  // Reads a List without its items: metadata.resourceVersion and metadata.continue.
  bool ReadList(JsonCursor cursor, std::string_view& resource_version,
                std::string_view& continue_token);

 private:
  // The token behind what was read, or null: a fault. Cursors are given by value, so
  // that each reader has its own in registers.
  using Behind = const std::uint32_t*;

  // The names that events.k8s.io/v1 has for fields of core/v1. Where both are present
  // the others win, so these wait until the object has been read.
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
  };

  Behind ReadObject(JsonCursor cursor, Event& event, ObjectFacts& facts);
  Behind ReadMetadataOnly(JsonCursor cursor, Event& event, ObjectFacts& facts);
  Behind ReadMetadata(JsonCursor cursor, Event& event, ObjectFacts& facts);
  Behind ReadAnnotations(JsonCursor cursor, ObjectFacts& facts);
  Behind ReadReference(JsonCursor cursor, ObjectReference& reference);
  Behind ReadSource(JsonCursor cursor, std::string_view& component,
                    std::string_view& host);
  Behind ReadSeries(JsonCursor cursor, Event& event);
  Behind ReadSecondSpelling(JsonCursor cursor, std::string_view key);
  void AdoptSecondSpelling(Event& event, bool has_involved_object, bool has_source);

  // Each reads the value under the cursor; one of another type is absent.
  bool ReadString(JsonCursor& cursor, std::string_view& value) {
    value = {};
    if (cursor.done()) return false;
    if (cursor.front() != '"') return cursor.Skip();
    value = cursor.RawString();
    cursor.Next();
    return !escapes_.Find(value, cursor.text_end()) || Unescape(value, value);
  }
  bool ReadTime(JsonCursor& cursor, std::optional<Time>& value) {
    std::string_view text;
    if (!ReadString(cursor, text)) return false;
    value = times_.Read(text);
    return true;
  }
  bool ReadCount(JsonCursor& cursor, std::int32_t& value) {
    value = 0;
    if (cursor.done()) return false;
    const std::string_view token = cursor.Token();
    if (!cursor.Skip()) return false;
    value = CountOf(token);
    return true;
  }
  static std::int32_t CountOf(std::string_view token);

  // `key` without escapes; empty if it is no known key's text.
  std::string_view PlainKey(std::string_view key, const JsonCursor& cursor) {
    return escapes_.Find(key, cursor.text_end()) ? UnescapeKey(key) : key;
  }
  std::string_view UnescapeKey(std::string_view key);
  bool Unescape(std::string_view raw, std::string_view& text);

  TextArena& arena_;
  EscapeFinder escapes_;
  TimeReader times_;
  ManagedFields managed_fields_;
  SecondSpelling second_;  // of the object being read
  bool has_second_ = false;
};

}  // namespace k8sentry::internal
