// What an API server says about itself, and about what its client may do.
#include <algorithm>
#include <set>
#include <utility>

#include "json/json_reader.h"
#include "k8sentry/json_writer.h"
#include "testing/fake_api_answers.h"
#include "testing/fake_api_objects.h"

namespace k8sentry::testing::internal {
namespace {

using k8sentry::internal::JsonReader;

// "/apis/batch/v1" of "/apis/batch/v1/jobs".
std::string GroupVersionOf(const std::string& collection) {
  return collection.substr(0, collection.rfind('/'));
}

LoopbackResponse Versions() {
  return JsonAnswer(200, R"({"kind":"APIVersions","versions":["v1"]})"
                         "\n");
}

LoopbackResponse Groups(const ApiStore& store) {
  std::set<std::string> group_versions;
  for (const auto& [collection, namespaced] : store.collections()) {
    if (collection.starts_with("/apis/")) {
      group_versions.insert(GroupVersionOf(collection).substr(6));
    }
  }
  std::string out;
  JsonWriter json(out);
  json.BeginObject().Key("kind").String("APIGroupList").Key("apiVersion").String("v1");
  json.Key("groups").BeginArray();
  for (const std::string& group_version : group_versions) {
    const std::size_t slash = group_version.find('/');
    const auto write_version = [&] {
      json.BeginObject().Key("groupVersion").String(group_version);
      json.Key("version").String(group_version.substr(slash + 1)).EndObject();
    };
    json.BeginObject().Key("name").String(group_version.substr(0, slash));
    json.Key("versions").BeginArray();
    write_version();
    json.EndArray().Key("preferredVersion");
    write_version();
    json.EndObject();
  }
  json.EndArray().EndObject();
  return JsonAnswer(200, out + "\n");
}

LoopbackResponse Plain(int status, std::string text) {
  LoopbackResponse response;
  response.status = status;
  response.headers = {{"Content-Type", "text/plain; charset=utf-8"}};
  response.body = std::move(text);
  return response;
}

// The resources of a group and version that ever held something.
LoopbackResponse Resources(const ApiStore& store, std::string_view path) {
  std::string out;
  JsonWriter json(out);
  json.BeginObject().Key("kind").String("APIResourceList");
  json.Key("apiVersion").String("v1").Key("groupVersion");
  json.String(path.substr(path.starts_with("/apis/") ? 6 : 5));
  json.Key("resources").BeginArray();
  bool any = false;
  for (const auto& [collection, namespaced] : store.collections()) {
    if (GroupVersionOf(collection) != path) continue;
    any = true;
    const std::string resource = collection.substr(collection.rfind('/') + 1);
    json.BeginObject().Key("name").String(resource).Key("singularName").String("");
    json.Key("namespaced").Bool(namespaced).Key("kind").String(KindOf(resource));
    json.Key("verbs").BeginArray();
    for (const char* verb : {"create", "delete", "get", "list", "update", "watch"}) {
      json.String(verb);
    }
    json.EndArray().EndObject();
  }
  json.EndArray().EndObject();
  if (!any) return Plain(404, "404 page not found\n");
  return JsonAnswer(200, out + "\n");
}

// Rules know no versions of groups, so "/apis/batch/v1/jobs" becomes
// "/apis/batch/jobs".
std::string WithoutVersion(const std::string& path) {
  const std::size_t group_end = path.find('/', 1);
  if (group_end == path.npos) return path;
  const std::size_t version =
      path.starts_with("/apis/") ? path.find('/', group_end + 1) : group_end;
  if (version == path.npos) return path;
  const std::size_t rest = std::min(path.find('/', version + 1), path.size());
  return path.substr(0, version) + path.substr(rest);
}

}  // namespace

LoopbackResponse ReviewAnswer(const ApiState& state, const std::string& body) {
  const JsonReader review(body);
  const auto attribute = [&](std::string_view name) {
    return review.String({"spec", "resourceAttributes", name}).value_or("");
  };
  const std::string group = attribute("group");
  const std::string space = attribute("namespace");
  const std::string name = attribute("name");
  std::string path = group.empty() ? "/api" : "/apis/" + group;
  if (!space.empty()) path += "/namespaces/" + space;
  path += "/" + attribute("resource");
  if (!name.empty()) path += "/" + name;
  bool allowed = true;
  for (const ApiRule& rule : state.forbidden) {
    const ApiRule versionless = {WithoutVersion(rule.path), rule.verb};
    allowed = allowed && !versionless.Covers(attribute("verb"), path);
  }
  std::string out;
  JsonWriter json(out);
  json.BeginObject().Key("kind").String("SelfSubjectAccessReview");
  json.Key("apiVersion").String("authorization.k8s.io/v1");
  json.Key("spec").Raw(review.Raw({"spec"}).value_or("{}"));
  json.Key("status").BeginObject().Key("allowed").Bool(allowed).EndObject();
  json.EndObject();
  return JsonAnswer(201, out + "\n");
}

LoopbackResponse RootAnswer(const ApiState& state, std::string_view path) {
  if (path == "/readyz" || path == "/livez" || path == "/healthz") {
    return Plain(200, "ok");
  }
  if (path == "/version") {
    return JsonAnswer(200, R"({"major":"1","minor":"34","gitVersion":"v1.34.0-fake"})"
                           "\n");
  }
  if (path == "/api") return Versions();
  if (path == "/apis") return Groups(state.store);
  if (path.starts_with("/api/") || path.starts_with("/apis/")) {
    return Resources(state.store, path);
  }
  return Plain(404, "404 page not found\n");
}

}  // namespace k8sentry::testing::internal
