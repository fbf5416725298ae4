#include "k8sentry/event.h"

#include <cstring>

namespace k8sentry {
namespace {

// Calls `visit` for every text field of `event` but raw_object: the one list of them.
template <typename AnyEvent, typename Visit>
void ForEachText(AnyEvent& event, Visit visit) {
  visit(event.name);
  visit(event.namespace_);
  visit(event.uid);
  visit(event.resource_version);
  visit(event.labels);
  visit(event.involved_object.kind);
  visit(event.involved_object.namespace_);
  visit(event.involved_object.name);
  visit(event.involved_object.uid);
  visit(event.involved_object.api_version);
  visit(event.involved_object.resource_version);
  visit(event.involved_object.field_path);
  visit(event.reason);
  visit(event.action);
  visit(event.message);
  visit(event.type);
  visit(event.source_component);
  visit(event.source_host);
  visit(event.reporting_component);
  visit(event.reporting_instance);
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
  ForEachText(event, [&](std::string_view text) { bytes += text.size(); });
  return bytes;
}

Event CopyEvent(const Event& event, char* text) {
  Event copy = event;
  copy.raw_object = {};
  ForEachText(copy, [&](std::string_view& field) {
    if (!field.empty()) std::memcpy(text, field.data(), field.size());
    field = std::string_view(text, field.size());
    text += field.size();
  });
  return copy;
}

OwnedEvent::OwnedEvent(const Event& event) {
  bytes_ = EventTextBytes(event);
  std::shared_ptr<char[]> text(new char[bytes_ + 1]);
  view_ = CopyEvent(event, text.get());
  text_ = std::move(text);
}

}  // namespace k8sentry
