// A FrameReader says what one JSON document, or one item of a List, is: the type of a
// watch frame, the object's name and version, and all fields if it is an Event.
//
// One walk over the tokens reads everything. Text is not copied: fields point into the
// document, or into the arena when they had escapes.
#pragma once

#include <string_view>

#include "json/json_cursor.h"
#include "json/text_arena.h"
#include "k8sentry/event.h"

namespace k8sentry::internal {

// What an object is beside its fields as an Event.
struct ObjectFacts {
  bool is_event = false;
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

  // Reads the document under the cursor, which is an object, and moves behind it.
  // Sets frame_type, raw_object, and the object's fields of `event`, whatever kind of
  // object it is.
  ReadResult ReadDocument(JsonCursor& cursor, Event& event, ObjectFacts& facts);

  // The same for one item of a List.
  ReadResult ReadItem(JsonCursor& cursor, Event& event, ObjectFacts& facts);

  // Reads a List without its items: metadata.resourceVersion and metadata.continue.
  bool ReadList(JsonCursor& cursor, std::string_view& resource_version,
                std::string_view& continue_token);

 private:
  bool ReadObject(JsonCursor& cursor, Event& event, ObjectFacts& facts);
  bool ReadMetadataOnly(JsonCursor& cursor, Event& event, ObjectFacts& facts);
  bool ReadMetadata(JsonCursor& cursor, Event& event, ObjectFacts& facts);
  bool ReadAnnotations(JsonCursor& cursor, ObjectFacts& facts);
  bool ReadReference(JsonCursor& cursor, ObjectReference& reference);
  bool ReadSource(JsonCursor& cursor, std::string_view& component,
                  std::string_view& host);
  bool ReadSeries(JsonCursor& cursor, Event& event);

  // Each reads the value under the cursor; one of another type is absent.
  bool ReadString(JsonCursor& cursor, std::string_view& value);
  bool ReadTime(JsonCursor& cursor, std::optional<Time>& value);
  bool ReadCount(JsonCursor& cursor, std::int32_t& value);
  bool Unescape(std::string_view raw, std::string_view& text);
  // `key` without escapes; empty if it is no known key's text.
  std::string_view PlainKey(std::string_view key);

  TextArena& arena_;
};

}  // namespace k8sentry::internal
