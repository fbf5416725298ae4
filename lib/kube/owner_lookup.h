// An OwnerLookup tells which workload an object belongs to, by asking the API server
// for the metadata of the object, of its controller, of the controller's controller...
//
// It asks little. Each object is asked for once, however many Events name it, and Pods
// whose names say that they are siblings share one answer. At most so many requests run
// at a time; a server that fails, or says that it has too much to do, is left alone for
// a while, and no object is worth waiting for then.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "k8sentry/logger.h"
#include "kube/api_client.h"
#include "kube/lookup_limits.h"
#include "kube/lookup_request.h"
#include "kube/owner_cache.h"
#include "kube/resource_names.h"

namespace k8sentry::internal {

// Pod, ReplicaSet, Deployment and three more that operators may put on top.
inline constexpr int kMaxOwnerDepth = 5;

struct OwnerLookupOptions {
  std::size_t max_objects = 8192;
  // What was found is asked for again after this; meanwhile, and if that fails, it
  // stays: an object seldom changes hands.
  Duration found_ttl = std::chrono::minutes(10);
  Duration refused_ttl = std::chrono::seconds(60);
  std::size_t max_requests = 16;  // at a time
  std::size_t max_queue = 1024;   // objects to ask for; beyond, they stay unknown
  // An object whose request failed may be the reason; others are asked for first.
  Duration failed_ttl = std::chrono::seconds(10);
  Duration deadline = std::chrono::seconds(10);  // of a request
  Duration min_backoff = std::chrono::seconds(1);
  Duration max_backoff = std::chrono::seconds(60);
};

struct OwnerAnswer {
  bool pending = false;  // a better one may come
  // The best one so far; without kind and name: the object's name tells as much.
  Owner owner;
};

class OwnerLookup {
 public:
  // `api` and `logger` must outlive it.
  OwnerLookup(const OwnerLookupOptions& options, ApiClient& api, Logger& logger,
              std::uint64_t seed);
  ~OwnerLookup();

  // Takes in what has come, and forgets what is too much.
  void Update(Now now);
  // The owner of `object`, as views that are valid until the next Update. What is not
  // known is asked for by the next Start.
  OwnerAnswer Find(const ObjectReference& object, SteadyTime now);
  void Start(Now now);

  // Update has something to take in.
  bool ready() const;
  SteadyTime NextDeadline() const;

 private:
  CachedObject* Siblings(const ObjectReference& pod, SteadyTime now);
  void Want(CachedObject& object, int depth, SteadyTime now);
  void AskFor(CachedObject& object, SteadyTime now);
  void Discover(CachedObject& object, const GroupVersion& where, SteadyTime now);
  void Send(LookupRequest& request, std::string_view path, SteadyTime now);
  LookupRequest& FreeRequest();
  std::size_t under_way() const;

  void TakeIn(LookupRequest& request, Now now);
  enum class Verdict { kAnswer, kAskAgain, kServerFailed };
  Verdict Judge(const LookupRequest& request, Now now);
  void TakeInObject(CachedObject& object, const LookupRequest& request, SteadyTime now);
  void TakeInDiscovery(const LookupRequest& request, Verdict verdict, SteadyTime now);
  void Found(CachedObject& object, ObjectMetadata metadata, SteadyTime now);
  void Failed(CachedObject& object, SteadyTime now);
  void FoundNone(CachedObject& object, Known why, SteadyTime ask_again);
  void LeaveAlone(SteadyTime started, std::optional<Duration> retry_after,
                  const std::string& detail, SteadyTime now);
  void ForgetQueue();

  const OwnerLookupOptions options_;
  ApiClient& api_;
  Logger& logger_;
  OwnerCache cache_;
  DiscoveredResources discovered_;
  std::deque<Hash128> to_ask_;
  // Objects that wait for discovery of their apiVersion.
  std::map<std::string, std::vector<Hash128>, std::less<>> discovering_;
  std::vector<std::unique_ptr<LookupRequest>> requests_;
  LookupPause pause_;
  ForbiddenResources forbidden_;
  // How often the credential was refused since it was last accepted: 0 or 1.
  int refusals_ = 0;
};

}  // namespace k8sentry::internal
