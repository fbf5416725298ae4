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
    slot = static_cast<std::uint32_t>(groups_.size());
    groups_.emplace_back();
    by_age_.PushBack(groups_, slot);
  } else {
    slot = by_age_.front();
    index_.Erase(groups_[slot].key.low, slot);
    by_age_.MoveToBack(groups_, slot);
  }
  groups_[slot].key = key;
  groups_[slot].classes = 0;
  index_.Insert(key.low, slot);
  return slot;
}

bool ClassGroups::Admit(const Hash128& key, std::uint64_t message_class) {
  Group& group = groups_[Touch(key)];
  const auto end = group.class_of + group.classes;
  if (std::find(group.class_of, end, message_class) != end) return true;
  if (group.classes == kMaxClasses) return false;
  group.class_of[group.classes++] = message_class;
  return true;
}

}  // namespace k8sentry::internal
