// FormatState for a state that need not be in memory twice.
#pragma once

#include <functional>
#include <string_view>

#include "k8sentry/state.h"

namespace k8sentry::internal {

// Gives what FormatState(state) would be to `take`, in pieces of about 64 KiB. False as
// soon as `take` says so.
bool WriteState(const State& state, const std::function<bool(std::string_view)>& take);

}  // namespace k8sentry::internal
