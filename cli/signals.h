// SIGINT and SIGTERM ask for an orderly end, once; the second one ends the process.
#pragma once

#include "k8sentry/runner.h"

namespace k8sentry::cli {

// From now on signals wake `runner`, which must live until the process or the next call
// (with nullptr) ends that. SIGPIPE is ignored.
void HandleSignals(Runner* runner);

// Whether the end was asked for.
bool StopRequested();

// Ends the process with exit code 1 when it still lives after `limit`, whatever it is
// stuck in.
void DieWithin(Duration limit);

}  // namespace k8sentry::cli
