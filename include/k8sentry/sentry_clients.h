// SentryClients sends each telling to the Sentry project it belongs to: one
// SentryReporter for each DSN, with limits and a queue of its own.
//
//   auto clients = k8sentry::NewSentryClients({.sentry = {.dsn = *dsn},
//                                              .dsn_of = TeamOf}, *transport);
//   NewRunner({.source = *source, .sink = (*clients)->configured(),
//              .router = clients->get()});
//
// A DSN that comes from the cluster was written by somebody who may deploy there, not
// by you: it could name any address that you can reach. So it is refused unless you ask
// for it, and then held to rules. What is refused goes to the configured DSN.
//
// Threads: one at a time per instance, the Runner's.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "k8sentry/runner.h"
#include "k8sentry/sentry_reporter.h"

namespace k8sentry {

// Whose word a DSN is.
enum class DsnOrigin : std::uint8_t { kHost, kCluster };

struct ChosenDsn {
  std::string text = {};  // empty: the configured one
  DsnOrigin origin = DsnOrigin::kCluster;
};

enum class ClusterDsns : std::uint8_t { kRefuse, kFollow };

struct SentryClientsOptions {
  // Of the configured DSN, and of all others but for what follows. The client
  // certificate is shown to the configured DSN's host only.
  SentryOptions sentry;
  // Chooses. Empty: all goes to the configured DSN, as with a single reporter.
  std::function<ChosenDsn(const Telling&)> dsn_of = {};
  // Beside the configured one. Of more, the least recently used goes once it is
  // drained; while as many still drain, what is new goes to the configured DSN.
  std::size_t max_clients = 16;

  // Rules for DSNs of the cluster: https, the configured DSN's host or one of `hosts`
  // ("sentry.example.com" or "sentry.example.com:8443"), and no address that is not
  // global unless `addresses` lists it (CIDR). With a proxy none is followed, for it
  // would resolve the name by itself.
  ClusterDsns cluster_dsns = ClusterDsns::kRefuse;
  std::vector<std::string> hosts = {};
  std::vector<std::string> addresses = {};
};

// Of tellings, as Route and the reporters saw them.
struct SentryClientsCounters {
  std::uint64_t elsewhere = 0;  // to another DSN than the configured one
  // To the configured DSN although dsn_of said another:
  std::uint64_t refused = 0;  // by the rules; of an address when it was connected to
  std::uint64_t invalid = 0;  // what dsn_of said was no DSN
  std::uint64_t no_room = 0;  // too many clients still drain
};

class SentryClients : public SinkRouter {
 public:
  // The reporter of the configured DSN: RunnerOptions::sink. It alone gets what is no
  // telling: logs of all admitted Events, and the trail for breadcrumbs.
  virtual SentryReporter& configured() = 0;
  virtual const SentryClientsCounters& counters() const = 0;
  // Reporters beside the configured one, those that drain included.
  virtual std::size_t size() const = 0;
};

// `transport` and `logger` must outlive it. Errors: those of NewSentryReporter; and
// kConfiguration (no room for clients, an address that is no CIDR).
Result<std::unique_ptr<SentryClients>> NewSentryClients(
    const SentryClientsOptions& options, HttpTransport& transport,
    Logger& logger = NullLogger());

}  // namespace k8sentry
