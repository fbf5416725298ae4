// A FrameReader says what one JSON document, or one item of a List, is: the type of a
// watch frame, the object's name and version, and all fields if it is an Event.
//
// One walk over the tokens reads everything. Text is not copied: fields point into the
// document, or into the arena when they had escapes.
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

#include "json/escape_finder.h"
#include "json/json_cursor.h"
#include "json/text_arena.h"
#include "k8sentry/event.h"
#include "kube/managed_fields.h"
#include "kube/time_reader.h"

namespace k8sentry::internal {

// A comparison of a length and a few words, which the library's is not.
template <std::size_t kSize>
bool Is(std::string_view text, const char (&name)[kSize]) {
  return text.size() == kSize - 1 && std::memcmp(text.data(), name, kSize - 1) == 0;
}

inline bool IsObject(const JsonCursor& cursor) { return cursor.front() == '{'; }

// The token behind the value under the cursor, which is skipped, or null for a fault.
inline const JsonToken* Skipped(JsonCursor& cursor) {
  return cursor.Skip() ? cursor.token() : nullptr;
}

// event = Event(), of which GCC makes a `rep stos` that costs more than all of this.
inline void Clear(Event& event) {
  event.frame_type = FrameType::kAdded;
  event.stale = event.retell = false;
  for (std::string_view* const text :
       {&event.name, &event.namespace_, &event.uid, &event.resource_version,
        &event.labels, &event.reason, &event.action, &event.message, &event.type,
        &event.source_component, &event.source_host, &event.reporting_component,
        &event.reporting_instance, &event.raw_object}) {
    *text = {};
  }
  event.involved_object = {};
  event.owner = {};
  for (std::optional<Time>* const time :
       {&event.creation_timestamp, &event.first_timestamp, &event.last_timestamp,
        &event.event_time, &event.series_last_observed}) {
    time->reset();
  }
  event.count = event.series_count = 0;
}

// What an object is beside its fields as an Event.
struct ObjectFacts {
  bool is_event = false;
  bool is_list = false;               // by its kind
  bool initial_events_ended = false;  // the annotation of a BOOKMARK
};

class FrameReader {
 public:
  // `arena` outlives the reader.
  explicit FrameReader(TextArena& arena) : arena_(arena) {}

  // Another text comes, or this one again.
  void Forget() { escapes_.Forget(); }

  // Reads the document at `token` of `text`, an object, and moves `token` behind it.
  // Sets frame_type, raw_object, and the object's fields of `event`, whatever kind of
  // object it is. False: it is no JSON, no frame, or
  // a List, which is to be read item by item.
  bool ReadDocument(const JsonText& text, const JsonToken*& token, Event& event,
                    ObjectFacts& facts);

  // The same for one item of a List.
  bool ReadItem(const JsonText& text, const JsonToken*& token, Event& event,
                ObjectFacts& facts);

  // Reads a List without its items: metadata.resourceVersion and metadata.continue.
  bool ReadList(const JsonText& text, std::string_view& resource_version,
                std::string_view& continue_token);

 private:
  // Where to read, and the token behind what was read or null for a fault. Each reader
  // has a cursor of its own, which stays in registers.
  using At = const JsonToken*;
  using Behind = const JsonToken*;

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

    // As in Clear(Event&): a field at a time costs least.
    void Clear() {
      note = reporting_controller = source_component = source_host = {};
      first_timestamp.reset();
      last_timestamp.reset();
      regarding = {};
      count = 0;
      has_regarding = false;
    }
  };

  Behind ReadObject(At at, Event& event, ObjectFacts& facts);
  Behind ReadMetadataOnly(At at, Event& event, ObjectFacts& facts);
  Behind ReadMetadata(At at, Event& event, ObjectFacts& facts);
  Behind ReadAnnotations(At at, ObjectFacts& facts);
  Behind ReadReference(At at, ObjectReference& reference);
  Behind ReadSource(At at, std::string_view& component, std::string_view& host);
  Behind ReadSeries(At at, Event& event);
  Behind ReadSecondSpelling(At at, std::string_view key);
  void AdoptSecondSpelling(Event& event, bool has_involved_object, bool has_source);

  // Each reads the value under the cursor; one of another type is absent.
  bool ReadString(JsonCursor& cursor, std::string_view& value) {
    if (cursor.front() != '"') {
      value = {};
      return cursor.Skip();
    }
    const std::string_view raw = cursor.RawString();
    cursor.Next();
    value = raw;
    return !escapes_.Find(raw, cursor.text_end()) || Unescape(raw, value);
  }
  bool ReadTime(JsonCursor& cursor, std::optional<Time>& value) {
    std::string_view text;
    if (!ReadString(cursor, text)) return false;
    if (text.empty()) {
      value.reset();
    } else {
      times_.Read(text, value);
    }
    return true;
  }
  bool ReadCount(JsonCursor& cursor, std::int32_t& value) {
    value = cursor.SmallNumber();
    if (value > 0) {
      cursor.Advance(1);
      return true;
    }
    const JsonCursor count = cursor;
    if (!cursor.Skip()) return false;
    value = CountOf(count.Token());
    return true;
  }
  static std::int32_t CountOf(std::string_view token);

  // Each reads the member that the API server writes next, such as `,"name":"`, if it
  // comes; else the cursor stays. They are how most Events are read: one comparison in
  // place of a walk over tokens and a choice among keys. False: a fault.
  template <std::size_t kSize>
  bool NextString(JsonCursor& cursor, const char (&member)[kSize],
                  std::string_view& value) {
    return !cursor.TakeKey(member) || ReadString(cursor, value);
  }
  template <std::size_t kSize>
  bool NextTime(JsonCursor& cursor, const char (&member)[kSize],
                std::optional<Time>& value) {
    return !cursor.TakeKey(member) || ReadTime(cursor, value);
  }
  template <std::size_t kSize>
  bool NextCount(JsonCursor& cursor, const char (&member)[kSize], std::int32_t& value) {
    return !cursor.TakeKey(member) || ReadCount(cursor, value);
  }
  bool NextMembersOfCore(JsonCursor& cursor, Event& event, bool& has_source,
                         bool& has_involved_object);
  bool NextMembersOfEvents(JsonCursor& cursor, Event& event);

  // `key` without escapes; empty if it is no known key's text.
  std::string_view PlainKey(std::string_view key, const JsonCursor& cursor) {
    return escapes_.Find(key, cursor.text_end()) ? UnescapeKey(key) : key;
  }
  std::string_view UnescapeKey(std::string_view key);
  bool Unescape(std::string_view raw, std::string_view& text);

  TextArena& arena_;
  const JsonText* text_ = nullptr;  // being read
  EscapeFinder escapes_;
  TimeReader times_;
  ManagedFields managed_fields_;
  SecondSpelling second_;  // of the object being read
  bool has_second_ = false;
};

}  // namespace k8sentry::internal
