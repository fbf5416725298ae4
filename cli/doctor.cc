#include <unistd.h>

#include <algorithm>

#include "cluster.h"
#include "commands.h"
#include "diagnosis.h"
#include "exit_code.h"
#include "log.h"
#include "output.h"
#include "own_loop.h"
#include "signals.h"
#include "sinks.h"

namespace k8sentry::cli {
namespace {

constexpr Duration kDefaultTimeout = std::chrono::seconds(10);

// False when the user does not want to wait.
bool Drive(ClusterCheck& check, HttpTransport& transport) {
  for (check.Poll(ReadClocks()); !check.done(); check.Poll(ReadClocks())) {
    WaitAndPoll(transport, check.NextDeadline());
    if (StopRequested()) return false;
  }
  return true;
}

// What stands in the environment about Sentry, into `diagnosis`; ok if it can be used.
Status LookAtSentry(Diagnosis& diagnosis) {
  const auto sentry = SentryFrom({});
  if (!sentry.ok()) {
    diagnosis.findings.push_back(
        {.level = FindingLevel::kError,
         .what = "sentry",
         .detail = sentry.status().message(),
         .remedy = "copy the DSN from the project's settings in Sentry"});
    return sentry.status();
  }
  if (*sentry) {
    diagnosis.sentry = (*sentry)->dsn.redacted();
    if (!(*sentry)->proxy.empty()) {
      diagnosis.sentry += " through " + WithoutUser((*sentry)->proxy);
    }
  }
  return {};
}

int Fail(const Status& status) {
  Complain(status.message());
  return ExitCodeOf(status);
}

}  // namespace

int Doctor(const DoctorOptions& options) {
  const Result<ClusterConfig> cluster = FindCluster(options);
  if (!cluster.ok()) return Fail(cluster.status());
  Diagnosis diagnosis = {.origin = cluster->origin,
                         .server = WithoutUser(cluster->server),
                         .credential = CredentialKind(*cluster),
                         .proxy = WithoutUser(cluster->proxy)};
  auto transport = NewHttpTransport();
  if (!transport.ok()) return Fail(transport.status());
  const Duration timeout = cluster->request_timeout > Duration::zero()
                               ? cluster->request_timeout
                               : kDefaultTimeout;
  const auto check = NewClusterCheck({.cluster = *cluster,
                                      .namespaces = options.namespaces,
                                      .owners = options.owner_lookup,
                                      .cluster_id = options.state_file,
                                      .deadline = timeout},
                                     **transport);
  if (!check.ok()) {
    // As run does it, for the server comes from a kubeconfig.
    return Fail(Status(StatusCode::kConfiguration, check.status().message()));
  }
  HandleSignals(nullptr);
  if (!Drive(**check, **transport)) return kExitInterrupted;
  diagnosis.user = (*check)->user();
  diagnosis.findings = (*check)->findings();
  const Status sentry = LookAtSentry(diagnosis);

  Output output;
  output.Write(
      options.output == OutputFormat::kJson
          ? DiagnosisJson(diagnosis)
          : DiagnosisText(diagnosis, Painter(UseColor(options.color, STDOUT_FILENO))));
  output.Flush();
  if (output.reader_is_gone()) Output::DieOfReader();
  if (!output.status().ok()) return Fail(output.status());
  if (!sentry.ok()) return ExitCodeOf(sentry);
  return diagnosis.count(FindingLevel::kError) == 0 ? kExitOk : kExitFailure;
}

}  // namespace k8sentry::cli
