// The version of the library that is linked, as opposed to the one compiled against.
#pragma once

#include <string_view>

namespace k8sentry {

// "MAJOR.MINOR.PATCH" (Semantic Versioning 2.0).
std::string_view Version();

}  // namespace k8sentry
