// Makes the key of an event, without allocating (docs/semantics.md 15).
#pragma once

#include <string>

#include "k8sentry/deduplicator.h"
#include "pipeline/class_groups.h"
#include "pipeline/key_part.h"
#include "pipeline/message_class.h"

namespace k8sentry::internal {

// Where the parts lie that differ from the event's own text.
struct KeyBuffer {
  char parts[4][kMaxPartBytes];
  char message_class[kMaxClassBytes];
};

class KeyBuilder {
 public:
  explicit KeyBuilder(const std::string& cluster);

  // The views live as long as `event`, `buffer` and this.
  KeyView Build(const Event& event, KeyBuffer& buffer);

  // The hash that Build gives the same key.
  std::uint64_t HashOf(const Key& key) const;

 private:
  std::uint64_t GroupCheck(const KeyView& key) const;

  std::string cluster_;
  std::uint64_t seed_;
  ClassGroups groups_;
};

}  // namespace k8sentry::internal
