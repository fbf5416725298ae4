// Looks for labels in metadata.labels as it came over the wire: a flat JSON object of
// strings. The pipeline may not know a JSON parser, and needs none for this.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace k8sentry::internal {

struct Label {
  std::string key;
  std::string value;
};

// How many of `wanted` (at most 64) stand in the object `labels`; of duplicate keys the
// last one counts. What is no such object bears none.
std::size_t CountLabels(std::string_view labels, const std::vector<Label>& wanted);

}  // namespace k8sentry::internal
