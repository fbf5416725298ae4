// Where tellings go: to Sentry, or nowhere but the output.
#pragma once

#include <deque>
#include <optional>

#include "k8sentry/sentry_reporter.h"
#include "options.h"

namespace k8sentry::cli {

// Delivered once shown: the command has shown a telling before the queue gets it.
class ShownSink : public Sink {
 public:
  std::string_view name() const override { return "terminal"; }
  void Send(std::span<const Telling> batch, Now now, Completion done) override;
  void Poll(Now now) override;
  SteadyTime NextDeadline() const override;

 private:
  struct Batch {
    std::size_t size;
    Completion done;
  };
  std::deque<Batch> shown_;
};

// What `flags` say, and where they say nothing SENTRY_DSN, SENTRY_ENVIRONMENT,
// SENTRY_RELEASE and SENTRY_SAMPLE_RATE; nullopt without a DSN.
// Errors: kConfiguration.
Result<std::optional<SentryOptions>> SentryFrom(const SentryFlags& flags);

}  // namespace k8sentry::cli
