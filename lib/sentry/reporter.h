// The SentryReporter: issues here, logs and check-ins in their senders, all over one
// Wire.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "k8sentry/logger.h"
#include "k8sentry/sentry_reporter.h"
#include "sentry/check_in_sender.h"
#include "sentry/crumb_trail.h"
#include "sentry/log_sender.h"
#include "sentry/wire.h"

namespace k8sentry::internal {

class Reporter final : public SentryReporter {
 public:
  Reporter(const SentryOptions& options, Scrubber scrubber, HttpTransport& transport,
           Logger& logger);

  void Send(std::span<const Telling> batch, Now now, Completion done) override;
  void Poll(Now now) override;
  SteadyTime NextDeadline() const override;
  SteadyTime limited_until() const override { return wire_.limits().events_until(); }
  std::size_t max_in_flight() const override { return options_.max_in_flight; }
  std::size_t in_flight() const override { return wire_.in_flight(); }
  std::string spool_name() const override { return spool_name_; }

  void Admitted(const Event& event, Now now) override;
  bool wants_admitted() const override {
    return options_.max_breadcrumbs > 0 || options_.logs == SentryLogs::kAll;
  }
  void Told(const Telling& telling, Now now) override;
  void Lost(const Telling& telling, Loss loss, Now now) override;
  void Flush(Now now) override;
  bool idle() const override;

  void CaptureLog(SentryLog log, Now now) override {
    logs_.Capture(std::move(log), now);
  }
  void CaptureCheckIn(CheckIn check_in, Now now) override {
    check_ins_.Capture(std::move(check_in), now);
  }
  const SentryCounters& counters() const override;
  // Whether the telling whose completion runs found no way in a manner that waiting
  // does not mend: an address that is refused, a certificate of somebody else.
  bool unusable() const { return unusable_; }

 private:
  // Which telling of which Send.
  struct Ticket {
    std::shared_ptr<const Completion> done;
    std::size_t index = 0;
  };
  // What an envelope held, for the log and the client reports.
  struct Contents {
    std::size_t envelope_bytes = 0;
    std::size_t attachments = 0;
    std::size_t attachment_bytes = 0;
  };
  struct Ending {
    Ticket ticket;
    Outcome outcome;
    bool unusable = false;
  };

  void SendOne(const Telling& telling, Now now, Ticket ticket);
  void End(Ticket ticket, Outcome outcome) {
    endings_.push_back({std::move(ticket), std::move(outcome)});
  }
  Outcome OutcomeOf(const Reply& reply, const Contents& contents, Now now);
  void CountIssue(std::string_view reason, std::size_t attachment_bytes,
                  SteadyTime now);

  const SentryOptions options_;
  const Scrubber scrubber_;
  const std::string spool_name_;
  mutable SentryCounters counters_;
  CrumbTrail trail_;
  Wire wire_;
  LogSender logs_;
  CheckInSender check_ins_;
  std::vector<Ending> endings_;
  bool unusable_ = false;
};

// Errors: as NewSentryReporter.
Result<std::unique_ptr<Reporter>> NewReporter(const SentryOptions& options,
                                              HttpTransport& transport, Logger& logger);

// Which folder of a spool is this DSN's: by its address and public key, without saying
// either.
std::string SpoolNameOf(const Dsn& dsn);

}  // namespace k8sentry::internal
