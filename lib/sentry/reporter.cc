#include "sentry/reporter.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "base/sha256.h"
#include "sentry/check_options.h"

namespace k8sentry::internal {
namespace {

// Sentry shows no more.
constexpr std::size_t kMaxTrail = 100;
// For how long after a Flush nothing waits for company: a drain captures more.
constexpr Duration kHurry = std::chrono::seconds(10);

// By the id, so that a repeat fares alike. The first six bytes of an id are as good as
// random; what comes after bears a version.
bool SampledOut(const TellingId& id, double rate) {
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < 6; ++i) number = number << 8 | id[i];
  return static_cast<double>(number) * 0x1p-48 >= rate;
}

std::string_view ReasonOf(Loss loss) {
  switch (loss) {
    case Loss::kQueueFull:
      return "queue_overflow";
    case Loss::kGaveUp:
      return "network_error";
    case Loss::kSpoolFull:
      return "cache_overflow";
  }
  return "queue_overflow";
}

}  // namespace

std::string SpoolNameOf(const Dsn& dsn) {
  Sha256 sha;
  sha.Update(dsn.envelope_url());
  sha.Update(std::string_view("\0", 1));
  sha.Update(dsn.public_key.Reveal());
  const Sha256Digest digest = sha.Finish();
  std::string name = "sentry-";
  for (std::size_t i = 0; i < 8; ++i) {
    char hex[3];
    std::snprintf(hex, sizeof hex, "%02x", digest[i]);
    name += hex;
  }
  return name;
}

Reporter::Reporter(const SentryOptions& options, Scrubber scrubber,
                   HttpTransport& transport, Logger& logger)
    : options_(options),
      scrubber_(std::move(scrubber)),
      spool_name_(SpoolNameOf(options.dsn)),
      trail_({.per_workload = std::min(options.max_breadcrumbs, kMaxTrail)},
             options.issue, scrubber_),
      wire_(options_, transport),
      logs_(options_, scrubber_, wire_, logger, counters_.logs),
      check_ins_(options_, wire_, logger, counters_.check_ins) {}

void Reporter::Send(std::span<const Telling> batch, Now now, Completion done) {
  // A limit that just arrived holds for this batch already.
  wire_.Take(now);
  const auto shared = std::make_shared<const Completion>(std::move(done));
  for (std::size_t i = 0; i < batch.size(); ++i) {
    SendOne(batch[i], now, {shared, i});
  }
}

void Reporter::SendOne(const Telling& telling, Now now, Ticket ticket) {
  if (options_.sample_rate < 1 && SampledOut(telling.id, options_.sample_rate)) {
    CountIssue("sample_rate", 0, now.steady);
    return End(std::move(ticket), {.kind = Outcome::Kind::kSampledOut});
  }
  // The telling waits in the queue: nothing is lost, so nothing is reported.
  if (limited_until() > now.steady) {
    return End(std::move(ticket),
               {.kind = Outcome::Kind::kLimited, .retry_at = limited_until()});
  }
  SentryIssue issue = IssueToSend(telling, options_, scrubber_);
  issue.breadcrumbs = trail_.Before(telling);
  if (options_.before_send && options_.before_send(issue) == BeforeSend::kDrop) {
    CountIssue("before_send", 0, now.steady);
    return End(std::move(ticket),
               {.kind = Outcome::Kind::kRejected, .detail = "before_send"});
  }
  Contents contents;
  for (Attachment& attachment : issue.attachments) {
    ScrubItem(scrubber_, attachment);
    contents.attachment_bytes += attachment.bytes.size();
  }
  if (wire_.limits().until("attachment") > now.steady) {
    // The issue does without.
    wire_.reports().Count("ratelimit_backoff", "attachment",
                          std::exchange(contents.attachment_bytes, 0), now.steady);
    issue.attachments.clear();
  }
  contents.attachments = issue.attachments.size();
  std::string envelope;
  const std::size_t left_out = AppendIssueEnvelope(issue, options_, now.wall, envelope);
  wire_.reports().Count("invalid", "attachment", left_out, now.steady);
  contents.attachment_bytes -= std::min(left_out, contents.attachment_bytes);
  contents.envelope_bytes = envelope.size();
  const Status status = wire_.Post(
      std::move(envelope), {}, now,
      [this, ticket, contents](const Reply& reply, Now then) {
        End(ticket, OutcomeOf(reply, contents, then));
        endings_.back().unusable =
            reply.status == 0 && reply.end.code() == StatusCode::kConfiguration;
      });
  if (status.ok()) return;
  const bool no_memory = status.code() == StatusCode::kInternal;
  if (!no_memory)
    CountIssue("internal_sdk_error", contents.attachment_bytes, now.steady);
  End(std::move(ticket),
      {.kind = no_memory ? Outcome::Kind::kRetry : Outcome::Kind::kRejected,
       .detail = status.message()});
}

