// What a FakeApiServer remembers: every change of every object, under a rising version.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "testing/fake_api_objects.h"
#include "testing/fake_api_target.h"

namespace k8sentry::testing::internal {

struct ApiChange {
  std::uint64_t version = 0;
  std::string_view type;   // ADDED, MODIFIED or DELETED
  std::string collection;  // "/api/v1/events"
  ApiObject object;

  // "shop/api-0", by which objects are sorted.
  std::string key() const;
  // Whether who asks for `target` sees it.
  bool concerns(const ApiTarget& target) const {
    return collection == target.collection &&
           (target.namespace_.empty() || object.namespace_ == target.namespace_) &&
           (target.name.empty() || object.name == target.name);
  }
};

class ApiStore {
 public:
  // Begins another life, with `uid` as kube-system's, which is the cluster's.
  void Wipe(const std::string& uid);

  // Give the object's version; 0: nothing was changed. `now` is RFC 3339.
  std::uint64_t Create(const ApiTarget& target, std::string_view object,
                       const std::string& now);
  std::uint64_t Update(const ApiTarget& target, std::string_view object);
  std::uint64_t Delete(const ApiTarget& target, std::string_view name);

  // The newest state of one object; null: there is none.
  const ApiChange* Find(const ApiTarget& target, std::string_view name) const;
  // The objects at `version`, sorted by key.
  std::vector<const ApiChange*> At(const ApiTarget& target,
                                   std::uint64_t version) const;
  // The first change from place `at` on that concerns `target`; `at` moves behind it.
  const ApiChange* Next(const ApiTarget& target, std::size_t& at) const;
  // The place of the first change after `version`.
  std::size_t PlaceAfter(std::uint64_t version) const;

  void Compact() { compacted_ = version_; }
  std::uint64_t version() const { return version_; }
  std::uint64_t compacted() const { return compacted_; }
  // Collections that ever held something.
  const std::map<std::string, bool>& collections() const { return collections_; }

 private:
  std::uint64_t Append(const ApiTarget& target, std::string_view type,
                       ApiObject object);

  std::uint64_t version_ = 0;
  std::uint64_t compacted_ = 0;
  std::deque<ApiChange> log_;
  // Of the live objects, by collection and key: their place in the log.
  std::map<std::pair<std::string, std::string>, std::size_t> live_;
  std::map<std::string, bool> collections_;  // true: in namespaces
  std::uint64_t uids_ = 0;
};

}  // namespace k8sentry::testing::internal
