// Of an object, only what tells whose it is, and which version of that.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "k8sentry/event.h"

namespace k8sentry::internal {

// As ObjectReference, with its own text.
struct OwnedReference {
  std::string api_version, kind, namespace_, name, uid;

  OwnedReference() = default;
  explicit OwnedReference(const ObjectReference& from)
      : api_version(from.api_version),
        kind(from.kind),
        namespace_(from.namespace_),
        name(from.name),
        uid(from.uid) {}
  ObjectReference view() const {
    return {.kind = kind,
            .namespace_ = namespace_,
            .name = name,
            .uid = uid,
            .api_version = api_version};
  }
};

struct ObjectMetadata {
  std::string uid;
  // The reference that says `controller: true`; its namespace is the object's own.
  std::optional<OwnedReference> controller;
  // The annotation k8sentry.io/release and the label app.kubernetes.io/version, each
  // of at most 200 characters; or empty.
  std::string release, version;
};

// Reads a PartialObjectMetadata, or the whole object from a server that does not know
// that. nullopt if it is neither. (Kubernetes API concepts, metadata-only fetches.)
std::optional<ObjectMetadata> ParseObjectMetadata(std::string_view body);

}  // namespace k8sentry::internal
