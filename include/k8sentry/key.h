// A Key says which Events are the same trouble; it is also the Sentry fingerprint.
//
// Pods come and go, and their names with them. What stays is the workload behind the
// name, the container, the reason and the class of the message; a Key is made of these,
// and of nothing that changes from pod to pod, node to node or hour to hour.
//
// Threads: values and pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "k8sentry/event.h"

namespace k8sentry {

// The workload behind an object (docs/semantics.md 3).
struct Workload {
  // "Deployment", "StatefulSet", "CronJob"; "Workload" when the name does not tell;
  // else the object's own kind.
  std::string_view kind;
  std::string_view name;
};
// Guessed from the object's name alone; `name` is a prefix of it.
Workload WorkloadOf(const ObjectReference& object);
// The event's owner where it is known, else the guess.
Workload WorkloadOf(const Event& event);

struct Key {
  std::string cluster;  // only when the user named it; parts may be empty
  std::string namespace_;
  std::string workload;  // the name; never the kind, see docs/semantics.md 3
  std::string container;
  std::string reason;
  std::string message_class;

  // ["k8s", "namespace:N", "workload:W", ...]: absent parts left out, no entry that
  // Sentry could take for a {{ variable }}. (Sentry, event grouping, fingerprints.)
  std::vector<std::string> fingerprint() const;

  friend bool operator==(const Key&, const Key&) = default;
};

}  // namespace k8sentry
