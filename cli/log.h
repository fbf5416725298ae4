// The log of the command: text on a terminal, JSON lines otherwise, always on stderr.
#pragma once

#include <memory>

#include "k8sentry/logger.h"
#include "options.h"

namespace k8sentry::cli {

bool LogsAreJson(const LogOptions& options);

std::unique_ptr<Logger> NewLog(const LogOptions& options);

// One line on stderr for the person at the keyboard: "k8sentry: message".
void Complain(std::string_view message);
// The same as a log line when the log was asked to be JSON.
void Complain(const LogOptions& options, std::string_view message);

}  // namespace k8sentry::cli
