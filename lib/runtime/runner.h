// The Runner's inside: NewRunner builds the pipeline, this takes one that is built, so
// that tests may bring their own.
#pragma once

#include <memory>

#include "k8sentry/runner.h"

namespace k8sentry::internal {

// Errors: kInvalidArgument, kInternal.
Result<std::unique_ptr<Runner>> MakeRunner(const RunnerOptions& options,
                                           std::unique_ptr<Pipeline> pipeline);

}  // namespace k8sentry::internal