// Semantics 11. A response counts by its status code even if its body was cut off: the
// code says what became of the envelope.
Outcome Reporter::OutcomeOf(const Reply& reply, const Contents& contents, Now now) {
  if (reply.ok()) return {};
  if (reply.transient()) {
    return {Outcome::Kind::kRetry, Wire::NotBefore(reply, now),
            reply.status == 0 ? reply.end.message()
                              : "status " + std::to_string(reply.status)};
  }
  if (reply.status == 429) {
    // A limit that is no limit on events, or none at all, must not make us knock again
    // at once: then the queue's backoff decides.
    const bool limited = limited_until() > now.steady;
    return {limited ? Outcome::Kind::kLimited : Outcome::Kind::kRetry,
            limited ? limited_until() : SteadyTime::min(), "status 429"};
  }
  // All else is final, redirects too: nobody follows them with our key.
  CountIssue("send_error", contents.attachment_bytes, now.steady);
  Outcome rejected = {Outcome::Kind::kRejected, SteadyTime::min(), reply.Detail()};
  if (reply.status == 413) {
    // Which limit it was depends on what was in it.
    rejected.detail += " (an event and " + std::to_string(contents.attachments) +
                       " attachments of " + std::to_string(contents.attachment_bytes) +
                       " bytes, uncompressed " +
                       std::to_string(contents.envelope_bytes) + ")";
  }
  return rejected;
}

void Reporter::CountIssue(std::string_view reason, std::size_t attachment_bytes,
                          SteadyTime now) {
  wire_.reports().Count(reason, "error", 1, now);
  wire_.reports().Count(reason, "attachment", attachment_bytes, now);
}

void Reporter::Poll(Now now) {
  wire_.Take(now);
  logs_.Poll(now);
  check_ins_.Poll(now);
  // A completion may call Send, which may add endings: those wait for the next Poll.
  for (const Ending& ending : std::exchange(endings_, {})) {
    unusable_ = ending.unusable;
    (*ending.ticket.done)(ending.ticket.index, ending.outcome);
  }
  // Behind what may have taken them along.
  wire_.SendReports(now);
}

SteadyTime Reporter::NextDeadline() const {
  if (!endings_.empty()) return SteadyTime::min();
  return std::min(
      {wire_.NextDeadline(), logs_.NextDeadline(), check_ins_.NextDeadline()});
}

void Reporter::Admitted(const Event& event, Now now) {
  trail_.Add(event);
  // What a run before this one admitted it has logged as well.
  if (options_.logs == SentryLogs::kAll && !event.retell) {
    logs_.Capture(LogToSend(event, options_, scrubber_), now);
  }
}

void Reporter::Told(const Telling& telling, Now now) {
  if (options_.logs != SentryLogs::kTold) return;
  logs_.Capture(LogToSend(telling.event.view(), options_, scrubber_), now);
}

void Reporter::Lost(const Telling&, Loss loss, Now now) {
  CountIssue(ReasonOf(loss), 0, now.steady);
}

void Reporter::Flush(Now now) {
  wire_.Take(now);
  const SteadyTime until = now.steady + kHurry;
  logs_.Hurry(now, until);
  check_ins_.Hurry(now);
  wire_.reports().Hurry(now.steady, until);
  wire_.SendReports(now);
}

// Reports that wait for company, or for the end of a limit, keep nobody.
bool Reporter::idle() const {
  return logs_.idle() && check_ins_.idle() && wire_.idle();
}

const SentryCounters& Reporter::counters() const {
  counters_.client_reports = wire_.reports_delivered();
  return counters_;
}

Result<std::unique_ptr<Reporter>> NewReporter(const SentryOptions& options,
                                              HttpTransport& transport,
                                              Logger& logger) {
  if (Status s = CheckOptions(options); !s.ok()) return s;
  Result<Scrubber> scrubber = NewScrubber(options.scrub);
  if (!scrubber.ok()) {
    return Status(StatusCode::kConfiguration, scrubber.status().message());
  }
  WarnOfUnusualDsn(options.dsn, logger);
  return std::make_unique<Reporter>(options, *std::move(scrubber), transport, logger);
}

}  // namespace k8sentry::internal

namespace k8sentry {

Result<std::unique_ptr<SentryReporter>> NewSentryReporter(const SentryOptions& options,
                                                          HttpTransport& transport,
                                                          Logger& logger) {
  Result<std::unique_ptr<internal::Reporter>> made =
      internal::NewReporter(options, transport, logger);
  if (!made.ok()) return made.status();
  return std::unique_ptr<SentryReporter>(*std::move(made));
}

}  // namespace k8sentry
