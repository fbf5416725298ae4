// Resource versions: opaque strings that are in truth decimal numbers.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace k8sentry::internal {

// Whether `a` is newer than `b`. Numbers compare by length and then by bytes, so none
// is too long; of anything else only equality is known, and what differs counts as
// newer. (Kubernetes API concepts, resource versions; comparable since 1.35, KEP-5504.)
bool IsNewer(std::string_view a, std::string_view b);

// The newest version that is no newer than `version` and older than all of `others`;
// empty when that cannot be known.
std::string OlderThanAll(std::string_view version,
                         std::span<const std::string_view> others);

}  // namespace k8sentry::internal
