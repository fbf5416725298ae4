// How an OwnerLookup takes in what the API server answers.
#include <algorithm>
#include <utility>

#include "base/retry_after.h"
#include "kube/api_status.h"
#include "kube/owner_lookup.h"

namespace k8sentry::internal {

void OwnerLookup::Update(Now now) {
  cache_.Trim(options_.max_objects);
  for (const auto& request : requests_) {
    if (request->over()) TakeIn(*request, now);
  }
}

void OwnerLookup::TakeIn(LookupRequest& request, Now now) {
  if (!request.done) api_.transport().Cancel(request.id);
  // Out of the way first: what is taken in may begin another request.
  const LookupRequest over = std::exchange(request, LookupRequest());
  const Verdict verdict = Judge(over, now);
  if (verdict == Verdict::kAnswer) {
    pause_.Succeed();
    if (over.refusals == refusals_) refusals_ = 0;
  }
  if (!over.discovery.empty()) return TakeInDiscovery(over, verdict, now.steady);
  CachedObject* object = cache_.Find(over.object);
  if (object == nullptr) return;
  switch (verdict) {
    case Verdict::kAnswer:
      return TakeInObject(*object, over, now.steady);
    case Verdict::kAskAgain:
      to_ask_.push_front(object->key);
      return;
    case Verdict::kServerFailed:
      return Failed(*object, now.steady);
  }
}

void OwnerLookup::Failed(CachedObject& object, SteadyTime now) {
  object.asking = false;
  object.ask_again = now + options_.failed_ttl;
}

// Tells an answer about the object from one about the server, which is left alone then.
OwnerLookup::Verdict OwnerLookup::Judge(const LookupRequest& request, Now now) {
  if (request.too_long) return Verdict::kAnswer;
  const int status = request.status;
  if (!request.done->ok() || status == 0) {
    LeaveAlone(request.started, std::nullopt, request.done->message(), now.steady);
    return Verdict::kServerFailed;
  }
  if (status == 401) {
    if (request.refusals < refusals_) return Verdict::kAskAgain;
    api_.Refused();
    if (std::exchange(refusals_, 1) == 0) return Verdict::kAskAgain;
  } else if (status != 429 && status < 500) {
    return Verdict::kAnswer;
  }
  const std::string_view body =
      std::string_view(request.body).substr(0, kMaxErrorBytes);
  std::string detail = ParseApiStatus(body).message;
  detail.insert(0, "HTTP " + std::to_string(status) + (detail.empty() ? "" : ": "));
  LeaveAlone(request.started, ParseRetryAfter(request.retry_after, now.wall), detail,
             now.steady);
  return Verdict::kServerFailed;
}

void OwnerLookup::TakeInObject(CachedObject& object, const LookupRequest& request,
                               SteadyTime now) {
  const SteadyTime later = now + options_.refused_ttl;
  if (request.status == 404) return FoundNone(object, Known::kGone, later);
  if (request.status == 403) {
    const std::string_view body =
        std::string_view(request.body).substr(0, kMaxErrorBytes);
    forbidden_.Add(request.group, request.plural, request.namespace_,
                   ParseApiStatus(body).message, later);
  }
  if (request.status != 200 || request.too_long) {
    return FoundNone(object, Known::kRefused, later);
  }
  std::optional<ObjectMetadata> metadata = ParseObjectMetadata(request.body);
  if (!metadata) return FoundNone(object, Known::kRefused, later);
  const std::string& uid = object.object.uid;
  if (!uid.empty() && uid != metadata->uid) {
    return FoundNone(object, Known::kGone, later);
  }
  Found(object, *std::move(metadata), now);
}

void OwnerLookup::Found(CachedObject& object, ObjectMetadata metadata, SteadyTime now) {
  object.asking = false;
  object.ask_again = now + options_.found_ttl;
  CachedObject* found = &object;
  std::optional<OwnedReference>& controller = metadata.controller;
  if (!object.siblings.empty() && controller && controller->name != object.siblings) {
    // A Pod of an indexed Job, say: the answer is good for this one alone.
    object.known = Known::kMixed;
    found = &cache_.FindOrAdd(object.object.view());
    found->ask_again = object.ask_again;
  }
  found->known = Known::kFound;
  found->owner = std::move(controller);
  found->release = std::move(metadata.release);
  found->version = std::move(metadata.version);
  if (found->owner && object.depth < kMaxOwnerDepth) {
    Want(cache_.FindOrAdd(found->owner->view()), object.depth + 1, now);
  }
}

void OwnerLookup::FoundNone(CachedObject& object, Known why, SteadyTime ask_again) {
  object.asking = false;
  object.ask_again = ask_again;
  if (object.known == Known::kFound) return;
  if (why == Known::kGone && !object.siblings.empty()) {
    // Only this one is; the next can speak for the others.
    object.ask_again = SteadyTime::min();
    CachedObject& alone = cache_.FindOrAdd(object.object.view());
    if (alone.known == Known::kFound) return;
    alone.known = why;
    alone.ask_again = ask_again;
    return;
  }
  object.known = why;
}

void OwnerLookup::TakeInDiscovery(const LookupRequest& request, Verdict verdict,
                                  SteadyTime now) {
  const std::vector<Hash128> waiting =
      std::exchange(discovering_[request.discovery], {});
  discovering_.erase(request.discovery);
  if (verdict == Verdict::kAnswer) {
    const SteadyTime later = now + options_.refused_ttl;
    if (request.status == 200 && !request.too_long) {
      discovered_.Learn(request.discovery, request.body, later);
    } else {
      discovered_.Refuse(request.discovery, later);
    }
  }
  for (const Hash128& key : waiting) {
    if (verdict != Verdict::kServerFailed) {
      to_ask_.push_front(key);
    } else if (CachedObject* object = cache_.Find(key)) {
      Failed(*object, now);
    }
  }
}

}  // namespace k8sentry::internal
