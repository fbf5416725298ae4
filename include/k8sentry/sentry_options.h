// What a SentryReporter may be told: where to send, what to send, and what to leave
// out.
//
// Threads: values. Hooks run on the reporter's thread.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "k8sentry/dsn.h"
#include "k8sentry/http_transport.h"
#include "k8sentry/issue.h"
#include "k8sentry/scrubber.h"
#include "k8sentry/sentry_items.h"
#include "k8sentry/sink.h"

namespace k8sentry {

// What becomes a structured Sentry log, beside the issues.
enum class SentryLogs : std::uint8_t {
  kOff,
  kTold,  // the Event of each telling
  kAll,   // each Event that the filters let through and that says something new
};

// Whether an issue without a release of `SentryOptions` gets its workload's.
enum class WorkloadRelease : std::uint8_t { kOn, kOff };

// An issue on its way to Sentry, as `before_send` may change it.
struct SentryIssue {
  const Telling& telling;
  // Level and culprit. The title is there to be read: Sentry makes it of `reason` and
  // `message`.
  Issue issue;
  std::string reason, message;
  std::vector<std::string> fingerprint;
  std::string environment, release, server_name;
  std::vector<std::pair<std::string, std::string>> tags;
  std::vector<Breadcrumb> breadcrumbs;  // oldest first
  std::vector<Attachment> attachments;
  TraceId trace_id = {};
};

// What a hook decides.
enum class BeforeSend : std::uint8_t { kSend, kDrop };

struct SentryOptions {
  Dsn dsn = {};
  std::string environment = "production";
  // Of all issues and logs; empty: each has its workload's.
  std::string release = {};
  // That is its annotation k8sentry.io/release, else "api@1.2.3" by its label
  // app.kubernetes.io/version or by the image that the message names.
  WorkloadRelease workload_release = WorkloadRelease::kOn;
  std::string server_name = {};  // the agent's host, usually empty
  IssueOptions issue = {};
  SentryLogs logs = SentryLogs::kOff;
  // Earlier Events of the same workload that go with an issue, 100 at most; 0: none.
  std::size_t max_breadcrumbs = 20;
  // Of 0 to 1. An issue is left out or not by its id, so that a repeat fares alike.
  double sample_rate = 1.0;
  double logs_sample_rate = 1.0;
  ScrubOptions scrub = {};
  // May change what is sent, or drop it, which the client reports tell Sentry. Called
  // again for a retry of an issue. Empty: none.
  std::function<BeforeSend(SentryIssue&)> before_send = {};
  std::function<BeforeSend(SentryLog&)> before_send_log = {};
  std::function<BeforeSend(CheckIn&)> before_send_check_in = {};
  // Tell Sentry how much was not sent, and why. (Sentry developer docs, client
  // reports.)
  bool client_reports = true;

  std::string proxy = {};
  TlsOptions tls = {};
  AddressPolicy addresses = {};
  Duration timeout = std::chrono::seconds(30);  // for one request
  // Bodies of at least this many bytes are compressed (gzip).
  std::size_t gzip_from_bytes = 1024;
  // Tellings under way at once, one envelope each.
  std::size_t max_in_flight = 8;
};

}  // namespace k8sentry
