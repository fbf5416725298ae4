#include "k8sentry/key.h"

#include "k8sentry/deduplicator.h"
#include "pipeline/key_part.h"

namespace k8sentry {

std::vector<std::string> Key::fingerprint() const {
  std::vector<std::string> parts = {"k8s"};
  const auto add = [&](const char* name, const std::string& value) {
    if (value.empty()) return;
    char buffer[internal::kMaxPartBytes];
    parts.push_back(name);
    parts.back() += internal::KeyPart(value, buffer);
  };
  add("cluster:", cluster);
  add("namespace:", namespace_);
  add("workload:", workload);
  add("container:", container);
  add("reason:", reason);
  add("class:", message_class);
  return parts;
}

Key ToKey(const KeyView& key) {
  return {.cluster = std::string(key.cluster),
          .namespace_ = std::string(key.namespace_),
          .workload = std::string(key.workload),
          .container = std::string(key.container),
          .reason = std::string(key.reason),
          .message_class = std::string(key.message_class)};
}

}  // namespace k8sentry
