#include "testing/fake_api_answers.h"

#include <algorithm>
#include <array>
#include <utility>

#include "json/json_reader.h"
#include "testing/fake_api_objects.h"

namespace k8sentry::testing::internal {
namespace {

using k8sentry::internal::JsonReader;
using k8sentry::internal::JsonStringAt;

// Groups that exist although they hold nothing.
constexpr std::array<std::string_view, 5> kGroups = {
    "/api/v1/", "/apis/apps/v1/", "/apis/batch/v1/", "/apis/coordination.k8s.io/v1/",
    "/apis/events.k8s.io/v1/"};

bool Exists(const ApiStore& store, const ApiTarget& target) {
  return store.collections().contains(target.collection) ||
         std::any_of(kGroups.begin(), kGroups.end(), [&](std::string_view group) {
           return target.collection.starts_with(group);
         });
}

LoopbackResponse NotFound(const ApiTarget& target) {
  return ErrorAnswer(404, "NotFound",
                     target.resource + " \"" + target.name + "\" not found");
}

// Whom it takes everybody for.
constexpr char kUser[] = "system:serviceaccount:k8sentry:k8sentry";

LoopbackResponse Forbidden(const ApiTarget& target) {
  const std::string where = target.namespace_.empty()
                                ? "at the cluster scope"
                                : "in the namespace \"" + target.namespace_ + "\"";
  return ErrorAnswer(403, "Forbidden",
                     target.resource + " is forbidden: User \"" + kUser + "\" cannot " +
                         target.verb + " resource \"" + target.resource +
                         "\" in API group \"" + target.group + "\" " + where);
}

LoopbackResponse Create(ApiState& state, const ApiTarget& target,
                        const std::string& body, const std::string& time) {
  const std::string name = JsonStringAt(body, {"metadata", "name"}).value_or("");
  if (name.empty()) {
    return ErrorAnswer(422, "Invalid", "metadata.name: Required value");
  }
  if (state.store.Create(target, body, time) == 0) {
    return ErrorAnswer(409, "AlreadyExists",
                       target.resource + " \"" + name + "\" already exists");
  }
  return JsonAnswer(201, state.store.Find(target, name)->object.json + "\n");
}

LoopbackResponse Update(ApiState& state, const ApiTarget& target,
                        const std::string& body) {
  const ApiChange* const old = state.store.Find(target, target.name);
  if (old == nullptr) return NotFound(target);
  const JsonReader object(body);
  if (object.String({"metadata", "name"}) != target.name) {
    return ErrorAnswer(400, "BadRequest", "the name is not the name of the URL");
  }
  const std::string version =
      object.String({"metadata", "resourceVersion"}).value_or("");
  if (!version.empty() && version != std::to_string(old->version)) {
    return ErrorAnswer(409, "Conflict",
                       "the object has been modified; please apply your changes to "
                       "the latest version and try again");
  }
  state.store.Update(target, body);
  return JsonAnswer(200, state.store.Find(target, target.name)->object.json + "\n");
}

LoopbackResponse Delete(ApiState& state, const ApiTarget& target) {
  if (state.store.Delete(target, target.name) == 0) return NotFound(target);
  return JsonAnswer(200, R"({"kind":"Status","apiVersion":"v1","status":"Success"})"
                         "\n");
}

LoopbackResponse Get(const ApiState& state, const ApiTarget& target,
                     const LoopbackRequest& request) {
  const ApiChange* const found = state.store.Find(target, target.name);
  if (found == nullptr) return NotFound(target);
  const std::string& json = found->object.json;
  const bool partial =
      request.header("Accept").find("as=PartialObjectMetadata") != std::string::npos;
  return JsonAnswer(200, partial ? PartialObject(json) : json + "\n");
}

LoopbackResponse Watch(ApiState& state, const ApiTarget& target, SteadyTime now) {
  const std::string version = target.parameter("resourceVersion");
  if (version.find_first_not_of("0123456789") != version.npos) {
    return ErrorAnswer(400, "BadRequest",
                       "invalid resource version \"" + version + "\"");
  }
  LoopbackResponse response = JsonAnswer(200, "");
  response.stream = NewWatchBody(state, target, now);
  return response;
}

LoopbackResponse ResourceAnswer(ApiState& state, const ApiTarget& target,
                                const LoopbackRequest& request, SteadyTime now,
                                const std::string& time) {
  if (target.verb == "create" && target.resource == "selfsubjectaccessreviews") {
    return ReviewAnswer(state, request.body);
  }
  if (target.verb == "create" && target.resource == "selfsubjectreviews") {
    return JsonAnswer(
        201, std::string(R"({"kind":"SelfSubjectReview","status":{"userInfo":)") +
                 R"({"username":")" + kUser + "\"}}}\n");
  }
  for (const ApiRule& rule : state.forbidden) {
    if (rule.Covers(target.verb, target.path)) return Forbidden(target);
  }
  if (target.verb == "create") return Create(state, target, request.body, time);
  if (!Exists(state.store, target)) {
    return ErrorAnswer(404, "NotFound",
                       "the server could not find the requested resource");
  }
  if (target.verb == "list") return ListAnswer(state.store, target);
  if (target.verb == "watch") return Watch(state, target, now);
  if (target.verb == "get" && target.subresource.empty()) {
    return Get(state, target, request);
  }
  if (target.verb == "update") return Update(state, target, request.body);
  if (target.verb == "delete") return Delete(state, target);
  return ErrorAnswer(405, "MethodNotAllowed",
                     "the fake has no " + target.verb + " " + target.subresource);
}

}  // namespace

bool ApiRule::Covers(std::string_view a_verb, std::string_view a_path) const {
  if (!verb.empty() && verb != a_verb) return false;
  if (!a_path.starts_with(path)) return false;
  return path.ends_with('/') || a_path.size() == path.size() ||
         a_path[path.size()] == '/';
}

LoopbackResponse JsonAnswer(int status, std::string body) {
  LoopbackResponse response;
  response.status = status;
  response.headers = {{"Content-Type", "application/json"}};
  response.body = std::move(body);
  return response;
}

LoopbackResponse ErrorAnswer(int code, std::string_view reason,
                             std::string_view message, std::string_view details,
                             std::string_view metadata) {
  return JsonAnswer(code,
                    ApiStatusJson(code, reason, message, details, metadata) + "\n");
}

LoopbackResponse ApiAnswer(ApiState& state, const ApiTarget& target,
                           const LoopbackRequest& request, SteadyTime now,
                           const std::string& time) {
  if (!state.token.empty() &&
      request.header("Authorization") != "Bearer " + state.token) {
    return ErrorAnswer(401, "Unauthorized", "Unauthorized");
  }
  if (target.is_resource() && !target.verb.empty()) {
    return ResourceAnswer(state, target, request, now, time);
  }
  return RootAnswer(state, target.path);
}

}  // namespace k8sentry::testing::internal
