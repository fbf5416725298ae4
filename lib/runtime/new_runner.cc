#include "runtime/runner.h"

namespace k8sentry {

Result<std::unique_ptr<Runner>> NewRunner(const RunnerOptions& options) {
  Result<std::unique_ptr<Pipeline>> pipeline = NewPipeline(options.pipeline);
  if (!pipeline.ok()) return pipeline.status();
  return internal::MakeRunner(options, *std::move(pipeline));
}

}  // namespace k8sentry
