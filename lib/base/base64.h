// Base64: RFC 4648, section 4, with padding.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace k8sentry::internal {

std::string EncodeBase64(std::string_view bytes);

// White space is skipped; nullopt for what is no Base64.
std::optional<std::string> DecodeBase64(std::string_view text);

}  // namespace k8sentry::internal
