#include "sinks.h"

#include <utility>

#include "environment.h"

namespace k8sentry::cli {

void ShownSink::Send(std::span<const Telling> batch, Now, Completion done) {
  shown_.push_back({batch.size(), std::move(done)});
}

void ShownSink::Poll(Now) {
  for (const Batch& batch : std::exchange(shown_, {})) {
    for (std::size_t i = 0; i < batch.size; ++i) batch.done(i, Outcome{});
  }
}

SteadyTime ShownSink::NextDeadline() const {
  return shown_.empty() ? SteadyTime::max() : SteadyTime::min();
}

Result<std::optional<SentryOptions>> SentryFromEnvironment() {
  const std::string text = Environment("SENTRY_DSN");
  if (text.empty()) return std::optional<SentryOptions>();
  Result<Dsn> dsn = ParseDsn(text);
  if (!dsn.ok()) return dsn.status().WithContext("SENTRY_DSN");
  SentryOptions options = {.dsn = *std::move(dsn)};
  const std::string environment = Environment("SENTRY_ENVIRONMENT");
  if (!environment.empty()) options.environment = environment;
  options.release = Environment("SENTRY_RELEASE");
  options.proxy = ProxyFor(options.dsn.envelope_url());
  return std::optional<SentryOptions>(std::move(options));
}

}  // namespace k8sentry::cli
