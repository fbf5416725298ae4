#include "k8sentry/event.h"

#include <array>
#include <cstring>

#include "base/event_texts.h"

namespace k8sentry {
namespace {

// memcpy, but without a call for the short texts that most fields are.
void CopyText(char* to, std::string_view from) {
  const std::size_t n = from.size();
  const auto ends = [&]<std::size_t kBytes>(std::array<char, kBytes> first) {
    std::array<char, kBytes> last;
    std::memcpy(first.data(), from.data(), kBytes);
    std::memcpy(last.data(), from.data() + n - kBytes, kBytes);
    std::memcpy(to, first.data(), kBytes);
    std::memcpy(to + n - kBytes, last.data(), kBytes);
  };
  if (n > 64) {
    std::memcpy(to, from.data(), n);
  } else if (n > 32) {
    ends(std::array<char, 32>{});
  } else if (n >= 16) {
    ends(std::array<char, 16>{});
  } else if (n >= 8) {
    ends(std::array<char, 8>{});
  } else if (n >= 4) {
    ends(std::array<char, 4>{});
  } else {
    for (std::size_t i = 0; i < n; ++i) to[i] = from[i];
  }
}

}  // namespace

std::string_view ObjectReference::container() const {
  for (const std::string_view prefix :
       {"spec.containers{", "spec.initContainers{", "spec.ephemeralContainers{"}) {
    if (field_path.starts_with(prefix) && field_path.ends_with('}')) {
      return field_path.substr(prefix.size(), field_path.size() - prefix.size() - 1);
    }
  }
  return {};
}

std::optional<Time> Event::occurrence_time() const {
  if (series_last_observed) return series_last_observed;
  if (last_timestamp) return last_timestamp;
  if (event_time) return event_time;
  if (first_timestamp) return first_timestamp;
  return creation_timestamp;
}

std::optional<Time> Event::first_time() const {
  if (first_timestamp) return first_timestamp;
  if (event_time) return event_time;
  if (creation_timestamp) return creation_timestamp;
  return occurrence_time();
}

std::int64_t Event::total() const {
  if (series_count > 0) return series_count == 1 ? 2 : series_count;
  return count > 0 ? count : 1;
}

std::string_view Event::component() const {
  return reporting_component.empty() ? source_component : reporting_component;
}

std::size_t EventTextBytes(const Event& event) {
  std::size_t bytes = 0;
  internal::ForEachText([&](std::string_view text) { bytes += text.size(); }, event);
  return bytes;
}

Event CopyEvent(const Event& event, char* text) {
  // Field by field: of `copy = event` GCC makes a `rep movs`, which takes as long as
  // all the rest together, and most of it would be overwritten.
  Event copy;
  copy.frame_type = event.frame_type;
  copy.stale = event.stale;
  copy.retell = event.retell;
  copy.creation_timestamp = event.creation_timestamp;
  copy.first_timestamp = event.first_timestamp;
  copy.last_timestamp = event.last_timestamp;
  copy.event_time = event.event_time;
  copy.count = event.count;
  copy.series_count = event.series_count;
  copy.series_last_observed = event.series_last_observed;
  internal::ForEachText(
      [&](std::string_view from, std::string_view& to) {
        CopyText(text, from);
        to = std::string_view(text, from.size());
        text += from.size();
      },
      event, copy);
  return copy;
}

OwnedEvent::OwnedEvent(const Event& event) {
  bytes_ = EventTextBytes(event);
  std::shared_ptr<char[]> text(new char[bytes_ + 1]);
  view_ = CopyEvent(event, text.get());
  text_ = std::move(text);
}

}  // namespace k8sentry
