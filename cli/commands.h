// The commands. Each returns the exit code of the process.
#pragma once

#include "options.h"

namespace k8sentry::cli {

int Replay(const ReplayOptions& options);
int Run(const RunOptions& options);
int Doctor(const DoctorOptions& options);
int TestDsn(const TestDsnOptions& options);

}  // namespace k8sentry::cli
