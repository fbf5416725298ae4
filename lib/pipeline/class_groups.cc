#include "pipeline/class_groups.h"

#include <algorithm>

namespace k8sentry::internal {

std::uint32_t ClassGroups::Touch(const Hash128& key) {
  std::uint32_t slot =
      index_.Find(key.low, [&](std::uint32_t s) { return groups_[s].key == key; });
  if (slot != SlotIndex::kNone) {
    by_age_.MoveToBack(groups_, slot);
    return slot;
  }
  if (groups_.size() < max_groups_) {
    if (groups_.size() == groups_.capacity()) {
      groups_.reserve(
          std::min(max_groups_, std::max<std::size_t>(64, groups_.size() * 2)));
    }
    slot = static_cast<std::uint32_t>(groups_.size());
    groups_.emplace_back();
    by_age_.PushBack(groups_, slot);
  } else {
    slot = by_age_.front();
    index_.Erase(groups_[slot].key.low, slot);
    by_age_.MoveToBack(groups_, slot);
  }
  groups_[slot].key = key;
  Clear(groups_[slot]);
  index_.Insert(key.low, slot);
  return slot;
}

std::uint64_t& ClassGroups::ClassAt(Group& group, std::uint32_t i) {
  return i < kInline ? group.class_of[i] : rests_[group.rest][i - kInline];
}

void ClassGroups::Clear(Group& group) {
  if (group.rest != kNone) free_rests_.push_back(group.rest);
  group.rest = kNone;
  group.classes = 0;
}

bool ClassGroups::Admit(const Hash128& key, std::uint64_t message_class) {
  Group& group = groups_[Touch(key)];
  for (std::uint32_t i = 0; i < group.classes; ++i) {
    if (ClassAt(group, i) == message_class) return true;
  }
  if (group.classes == kMaxClasses) return false;
  if (group.classes == kInline && group.rest == kNone) {
    if (free_rests_.empty()) {
      free_rests_.push_back(static_cast<std::uint32_t>(rests_.size()));
      rests_.emplace_back();
      free_rests_.reserve(rests_.capacity());
    }
    group.rest = free_rests_.back();
    free_rests_.pop_back();
  }
  ClassAt(group, group.classes++) = message_class;
  return true;
}

}  // namespace k8sentry::internal
