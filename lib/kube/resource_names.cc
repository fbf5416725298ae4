#include "kube/resource_names.h"

#include <algorithm>
#include <utility>

#include "json/json_reader.h"

namespace k8sentry::internal {
namespace {

// (Kubernetes docs, object names and IDs: DNS subdomains.)
constexpr std::size_t kMaxName = 253;
// Of discovery; a cluster has some hundred groups, and few of them own anything.
constexpr std::size_t kMaxGroups = 64;
constexpr std::size_t kMaxKinds = 1000;

struct Usual {
  std::string_view group, api_version, kind, plural;
  bool namespaced = true;
  bool in_events = true;  // Events are about it, and it may have an owner
};
constexpr Usual kUsual[] = {
    {"", "v1", "Pod", "pods"},
    {"", "v1", "ReplicationController", "replicationcontrollers"},
    {"apps", "apps/v1", "ReplicaSet", "replicasets"},
    {"apps", "apps/v1", "Deployment", "deployments"},
    {"apps", "apps/v1", "StatefulSet", "statefulsets"},
    {"apps", "apps/v1", "DaemonSet", "daemonsets"},
    {"batch", "batch/v1", "Job", "jobs"},
    {"batch", "batch/v1", "CronJob", "cronjobs"},
    {"", "v1", "Node", "nodes", false, false},
    {"argoproj.io", "argoproj.io/v1alpha1", "Rollout", "rollouts", true, false},
    {"apps.openshift.io", "apps.openshift.io/v1", "DeploymentConfig",
     "deploymentconfigs", true, false},
};

bool IsDnsName(std::string_view text) {
  return !text.empty() && text.size() <= kMaxName && text[0] != '.' && text[0] != '-' &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
                  c == '.';
         });
}

const Usual* FindUsual(std::string_view group, std::string_view kind) {
  const auto* const found = std::find_if(
      std::begin(kUsual), std::end(kUsual),
      [&](const Usual& usual) { return usual.group == group && usual.kind == kind; });
  return found == std::end(kUsual) ? nullptr : found;
}

const Usual* FindByKind(std::string_view kind) {
  const auto* const found =
      std::find_if(std::begin(kUsual), std::end(kUsual),
                   [&](const Usual& usual) { return usual.kind == kind; });
  return found == std::end(kUsual) ? nullptr : found;
}

}  // namespace

std::optional<GroupVersion> ParseGroupVersion(std::string_view api_version) {
  const std::size_t slash = api_version.find('/');
  GroupVersion parsed;
  if (slash != api_version.npos) parsed.group = api_version.substr(0, slash);
  parsed.version = api_version.substr(slash + 1);  // npos + 1 is 0
  const bool good = IsDnsName(parsed.version) &&
                    (slash == api_version.npos || IsDnsName(parsed.group));
  return good ? std::optional(parsed) : std::nullopt;
}

std::optional<Resource> UsualResource(std::string_view group, std::string_view kind) {
  const Usual* usual = FindUsual(group, kind);
  if (usual == nullptr) return std::nullopt;
  return Resource{std::string(usual->plural), usual->namespaced};
}

bool MayHaveOwner(const ObjectReference& object) {
  const Usual* usual = FindByKind(object.kind);
  if (usual == nullptr || !usual->in_events || object.namespace_.empty()) return false;
  if (object.api_version.empty()) return true;
  const auto where = ParseGroupVersion(object.api_version);
  return where && where->group == usual->group;
}

std::string_view ApiVersionOf(const ObjectReference& object) {
  if (!object.api_version.empty()) return object.api_version;
  const Usual* usual = FindByKind(object.kind);
  return usual == nullptr ? std::string_view() : usual->api_version;
}

std::string GroupPath(const GroupVersion& where) {
  if (where.group.empty()) return "/api/" + std::string(where.version);
  return "/apis/" + std::string(where.group) + "/" + std::string(where.version);
}

std::optional<std::string> ObjectPath(const GroupVersion& where,
                                      const Resource& resource,
                                      std::string_view namespace_name,
                                      std::string_view name) {
  if (!IsDnsName(resource.plural) || !IsDnsName(name)) return std::nullopt;
  std::string path = GroupPath(where);
  if (resource.namespaced) {
    if (!IsDnsName(namespace_name)) return std::nullopt;
    path += "/namespaces/" + std::string(namespace_name);
  }
  return path + "/" + resource.plural + "/" + std::string(name);
}

DiscoveredResources::Answer DiscoveredResources::Find(std::string_view api_version,
                                                      std::string_view kind) const {
  const auto group = groups_.find(api_version);
  if (group == groups_.end()) return {};
  const auto found = group->second.by_kind.find(kind);
  if (found == group->second.by_kind.end())
    return {.ask_again = group->second.ask_again};
  return {.resource = found->second};
}

DiscoveredResources::Group& DiscoveredResources::GroupOf(std::string_view api_version) {
  const auto found = groups_.find(api_version);
  if (found != groups_.end()) return found->second;
  if (groups_.size() >= kMaxGroups) groups_.clear();
  return groups_[std::string(api_version)];
}

void DiscoveredResources::Learn(std::string_view api_version, std::string_view body,
                                SteadyTime ask_again) {
  Group& group = GroupOf(api_version);
  group.by_kind.clear();
  group.ask_again = ask_again;
  const JsonReader json(body);
  const auto resources = json.Elements({"resources"});
  if (!resources) return;
  for (const std::string_view text : *resources) {
    const JsonReader resource(text);
    std::optional<std::string> name = resource.String({"name"});
    std::optional<std::string> kind = resource.String({"kind"});
    // A name with a slash is a subresource, "deployments/scale".
    if (!name || !kind || !IsDnsName(*name)) continue;
    if (group.by_kind.size() >= kMaxKinds) return;
    group.by_kind.try_emplace(
        *std::move(kind),
        Resource{*std::move(name), resource.Bool({"namespaced"}).value_or(false)});
  }
}

void DiscoveredResources::Refuse(std::string_view api_version, SteadyTime ask_again) {
  GroupOf(api_version).ask_again = ask_again;
}

}  // namespace k8sentry::internal
