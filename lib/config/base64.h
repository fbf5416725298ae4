// Base64 as kubeconfig's `-data` fields have it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace k8sentry::internal {

// RFC 4648, section 4, with padding; white space is skipped. Nullopt for anything else.
std::optional<std::string> DecodeBase64(std::string_view text);

}  // namespace k8sentry::internal
