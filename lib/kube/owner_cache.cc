#include "kube/owner_cache.h"

#include <algorithm>

namespace k8sentry::internal {
namespace {

Hash128 Mixed(std::initializer_list<std::string_view> texts) {
  Hash128 key = {HashSeed(), ~HashSeed()};
  for (const std::string_view text : texts) {
    key = {Hash(text, key.low), Hash(text, key.high)};
  }
  return key;
}

}  // namespace

std::string_view SiblingsName(std::string_view pod) {
  constexpr std::string_view kGenerated = "bcdfghjklmnpqrstvwxz2456789";
  const std::size_t dash = pod.rfind('-');
  if (dash == pod.npos || dash == 0) return {};
  const std::string_view suffix = pod.substr(dash + 1);
  const bool generated =
      suffix.size() == 5 && suffix.find_first_not_of(kGenerated) == suffix.npos;
  const bool ordinal =
      !suffix.empty() && suffix.find_first_not_of("0123456789") == suffix.npos;
  return generated || ordinal ? pod.substr(0, dash) : std::string_view();
}

// By name and uid: an Event chooses both, and must not spoil what is known of the
// object that really has this uid.
Hash128 OwnerCache::KeyOf(const ObjectReference& object) {
  return Mixed({object.kind, object.namespace_, object.name, object.uid});
}

Hash128 OwnerCache::SiblingsKeyOf(std::string_view namespace_name,
                                  std::string_view name) {
  return Mixed({namespace_name, name});
}

CachedObject* OwnerCache::Find(const Hash128& key) {
  const auto found = index_.find(key);
  if (found == index_.end()) return nullptr;
  objects_.splice(objects_.end(), objects_, found->second);
  return &*found->second;
}

CachedObject& OwnerCache::Add(const Hash128& key) {
  objects_.emplace_back().key = key;
  index_[key] = std::prev(objects_.end());
  return objects_.back();
}

CachedObject& OwnerCache::FindOrAdd(const ObjectReference& object) {
  const Hash128 key = KeyOf(object);
  if (CachedObject* found = Find(key)) return *found;
  CachedObject& added = Add(key);
  added.object = OwnedReference(object);
  return added;
}

void OwnerCache::Trim(std::size_t max_objects) {
  for (auto it = objects_.begin(); it != objects_.end() && size() > max_objects;) {
    if (it->asking) {
      ++it;
      continue;
    }
    index_.erase(it->key);
    it = objects_.erase(it);
  }
}

}  // namespace k8sentry::internal
