// A SentryReporter sends tellings to Sentry as issues.
//
// It writes envelopes exactly as Sentry's developer docs describe them, obeys every
// rate limit, and says of each telling how it ended. One instance serves one DSN; make
// as many as you have DSNs, for nothing here is global.
//
// Threads: one at a time per instance, the Runner's.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "k8sentry/http_transport.h"
#include "k8sentry/logger.h"
#include "k8sentry/sentry_options.h"
#include "k8sentry/sink.h"

namespace k8sentry {

// What became of logs and check-ins; tellings are in the Runner's ledger.
struct SentryCounters {
  struct Item {
    std::uint64_t captured = 0;  // = dropped + rejected + delivered + waiting
    // Never tried: by a hook, a sample rate, a limit, a full buffer, or too late.
    std::uint64_t dropped = 0;
    std::uint64_t rejected = 0;  // by Sentry, or given up
    std::uint64_t delivered = 0;
    std::uint64_t waiting = 0;  // buffered or under way
  };
  Item logs, check_ins;
  std::uint64_t client_reports = 0;  // delivered
};

class SentryReporter : public Sink {
 public:
  std::string_view name() const override { return "sentry"; }

  // Takes a log, or a check-in, of your own making. Neither blocks; what cannot be
  // sent is counted. Logs wait for up to 5 s to travel together.
  virtual void CaptureLog(SentryLog log, Now now) = 0;
  virtual void CaptureCheckIn(CheckIn check_in, Now now) = 0;

  virtual const SentryCounters& counters() const = 0;
  // Requests under way.
  virtual std::size_t in_flight() const = 0;
};

// `transport` and `logger` must outlive the reporter.
// Errors: kConfiguration (an environment or release that Sentry would refuse).
Result<std::unique_ptr<SentryReporter>> NewSentryReporter(
    const SentryOptions& options, HttpTransport& transport,
    Logger& logger = NullLogger());

// The envelope of one telling, uncompressed, without breadcrumbs and hooks. `sent_at`
// is when it is sent. For tools and tests: it makes a Scrubber each time. (Sentry
// developer docs, envelopes and event payloads.)
std::string SentryEnvelope(const Telling& telling, const SentryOptions& options,
                           Time sent_at);

}  // namespace k8sentry
