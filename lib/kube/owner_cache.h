// What is known of the objects between a Pod and its workload, least recently used out.
#pragma once

#include <cstddef>
#include <list>
#include <optional>
#include <string_view>
#include <unordered_map>

#include "base/hash.h"
#include "k8sentry/time.h"
#include "kube/object_metadata.h"

namespace k8sentry::internal {

enum class Known : std::uint8_t {
  kNothing,
  kFound,
  kGone,     // 404, or another object has that name now
  kRefused,  // 403, or an answer of no use
  kMixed,    // siblings: their owner does not follow from their name
};

struct CachedObject {
  Hash128 key;
  // What is asked for. Of siblings: the one that is asked for all of them.
  OwnedReference object;
  // The name that siblings have in common; empty: this is an object alone.
  std::string siblings;
  Known known = Known::kNothing;
  std::optional<OwnedReference> owner;
  std::string release, version;  // as its metadata says; of siblings: of one of them
  bool asking = false;
  int depth = 0;  // steps from the object that an Event named
  SteadyTime ask_again = SteadyTime::min();
};

// The name that all Pods of one controller share, without "-" behind it:
// "api-7fcc74b976" of "api-7fcc74b976-bwxc2", "db" of "db-0"; empty if `pod` has none.
std::string_view SiblingsName(std::string_view pod);

class OwnerCache {
 public:
  static Hash128 KeyOf(const ObjectReference& object);
  static Hash128 SiblingsKeyOf(std::string_view namespace_name, std::string_view name);

  // Null if there is none. Objects stay where they are until Trim.
  CachedObject* Find(const Hash128& key);
  CachedObject& Add(const Hash128& key);
  // Of an object alone.
  CachedObject& FindOrAdd(const ObjectReference& object);
  // Forgets what was used longest ago, but nothing that is being asked for.
  void Trim(std::size_t max_objects);
  std::size_t size() const { return objects_.size(); }

 private:
  struct LowHalf {
    std::size_t operator()(const Hash128& key) const { return key.low; }
  };
  std::list<CachedObject> objects_;  // least recently used first
  std::unordered_map<Hash128, std::list<CachedObject>::iterator, LowHalf> index_;
};

}  // namespace k8sentry::internal
