// Where the API server keeps an object: from apiVersion and kind to a path.
//
// Owner references name kinds ("ReplicaSet"), URLs want resources ("replicasets"). The
// usual ones are a table; the others the server tells ("discovery": GET
// /apis/GROUP/VERSION), and both its answers and its refusals are remembered.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "k8sentry/event.h"
#include "k8sentry/time.h"

namespace k8sentry::internal {

struct Resource {
  std::string plural;
  bool namespaced = true;
};

// "apps/v1" is {"apps", "v1"}, and "v1" {"", "v1"}.
struct GroupVersion {
  std::string_view group, version;
};
// nullopt if it is neither form, or if its parts could not stand in a path.
std::optional<GroupVersion> ParseGroupVersion(std::string_view api_version);

// The resource of a usual kind.
std::optional<Resource> UsualResource(std::string_view group, std::string_view kind);

// Whether objects of this kind may belong to another, and are worth asking for when an
// Event names them. Text of an Event chooses no API but the usual ones.
bool MayHaveOwner(const ObjectReference& object);
// The apiVersion of a reference that MayHaveOwner, which may lack it.
std::string_view ApiVersionOf(const ObjectReference& object);

// "/apis/apps/v1" or "/api/v1".
std::string GroupPath(const GroupVersion& where);
// The path of one object. nullopt if its names could not stand there.
std::optional<std::string> ObjectPath(const GroupVersion& where,
                                      const Resource& resource,
                                      std::string_view namespace_name,
                                      std::string_view name);

// What discovery told, by apiVersion.
class DiscoveredResources {
 public:
  struct Answer {
    std::optional<Resource> resource;
    // If there is none: it need not be asked for again before this.
    SteadyTime ask_again = SteadyTime::min();
  };
  Answer Find(std::string_view api_version, std::string_view kind) const;
  // An APIResourceList as the server sent it. Kinds that it lacks are not asked for
  // again before `ask_again`.
  void Learn(std::string_view api_version, std::string_view body, SteadyTime ask_again);
  // The server does not know it, or does not tell.
  void Refuse(std::string_view api_version, SteadyTime ask_again);

 private:
  struct Group {
    std::map<std::string, Resource, std::less<>> by_kind;
    SteadyTime ask_again;
  };
  Group& GroupOf(std::string_view api_version);

  std::map<std::string, Group, std::less<>> groups_;
};

}  // namespace k8sentry::internal
