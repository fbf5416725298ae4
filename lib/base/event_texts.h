// The text fields of an Event in one order, for whoever writes them as bytes.
#pragma once

#include <array>

#include "k8sentry/event.h"

namespace k8sentry::internal {

// Every text field but raw_object. A format that keeps this order ends when it changes.
template <typename AnyEvent>
auto TextsOf(AnyEvent& event) {
  auto& object = event.involved_object;
  return std::array{&event.name,
                    &event.namespace_,
                    &event.uid,
                    &event.resource_version,
                    &event.labels,
                    &object.kind,
                    &object.namespace_,
                    &object.name,
                    &object.uid,
                    &object.api_version,
                    &object.resource_version,
                    &object.field_path,
                    &event.owner.kind,
                    &event.owner.name,
                    &event.owner.release,
                    &event.owner.version,
                    &event.reason,
                    &event.action,
                    &event.message,
                    &event.type,
                    &event.source_component,
                    &event.source_host,
                    &event.reporting_component,
                    &event.reporting_instance};
}

}  // namespace k8sentry::internal
