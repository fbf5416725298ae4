// An Event is one Kubernetes Event as it came over the wire, and OwnedEvent a copy that
// outlives the wire.
//
// Both API versions are views of one stored object, so there is one struct for both:
// the fields carry core/v1's names, and events.k8s.io/v1's `regarding`, `note` and
// `deprecated*` land in the same places. Text fields point into the decoder's buffers:
// copy an Event into an OwnedEvent to keep it.
//
// Absent, null or wrongly typed fields are an empty view, nullopt or 0.
// (Kubernetes API reference, Event v1 core and events.k8s.io.)
//
// Threads: values; the viewed bytes belong to whoever made the Event.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "k8sentry/time.h"

namespace k8sentry {

// What a frame of a stream was. (Kubernetes API concepts, efficient detection of
// changes.)
enum class FrameType : std::uint8_t {
  kAdded,      // watch: created, or there when the watch began
  kModified,   // watch: changed
  kDeleted,    // watch: gone; every Event comes again so when its TTL lapses
  kBookmark,   // watch: nothing but a newer resourceVersion
  kError,      // watch: a Status; the server ends the stream after it
  kListItem,   // one element of a List's `items`
  kObject,     // an object that stands alone, as `kubectl get -w -o json` prints it
  kList,       // the List itself without its items, after the last of them
  kMalformed,  // a line or document that could not be read
};

struct ObjectReference {
  std::string_view kind;
  std::string_view namespace_;
  std::string_view name, uid, api_version, resource_version;
  std::string_view field_path;  // such as "spec.containers{app}"

  // The name in the braces of `field_path`, or empty.
  std::string_view container() const;
};

// The workload at the end of an object's chain of controllers, and what runs there.
struct Owner {
  std::string_view kind, name;  // "Deployment", "api"; empty: nobody knows it
  // Of the nearest object in the chain that has one, the involved one first: its
  // annotation k8sentry.io/release, else its label app.kubernetes.io/version.
  std::string_view release, version;
};

struct Event {
  FrameType frame_type = FrameType::kAdded;
  // The source knows that this version was handled before: it lies at or below the
  // source's mark, or is older than the lookback. It ends in `stale`.
  bool stale = false;
  // The source knows that a run before this one read this version, and that nobody knows
  // whether its telling arrived. It is told again, with the same id.
  bool retell = false;

  std::string_view name;        // metadata.name
  std::string_view namespace_;  // metadata.namespace
  std::string_view uid, resource_version;
  std::optional<Time> creation_timestamp;
  std::string_view labels;  // metadata.labels as raw JSON, or empty

  ObjectReference involved_object;
  Owner owner;  // of involved_object; never on the wire, see owner_source.h
  std::string_view reason, action, message;
  std::string_view type;  // "Normal", "Warning"; treat as an open set
  std::string_view source_component, source_host;
  std::string_view reporting_component, reporting_instance;
  std::optional<Time> first_timestamp, last_timestamp, event_time;
  std::int32_t count = 0, series_count = 0;  // 0: absent
  std::optional<Time> series_last_observed;

  // The object's JSON, from `{` to `}`. Empty in an OwnedEvent.
  std::string_view raw_object;

  // When it last happened: series.lastObservedTime, else lastTimestamp, eventTime,
  // firstTimestamp, creationTimestamp.
  std::optional<Time> occurrence_time() const;
  // When it first happened: firstTimestamp, else eventTime, creationTimestamp, and else
  // the occurrence time.
  std::optional<Time> first_time() const;
  // How often it happened by now, at least 1: series.count (1 is read as 2, for old
  // emitters start a series at 1 with the second occurrence), else count, else 1.
  std::int64_t total() const;
  std::string_view component() const;  // reportingComponent, else source.component
};

// `event` with all its text (but not raw_object) copied to `text`.
// Requires: `text` has EventTextBytes(event) bytes, which outlive the result.
std::size_t EventTextBytes(const Event& event);
Event CopyEvent(const Event& event, char* text);

// A copy of an Event with its own text. Copies share that text, so they are cheap.
class OwnedEvent {
 public:
  OwnedEvent() = default;
  explicit OwnedEvent(const Event& event);
  OwnedEvent(const OwnedEvent&) = default;
  OwnedEvent& operator=(const OwnedEvent&) = default;

  const Event& view() const { return view_; }
  const Event* operator->() const { return &view_; }
  // The bytes this copy holds, for bounded queues.
  std::size_t bytes() const { return bytes_ + sizeof *this; }

 private:
  std::shared_ptr<const char[]> text_;
  std::size_t bytes_ = 0;
  Event view_;
};

}  // namespace k8sentry
