#include "pipeline/key_builder.h"

#include "base/hash.h"

namespace k8sentry::internal {
namespace {

std::string CleanPart(const std::string& text) {
  char buffer[kMaxPartBytes];
  return std::string(KeyPart(text, buffer));
}

}  // namespace

KeyBuilder::KeyBuilder(const std::string& cluster)
    : cluster_(CleanPart(cluster)), seed_(HashSeed()) {}

// The other half of the hash that stands for a group's text.
std::uint64_t KeyBuilder::GroupCheck(const KeyView& key) const {
  std::uint64_t hash = Hash(key.reason, ~seed_);
  hash = Hash(key.namespace_, hash);
  hash = Hash(key.workload, hash);
  return Hash(key.container, hash);
}

std::uint64_t KeyBuilder::HashOf(const Key& key) const {
  std::uint64_t hash = Hash(key.namespace_, seed_);
  hash = Hash(key.workload, hash);
  hash = Hash(key.container, hash);
  return Hash(key.message_class, Hash(key.reason, hash));
}

KeyView KeyBuilder::Build(const Event& event, KeyBuffer& buffer) {
  const std::string_view workload = WorkloadOf(event).name;
  KeyView key;
  key.cluster = cluster_;
  key.namespace_ = KeyPart(event.involved_object.namespace_, buffer.parts[0]);
  key.workload = KeyPart(workload, buffer.parts[1]);
  key.container = KeyPart(event.involved_object.container(), buffer.parts[2]);
  key.reason = KeyPart(event.reason, buffer.parts[3]);
  // The cluster is the same for all keys of this builder, so no hash needs it.
  std::uint64_t hash = Hash(key.namespace_, seed_);
  hash = Hash(key.workload, hash);
  hash = Hash(key.container, hash);
  hash = Hash(key.reason, hash);

  const MessageClass message = ClassOf(event, workload, buffer.message_class);
  key.message_class = message.text;
  key.hash = Hash(key.message_class, hash);
  if (message.masked && !message.text.empty()) {
    if (!groups_.Admit({hash, GroupCheck(key)}, key.hash)) {
      key.message_class = "other";
      key.hash = Hash(key.message_class, hash);
    }
  }
  return key;
}

}  // namespace k8sentry::internal
