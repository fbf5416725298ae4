// Whether a reporter can work with its options.
#pragma once

#include "k8sentry/logger.h"
#include "k8sentry/sentry_options.h"

namespace k8sentry::internal {

// Sentry drops an attribute that breaks its rules; better to say so at the start.
// (Sentry developer docs, event payloads, release and environment.)
Status CheckOptions(const SentryOptions& options);

// What Relay refuses, but another receiver of envelopes may take.
void WarnOfUnusualDsn(const Dsn& dsn, Logger& logger);

}  // namespace k8sentry::internal
