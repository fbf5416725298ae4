// Bounds the number of masked classes: sixteen for each (cluster, namespace, workload,
// container, reason), and "other" for the rest, so that a message which the mask does
// not tame makes no flood of issues.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/hash.h"
#include "base/slot_index.h"
#include "base/slot_list.h"

namespace k8sentry::internal {

class ClassGroups {
 public:
  static constexpr std::size_t kMaxClasses = 16;
  static constexpr std::size_t kMaxGroups = 16384;

  explicit ClassGroups(std::size_t max_groups = kMaxGroups) : max_groups_(max_groups) {}

  // Whether `message_class` is one of the sixteen of `group`, which it joins if there
  // is room. Both are hashes that stand for the text.
  bool Admit(const Hash128& group, std::uint64_t message_class);

  std::size_t size() const { return groups_.size(); }

 private:
  // Most groups have one or two classes; the others have the rest of them elsewhere.
  static constexpr std::size_t kInline = 2;
  static constexpr std::uint32_t kNone = 0xFFFFFFFF;
  using Rest = std::array<std::uint64_t, kMaxClasses - kInline>;

  struct Group {
    Hash128 key;
    SlotLink link;
    std::uint32_t classes = 0;
    std::uint32_t rest = kNone;
    std::uint64_t class_of[kInline];
  };

  std::uint64_t& ClassAt(Group& group, std::uint32_t i);
  void Clear(Group& group);
  std::uint32_t Touch(const Hash128& key);

  std::size_t max_groups_;
  std::vector<Group> groups_;
  std::vector<Rest> rests_;
  std::vector<std::uint32_t> free_rests_;
  SlotIndex index_;
  SlotList<Group, &Group::link> by_age_;  // least recently seen first
};

}  // namespace k8sentry::internal
