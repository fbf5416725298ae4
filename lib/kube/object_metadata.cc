#include "kube/object_metadata.h"

#include <utility>

#include "json/json_reader.h"
#include "k8sentry/text.h"

namespace k8sentry::internal {
namespace {

// Of a workload's name or kind, uid or apiVersion; the API server allows no more.
constexpr std::size_t kMaxText = 318;  // "GROUP/VERSION": 253, 1 and 63, and one more
// An annotation may have 256 KiB; a release that long is none that anybody takes.
constexpr std::size_t kMaxVersionCharacters = 200;

std::string VersionAt(const JsonReader& json, JsonReader::Path path) {
  return std::string(
      TruncateCharacters(json.String(path).value_or(""), kMaxVersionCharacters));
}

}  // namespace

std::optional<ObjectMetadata> ParseObjectMetadata(std::string_view body) {
  const JsonReader json(body);
  std::optional<std::string> uid = json.String({"metadata", "uid"});
  if (!uid) return std::nullopt;
  ObjectMetadata metadata;
  metadata.uid = *std::move(uid);
  metadata.release =
      VersionAt(json, {"metadata", "annotations", "k8sentry.io/release"});
  metadata.version =
      VersionAt(json, {"metadata", "labels", "app.kubernetes.io/version"});
  const auto references = json.Elements({"metadata", "ownerReferences"});
  if (!references) return metadata;
  for (const std::string_view text : *references) {
    const JsonReader reference(text);
    if (reference.Bool({"controller"}) != true) continue;
    OwnedReference owner;
    owner.api_version = reference.String({"apiVersion"}).value_or("");
    owner.kind = reference.String({"kind"}).value_or("");
    owner.name = reference.String({"name"}).value_or("");
    owner.uid = reference.String({"uid"}).value_or("");
    owner.namespace_ = json.String({"metadata", "namespace"}).value_or("");
    for (const std::string* field : {&owner.api_version, &owner.kind, &owner.name,
                                     &owner.uid, &owner.namespace_}) {
      if (field->size() > kMaxText) return std::nullopt;
    }
    // A static Pod belongs to its Node, but a Node is no workload.
    const bool node = owner.kind == "Node" && owner.api_version == "v1";
    if (!owner.name.empty() && !owner.kind.empty() && !node) {
      metadata.controller = std::move(owner);
    }
    break;  // there is one at most
  }
  return metadata;
}

}  // namespace k8sentry::internal
