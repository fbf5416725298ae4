// "Did you mean": the name that a person most likely wanted to write.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace k8sentry::internal {

// "; did you mean 'prod'?" or "; there is: a, b, c" (at most five), or "".
std::string Suggestion(std::string_view wanted, std::span<const std::string> known);

}  // namespace k8sentry::internal
