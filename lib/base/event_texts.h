// The text fields of an Event in one order, for whoever copies them or writes them as
// bytes.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "k8sentry/event.h"

namespace k8sentry::internal {

// Calls `visit` with each text field but raw_object, of one event or of several beside
// each other. A format that keeps this order ends when it changes.
template <typename Visit, typename... AnyEvent>
constexpr void ForEachText(Visit&& visit, AnyEvent&... event) {
  visit(event.name...);
  visit(event.namespace_...);
  visit(event.uid...);
  visit(event.resource_version...);
  visit(event.labels...);
  visit(event.involved_object.kind...);
  visit(event.involved_object.namespace_...);
  visit(event.involved_object.name...);
  visit(event.involved_object.uid...);
  visit(event.involved_object.api_version...);
  visit(event.involved_object.resource_version...);
  visit(event.involved_object.field_path...);
  visit(event.owner.kind...);
  visit(event.owner.name...);
  visit(event.owner.release...);
  visit(event.owner.version...);
  visit(event.reason...);
  visit(event.action...);
  visit(event.message...);
  visit(event.type...);
  visit(event.source_component...);
  visit(event.source_host...);
  visit(event.reporting_component...);
  visit(event.reporting_instance...);
}

inline constexpr std::size_t kEventTexts = [] {
  const Event event;
  std::size_t n = 0;
  ForEachText([&](std::string_view) { ++n; }, event);
  return n;
}();

// The same fields, to be walked by number.
template <typename AnyEvent>
auto TextsOf(AnyEvent& event) {
  std::array<decltype(&event.name), kEventTexts> texts;
  std::size_t n = 0;
  ForEachText([&](auto& text) { texts[n++] = &text; }, event);
  return texts;
}

}  // namespace k8sentry::internal
