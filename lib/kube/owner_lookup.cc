#include "kube/owner_lookup.h"

#include <algorithm>
#include <array>
#include <utility>

#include "k8sentry/key.h"

namespace k8sentry::internal {

OwnerLookup::OwnerLookup(const OwnerLookupOptions& options, ApiClient& api,
                         Logger& logger, std::uint64_t seed)
    : options_(options),
      api_(api),
      logger_(logger),
      pause_(options.min_backoff, options.max_backoff, seed),
      forbidden_(logger) {}

OwnerLookup::~OwnerLookup() {
  for (const auto& request : requests_) {
    if (request->busy && !request->done) api_.transport().Cancel(request->id);
  }
}

bool OwnerLookup::ready() const {
  return std::any_of(requests_.begin(), requests_.end(),
                     [](const auto& request) { return request->over(); });
}

SteadyTime OwnerLookup::NextDeadline() const {
  // All else waits for an answer, or for the next Event.
  return !to_ask_.empty() && api_.pending() ? api_.NextDeadline() : SteadyTime::max();
}

OwnerAnswer OwnerLookup::Find(const ObjectReference& object, SteadyTime now) {
  if (!MayHaveOwner(object)) return {};
  CachedObject* at = object.kind == "Pod" ? Siblings(object, now) : nullptr;
  if (at == nullptr) {
    ObjectReference asked = object;
    asked.api_version = ApiVersionOf(object);
    at = &cache_.FindOrAdd(asked);
  }
  // The end of the chain gives its name as it is. Where the chain breaks off, what is
  // known last is read as Events' objects are: a ReplicaSet without its hash.
  Workload best;
  std::string_view release, version;
  std::array<const CachedObject*, kMaxOwnerDepth + 1> seen;
  for (int depth = 0;; ++depth) {
    const auto end = seen.begin() + depth;
    if (std::find(seen.begin(), end, at) != end) return {};  // a ring has no top
    seen[static_cast<std::size_t>(depth)] = at;
    Want(*at, depth, now);
    const OwnedReference& is = at->object;
    // The object itself is not better known than to the pipeline.
    const Workload guess = depth == 0 ? Workload() : WorkloadOf(is.view());
    if (at->known == Known::kGone) break;
    best = guess;
    if (at->known != Known::kFound) break;
    if (release.empty() && version.empty()) {
      // The nearer an object is, the surer it is of what runs: in the middle of a
      // roll-out the Deployment is ahead of its Pods.
      release = at->release;
      version = at->version;
    }
    if (!at->owner) {
      // Pods of no controller are grouped by their names all the same.
      if (depth > 0 || object.kind != "Pod") best = {is.kind, is.name};
      break;
    }
    if (depth == kMaxOwnerDepth) break;
    at = &cache_.FindOrAdd(at->owner->view());
  }
  return {.pending = at->known != Known::kFound && at->asking,
          .owner = {best.kind, best.name, release, version}};
}

// What stands for `pod` and its siblings; null if it must be asked for alone.
CachedObject* OwnerLookup::Siblings(const ObjectReference& pod, SteadyTime now) {
  const std::string_view name = SiblingsName(pod.name);
  if (name.empty()) return nullptr;
  const Hash128 key = OwnerCache::SiblingsKeyOf(pod.namespace_, name);
  CachedObject* siblings = cache_.Find(key);
  if (siblings == nullptr) siblings = &cache_.Add(key);
  if (siblings->asking || now < siblings->ask_again) {
    return siblings->known == Known::kMixed ? nullptr : siblings;
  }
  ObjectReference asked = pod;
  asked.api_version = ApiVersionOf(pod);
  // A Pod that is gone cannot speak for the others.
  const CachedObject* alone = cache_.Find(OwnerCache::KeyOf(asked));
  const bool gone = alone != nullptr && alone->known == Known::kGone;
  if (gone && now < alone->ask_again) {
    return siblings->known == Known::kFound ? siblings : nullptr;
  }
  siblings->siblings = name;
  siblings->object = OwnedReference(asked);
  return siblings;
}

void OwnerLookup::Want(CachedObject& object, int depth, SteadyTime now) {
  if (object.asking || now < object.ask_again || pause_.active(now)) return;
  if (to_ask_.size() >= options_.max_queue) return;
  object.asking = true;
  object.depth = depth;
  to_ask_.push_back(object.key);
}

void OwnerLookup::Start(Now now) {
  if (pause_.active(now.steady)) ForgetQueue();
  const std::size_t most = pause_.failing() ? 1 : options_.max_requests;
  while (!to_ask_.empty() && under_way() < most) {
    const Status prepared = api_.Prepare(now);
    if (api_.pending()) return;
    if (!prepared.ok()) {
      return LeaveAlone(now.steady, std::nullopt, prepared.message(), now.steady);
    }
    const Hash128 key = to_ask_.front();
    to_ask_.pop_front();
    CachedObject* object = cache_.Find(key);
    if (object != nullptr) AskFor(*object, now.steady);
  }
}

void OwnerLookup::AskFor(CachedObject& object, SteadyTime now) {
  const OwnedReference& asked = object.object;
  const SteadyTime later = now + options_.refused_ttl;
  const auto where = ParseGroupVersion(asked.api_version);
  if (!where) return FoundNone(object, Known::kRefused, later);
  std::optional<Resource> resource = UsualResource(where->group, asked.kind);
  if (!resource) {
    // Whoever makes a Pod chooses the reference: it must not lead us to a Secret.
    if (where->group.empty()) return FoundNone(object, Known::kRefused, later);
    DiscoveredResources::Answer told = discovered_.Find(asked.api_version, asked.kind);
    if (!told.resource) {
      if (now >= told.ask_again) return Discover(object, *where, now);
      return FoundNone(object, Known::kRefused, told.ask_again);
    }
    resource = *std::move(told.resource);
  }
  const auto path = ObjectPath(*where, *resource, asked.namespace_, asked.name);
  if (!path) return FoundNone(object, Known::kRefused, later);
  const SteadyTime until = forbidden_.Until(resource->plural, asked.namespace_);
  if (now < until) return FoundNone(object, Known::kRefused, until);
  LookupRequest& request = FreeRequest();
  request.object = object.key;
  request.group = where->group;
  request.plural = resource->plural;
  request.namespace_ = asked.namespace_;
  Send(request, *path, now);
}

void OwnerLookup::Discover(CachedObject& object, const GroupVersion& where,
                           SteadyTime now) {
  const std::string& api_version = object.object.api_version;
  const auto [waiting, first] = discovering_.try_emplace(api_version);
  waiting->second.push_back(object.key);
  if (!first) return;
  LookupRequest& request = FreeRequest();
  request.discovery = api_version;
  Send(request, GroupPath(where), now);
}

void OwnerLookup::Send(LookupRequest& request, std::string_view path, SteadyTime now) {
  const bool object = request.discovery.empty();
  HttpRequest get = api_.Get(path, object ? kAcceptMetadata : kAcceptJson);
  get.group = ConnectionGroup::kLookup;
  get.accept_gzip = true;
  get.deadline = options_.deadline;
  request.busy = true;
  request.started = now;
  request.refusals = refusals_;
  const Result<HttpRequestId> id = api_.Start(std::move(get), request);
  if (id.ok()) {
    request.id = *id;
  } else {
    request.done = id.status();
  }
}

LookupRequest& OwnerLookup::FreeRequest() {
  const auto free = std::find_if(requests_.begin(), requests_.end(),
                                 [](const auto& request) { return !request->busy; });
  if (free != requests_.end()) return **free;
  return *requests_.emplace_back(std::make_unique<LookupRequest>());
}

std::size_t OwnerLookup::under_way() const {
  return static_cast<std::size_t>(
      std::count_if(requests_.begin(), requests_.end(),
                    [](const auto& request) { return request->busy; }));
}

void OwnerLookup::LeaveAlone(SteadyTime started, std::optional<Duration> retry_after,
                             const std::string& detail, SteadyTime now) {
  if (pause_.Fail(started, retry_after, now)) {
    logger_.Log(LogLevel::kWarning, "owners cannot be looked up for a while",
                {{"detail", detail}});
  }
  ForgetQueue();
}

// Nothing is worth waiting for now; who needs it will ask again.
void OwnerLookup::ForgetQueue() {
  for (const Hash128& key : to_ask_) {
    if (CachedObject* object = cache_.Find(key)) object->asking = false;
  }
  to_ask_.clear();
}

}  // namespace k8sentry::internal
