// A Dsn says which Sentry project to send to, and with which key.
//
// Threads: a value.
#pragma once

#include <string>
#include <string_view>

#include "k8sentry/secret.h"
#include "k8sentry/status.h"

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

}  // namespace k8sentry
