// The writers of what goes over the wire: from what a reporter was told to the bytes of
// an envelope. They read no clock and know no queue.
//
// An issue goes IssueToSend -> (breadcrumbs, attachments, hooks) ->
// AppendIssueEnvelope; a log goes ScrubItem -> (hook) -> AppendLogPayload, and many of
// these into one AppendLogEnvelope. (Sentry developer docs, envelopes and envelope
// items.)
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "k8sentry/scrubber.h"
#include "k8sentry/sentry_options.h"

namespace k8sentry::internal {

// The issue of `telling` before breadcrumbs and hooks: scrubbed and trimmed.
SentryIssue IssueToSend(const Telling& telling, const SentryOptions& options,
                        const Scrubber& scrubber);

// The log of `event` with its release, before hooks; not yet scrubbed.
SentryLog LogToSend(const Event& event, const SentryOptions& options,
                    const Scrubber& scrubber);

// Takes secrets out of what was made of an Event, or was told. Ids stay.
void ScrubItem(const Scrubber& scrubber, Breadcrumb& breadcrumb);
void ScrubItem(const Scrubber& scrubber, SentryLog& log);
// Of an attachment only its name, and its bytes if they are text (text/*, JSON, YAML,
// XML).
void ScrubItem(const Scrubber& scrubber, Attachment& attachment);

// The envelope of an issue: event, breadcrumbs within it, and attachments behind it.
// Returns how many bytes of attachments were left out, since they exceed the limits
// (30 of them, 20 MiB together). Empty ones are not sent.
std::size_t AppendIssueEnvelope(const SentryIssue& issue, const SentryOptions& options,
                                Time sent_at, std::string& out);

// One log as an element of `items`: what AppendLogEnvelope takes.
void AppendLogPayload(const SentryLog& log, const SentryOptions& options,
                      std::string& out);
// Requires: 1 to 100 payloads of together at most 1 MiB. (Sentry developer docs, logs.)
void AppendLogEnvelope(std::span<const std::string> payloads, Time sent_at,
                       std::string& out);

void AppendCheckInPayload(const CheckIn& check_in, const SentryOptions& options,
                          std::string& out);
void AppendCheckInEnvelope(const CheckIn& check_in, const SentryOptions& options,
                           Time sent_at, std::string& out);

// What was not sent, and why. (Sentry developer docs, client reports.)
struct DiscardedEvents {
  std::string_view reason;    // "queue_overflow", "ratelimit_backoff", ...
  std::string_view category;  // "error", "log_item", "log_byte", "monitor", ...
  std::uint64_t quantity = 0;
};
// An item of any envelope: append it behind the last one.
void AppendClientReportItem(std::span<const DiscardedEvents> discarded, Time now,
                            std::string& out);
// The same in an envelope of its own.
void AppendClientReportEnvelope(std::span<const DiscardedEvents> discarded,
                                Time sent_at, std::string& out);

}  // namespace k8sentry::internal
