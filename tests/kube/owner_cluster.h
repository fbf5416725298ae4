// An API server of objects that own each other, and an OwnerLookup that asks it.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "k8sentry/testing/fake_http_transport.h"
#include "kube/owner_lookup.h"
#include "noted_log.h"

namespace k8sentry::internal {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

// Reference to an object of namespace shop; its uid is "uid-NAME" unless given.
inline OwnedReference Ref(const std::string& api_version, const std::string& kind,
                          const std::string& name, std::string uid = "") {
  OwnedReference reference;
  reference.api_version = api_version;
  reference.kind = kind;
  reference.namespace_ = "shop";
  reference.name = name;
  reference.uid = uid.empty() ? "uid-" + name : std::move(uid);
  return reference;
}
inline OwnedReference Pod(const std::string& name) { return Ref("v1", "Pod", name); }
inline OwnedReference ReplicaSet(const std::string& name) {
  return Ref("apps/v1", "ReplicaSet", name);
}
inline OwnedReference Deployment(const std::string& name) {
  return Ref("apps/v1", "Deployment", name);
}

inline std::string MetadataBody(const std::string& uid,
                                const std::optional<OwnedReference>& owner) {
  std::string body = R"({"kind":"PartialObjectMetadata","metadata":{"uid":")" + uid +
                     R"(","namespace":"shop","ownerReferences":[{"apiVersion":"v1",)"
                     R"("kind":"ConfigMap","name":"not-me","uid":"x"})";
  if (owner) {
    body += R"(,{"apiVersion":")" + owner->api_version + R"(","kind":")" + owner->kind +
            R"(","name":")" + owner->name + R"(","uid":")" + owner->uid +
            R"(","controller":true})";
  }
  return body + "]}}";
}

class OwnerCluster : public ::testing::Test {
 protected:
  OwnerCluster() : http([this](const HttpRequest& r) { return AnswerTo(r); }) {
    cluster.server = "https://cluster";
    cluster.token = Secret("t");
  }

  // Puts an object into the cluster.
  void Put(const std::string& path, const OwnedReference& object,
           const std::optional<OwnedReference>& owner = {}) {
    objects[path] = {.body = {MetadataBody(object.uid, owner)}};
  }
  void PutPod(const std::string& name,
              const std::optional<OwnedReference>& owner = {}) {
    Put("/api/v1/namespaces/shop/pods/" + name, Pod(name), owner);
  }
  void PutApps(const std::string& plural, const OwnedReference& object,
               const std::optional<OwnedReference>& owner = {}) {
    Put("/apis/apps/v1/namespaces/shop/" + plural + "/" + object.name, object, owner);
  }
  // What the object says of its version: annotation and label; empty: not there.
  void Version(const std::string& path, const std::string& release,
               const std::string& version) {
    std::string& body = objects.at(path).body.at(0);
    std::string more = R"("annotations":{"k8sentry.io/other":"x")";
    if (!release.empty()) more += R"(,"k8sentry.io/release":")" + release + '"';
    more += R"(},"labels":{"app":"api")";
    if (!version.empty()) more += R"(,"app.kubernetes.io/version":")" + version + '"';
    body.insert(body.find(R"("namespace")"), more + "},");
  }
  // Deployment api with a ReplicaSet and a Pod.
  void PutApi() {
    PutPod("api-7fcc74b976-bwxc2", ReplicaSet("api-7fcc74b976"));
    PutApps("replicasets", ReplicaSet("api-7fcc74b976"), Deployment("api"));
    PutApps("deployments", Deployment("api"));
  }

  testing::FakeHttpAnswer AnswerTo(const HttpRequest& request) {
    const std::string path = request.url.substr(cluster.server.size());
    asked.push_back(path);
    if (all) return *all;
    const auto found = objects.find(path);
    if (found != objects.end()) return found->second;
    return {.status = 404, .body = {R"({"kind":"Status","code":404})"}};
  }

  OwnerLookup& lookup() {
    if (!lookup_) {
      api_ = std::make_unique<ApiClient>(cluster, http);
      lookup_ = std::make_unique<OwnerLookup>(options, *api_, log, 1);
    }
    return *lookup_;
  }
  static std::string Text(const OwnerAnswer& answer) {
    return (answer.pending ? "?" : "") + std::string(answer.owner.kind) + "/" +
           std::string(answer.owner.name);
  }
  // One turn of the loop.
  void Turn() {
    lookup().Start(now);
    http.Poll(now.steady);
    lookup().Update(now);
  }
  // What is known of `object` at once, and what after all was asked; "?" while waiting.
  std::string First(const OwnedReference& object) {
    lookup().Update(now);
    return Text(lookup().Find(object.view(), now.steady));
  }
  std::string Of(const OwnedReference& object) {
    lookup().Update(now);
    for (int turns = 0; turns < 50; ++turns) {
      const OwnerAnswer answer = lookup().Find(object.view(), now.steady);
      if (!answer.pending) return Text(answer);
      Turn();
    }
    return First(object);
  }
  void Pass(Duration duration) {
    now.steady += duration;
    now.wall += std::chrono::duration_cast<std::chrono::microseconds>(duration);
  }
  // "RELEASE VERSION" of the owner, once all was asked.
  std::string VersionOf(const OwnedReference& object) {
    Of(object);
    const Owner owner = lookup().Find(object.view(), now.steady).owner;
    return std::string(owner.release) + " " + std::string(owner.version);
  }
  // How much was asked since the last call.
  std::size_t Asked() { return std::exchange(asked, {}).size(); }

  ClusterConfig cluster;
  OwnerLookupOptions options;
  std::map<std::string, testing::FakeHttpAnswer> objects;  // by path
  std::optional<testing::FakeHttpAnswer> all;              // the answer to everything
  std::vector<std::string> asked;                          // paths
  testing::FakeHttpTransport http;
  NotedLog log;
  Now now = {SteadyTime(std::chrono::hours(1)), *ParseTime("2026-11-21T04:00:00Z")};

 private:
  std::unique_ptr<ApiClient> api_;
  std::unique_ptr<OwnerLookup> lookup_;
};

using Lines = std::vector<std::string>;

}  // namespace k8sentry::internal
