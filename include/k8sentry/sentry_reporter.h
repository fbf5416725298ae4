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
#include "k8sentry/issue.h"
#include "k8sentry/logger.h"
#include "k8sentry/sink.h"

namespace k8sentry {

// {PROTOCOL}://{PUBLIC_KEY}[:{SECRET_KEY}]@{HOST}[:{PORT}]{PATH}/{PROJECT_ID}
// (Sentry developer docs, DSN.)
struct Dsn {
  std::string scheme;
  Secret public_key;
  Secret secret_key;  // deprecated; passed on when present
  std::string host;   // an IPv6 address keeps its brackets
  int port = 443;
  std::string path;  // without the project, such as "/prefix", or empty
  std::string project_id;

  std::string envelope_url() const;  // bears no key
  Secret auth_header() const;        // the value of X-Sentry-Auth
  // For logs: "https://***@host/42".
  std::string redacted() const;
};

// Errors: kConfiguration, naming what is wrong but never the keys.
Result<Dsn> ParseDsn(std::string_view text);

struct SentryOptions {
  Dsn dsn = {};
  std::string environment = "production";
  std::string release = {};      // of the workloads' side, usually empty
  std::string server_name = {};  // the agent's host, usually empty
  IssueOptions issue = {};
  std::string proxy = {};
  TlsOptions tls = {};
  Duration timeout = std::chrono::seconds(30);  // for one request
  // Bodies of at least this many bytes are compressed (gzip).
  std::size_t gzip_from_bytes = 1024;
  // Tellings under way at once, one envelope each.
  std::size_t max_in_flight = 8;
};

class SentryReporter : public Sink {
 public:
  std::string_view name() const override { return "sentry"; }

  // Requests under way.
  virtual std::size_t in_flight() const = 0;
};

// `transport` and `logger` must outlive the reporter.
// Errors: kConfiguration (an environment or release that Sentry would refuse).
Result<std::unique_ptr<SentryReporter>> NewSentryReporter(
    const SentryOptions& options, HttpTransport& transport,
    Logger& logger = NullLogger());

// The envelope of one telling, uncompressed. `sent_at` is when it is sent.
// (Sentry developer docs, envelopes and event payloads.)
std::string SentryEnvelope(const Telling& telling, const SentryOptions& options,
                           Time sent_at);

}  // namespace k8sentry
