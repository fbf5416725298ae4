// Every field of an Event, for tests of what copies them: a list of its own, so that a
// field which the code forgets is missed.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "k8sentry/event.h"

namespace k8sentry {

inline std::vector<std::string_view*> Texts(Event& e) {
  ObjectReference& o = e.involved_object;
  return {&e.name,
          &e.namespace_,
          &e.uid,
          &e.resource_version,
          &e.labels,
          &o.kind,
          &o.namespace_,
          &o.name,
          &o.uid,
          &o.api_version,
          &o.resource_version,
          &o.field_path,
          &e.owner.kind,
          &e.owner.name,
          &e.owner.release,
          &e.owner.version,
          &e.reason,
          &e.action,
          &e.message,
          &e.type,
          &e.source_component,
          &e.source_host,
          &e.reporting_component,
          &e.reporting_instance};
}

// An Event in which nothing is empty, and its text.
struct FullEvent {
  // The text of field `i` has `length_of(i)` bytes.
  template <typename LengthOf>
  explicit FullEvent(LengthOf length_of) {
    const auto at = [](int n) { return Time(std::chrono::seconds(n)); };
    const std::vector<std::string_view*> fields = Texts(event);
    texts.reserve(fields.size());
    for (std::size_t i = 0; i < fields.size(); ++i) {
      *fields[i] = texts.emplace_back(length_of(i), static_cast<char>('a' + i));
    }
    event.frame_type = FrameType::kListItem;
    event.stale = true;
    event.retell = true;
    event.creation_timestamp = at(1);
    event.first_timestamp = at(2);
    event.last_timestamp = at(3);
    event.event_time = at(4);
    event.series_last_observed = at(5);
    event.count = 6;
    event.series_count = 7;
    event.raw_object = "{}";
  }

  void Scribble() {
    for (std::string& text : texts) std::fill(text.begin(), text.end(), '?');
  }

  Event event;
  std::vector<std::string> texts;
};

// All but frame_type, stale and retell, which not every copy keeps, and raw_object.
inline void ExpectSame(Event copy, Event event) {
  EXPECT_EQ(copy.creation_timestamp, event.creation_timestamp);
  EXPECT_EQ(copy.first_timestamp, event.first_timestamp);
  EXPECT_EQ(copy.last_timestamp, event.last_timestamp);
  EXPECT_EQ(copy.event_time, event.event_time);
  EXPECT_EQ(copy.series_last_observed, event.series_last_observed);
  EXPECT_EQ(copy.count, event.count);
  EXPECT_EQ(copy.series_count, event.series_count);
  for (std::size_t i = 0; i < Texts(event).size(); ++i) {
    EXPECT_EQ(*Texts(copy)[i], *Texts(event)[i]) << i;
  }
}

}  // namespace k8sentry
