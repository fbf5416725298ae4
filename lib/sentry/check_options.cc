#include "sentry/check_options.h"

#include <string>
#include <utility>

#include "k8sentry/text.h"
#include "sentry/trim.h"

namespace k8sentry::internal {

Status CheckOptions(const SentryOptions& options) {
  const auto wrong = [](std::string what) {
    return Status(StatusCode::kConfiguration, "Sentry " + std::move(what));
  };
  if (options.dsn.host.empty() || options.dsn.public_key.empty()) {
    return wrong("reporter: the DSN is missing; make it with ParseDsn");
  }
  const std::string& environment = options.environment;
  if (environment == "None" ||
      environment.find_first_of("/ \t\r\n") != std::string::npos) {
    return wrong("environment: must not be None, nor hold a slash or white space");
  }
  if (TruncateCharacters(environment, kMaxEnvironment) != environment) {
    return wrong("environment: longer than 64 characters");
  }
  const std::string& release = options.release;
  if (release == "." || release == ".." ||
      release.find_first_of("/\\\t\r\n") != std::string::npos ||
      (!release.empty() && release.find_first_not_of(' ') == std::string::npos)) {
    return wrong("release: must not be blank, . or .., nor hold / \\ tab or newline");
  }
  if (TruncateCharacters(release, kMaxRelease) != release) {
    return wrong("release: longer than 200 characters");
  }
  if (options.max_in_flight == 0) return wrong("max_in_flight: must be at least 1");
  for (const double rate : {options.sample_rate, options.logs_sample_rate}) {
    // Not a number is none of both.
    if (!(rate >= 0 && rate <= 1)) return wrong("sample rate: must be from 0 to 1");
  }
  return {};
}

void WarnOfUnusualDsn(const Dsn& dsn, Logger& logger) {
  if (dsn.project_id.find_first_not_of("0123456789") != std::string::npos) {
    logger.Log(LogLevel::kWarning, "the DSN's project id is not a number",
               {{"dsn", dsn.redacted()}});
  }
  if (dsn.public_key.Reveal().size() != 32) {
    logger.Log(LogLevel::kWarning, "the DSN's public key does not have 32 characters",
               {{"dsn", dsn.redacted()}});
  }
}

}  // namespace k8sentry::internal
