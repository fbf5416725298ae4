// A FakeApiServer is a Kubernetes API server on 127.0.0.1 that breaks on request.
//
// Left alone it does what a real one does: pages with tokens, watches that replay from
// a resourceVersion and go on live, 410 Expired once compacted, 401, 403, access
// reviews. A script then makes it fail, at the byte where you want it.
//
//   auto server = NewFakeApiServer();
//   (*server)->Create("/api/v1/namespaces/shop/events", R"({"metadata":{...}})");
//   (*server)->Script({.verb = "watch", .after_frames = 1, .after_bytes = 40,
//                      .then = FakeFault::kReset});   // RST within the second frame
//   ... watch (*server)->url() ...
//
// It ignores selectors, and `events` of two API groups are two resources.
//
// Threads: it owns one thread; all calls from any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "k8sentry/testing/fake_fault.h"
#include "k8sentry/testing/loopback_server.h"

namespace k8sentry::testing {

struct FakeApiRequest {
  std::string verb;  // as RBAC says: list watch get create update delete
  std::string path;
  std::string query;
  int status = 0;  // what it was answered with; 0: nothing
  LoopbackRequest http;

  // The value of a query parameter without %XX, or empty.
  std::string parameter(std::string_view name) const;
};

class FakeApiServer {
 public:
  virtual ~FakeApiServer() = default;

  virtual std::string url() const = 0;
  // The socket below: Freeze and Thaw, Kill and Restart, GoAway, SetTls.
  virtual LoopbackServer& loopback() = 0;

  // Objects of a collection such as "/apis/batch/v1/namespaces/shop/jobs", by their
  // metadata.name. What is missing of uid, namespace, kind and creationTimestamp is
  // added. The resourceVersion they got; 0 and no change when `object` has no name, or
  // there is (Create) or is not (Update, Delete) an object of it.
  virtual std::uint64_t Create(std::string_view collection,
                               std::string_view object) = 0;
  virtual std::uint64_t Update(std::string_view collection,
                               std::string_view object) = 0;
  virtual std::uint64_t Delete(std::string_view collection, std::string_view name) = 0;
  virtual std::uint64_t resource_version() const = 0;
  // Forgets the history up to now. Watches under way go on.
  virtual void Compact() = 0;
  // A new cluster behind the same URL: no objects, low versions, another uid of
  // kube-system; all connections are reset.
  virtual void WipeStorage() = 0;
  // A BOOKMARK for each watch that allows it. (Real ones never send any for Events.)
  virtual void SendBookmarks() = 0;
  // Ends all watches as their timeoutSeconds would.
  virtual void EndWatches() = 0;

  // Who does not show `token` gets 401; empty: everyone may come.
  virtual void SetToken(std::string_view token) = 0;
  // 403 for a path and all below it, and a no from SelfSubjectAccessReview; with a verb
  // for that one only.
  virtual void Forbid(std::string_view path, std::string_view verb = {}) = 0;
  virtual void AllowAll() = 0;
  // Of several that match the first counts.
  virtual void Script(FakeFault fault) = 0;
  virtual void ClearScript() = 0;

  // All requests so far, in order of arrival.
  virtual std::vector<FakeApiRequest> requests() const = 0;
  // How many of a verb; of all if it is empty.
  virtual int count(std::string_view verb = {}) const = 0;
};

// Errors: kUnavailable when there is no port; kConfiguration for PEM that is none.
Result<std::unique_ptr<FakeApiServer>> NewFakeApiServer(
    const LoopbackOptions& options = {});

}  // namespace k8sentry::testing
