// Every text field of an Event, for tests of what copies them: a list of its own, so
// that a field which the code forgets is missed.
#pragma once

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

}  // namespace k8sentry
