#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <memory>

#include "cluster.h"
#include "commands.h"
#include "exit_code.h"
#include "format.h"
#include "k8sentry/cluster_source.h"
#include "k8sentry/owner_source.h"
#include "k8sentry/runner.h"
#include "k8sentry/version.h"
#include "log.h"
#include "output.h"
#include "rights_check.h"
#include "run_state.h"
#include "signals.h"
#include "sinks.h"

namespace k8sentry::cli {
namespace {

LogLevel LevelOf(const WatchStatus& status) {
  switch (status.state) {
    case WatchState::kUnauthorized:
    case WatchState::kForbidden:
      return LogLevel::kError;
    case WatchState::kUnavailable:
    case WatchState::kStalled:
      return LogLevel::kWarning;
    case WatchState::kRelisting:
      // Without a gap it is what happens to every watch that was quiet for long.
      return status.gap < std::chrono::seconds(1) ? LogLevel::kInfo
                                                  : LogLevel::kWarning;
    default:
      return LogLevel::kInfo;
  }
}

// One run of `k8sentry run`, from its options to its exit code.
class ClusterRun {
 public:
  explicit ClusterRun(const RunOptions& options)
      : options_(options),
        log_(NewLog(options.log)),
        paint_(UseColor(options.color, STDOUT_FILENO)) {}

  int Execute();

 private:
  Status Prepare();
  Status PrepareSource();
  Status PrepareOwners(const ClusterConfig& cluster);
  Status PrepareSink();
  void PrepareRights(const ClusterConfig& cluster);
  void Watch();
  void GiveMemoryBack();
  void Show(const Telling& telling);
  void ShowLedger(const Ledger& ledger);
  int Finish();
  EventSource& source() { return owners_ ? *owners_ : *watch_; }

  const RunOptions& options_;
  const std::unique_ptr<Logger> log_;
  const Painter paint_;
  Output output_;
  std::unique_ptr<HttpTransport> transport_;
  std::unique_ptr<EventSource> watch_;
  std::unique_ptr<Filter> filter_;       // of the owners
  std::unique_ptr<EventSource> owners_;  // around the watch, or null
  std::optional<RightsCheck> rights_;
  std::unique_ptr<Sink> sink_;
  std::optional<RunState> state_;
  std::unique_ptr<Runner> runner_;
  bool sends_ = false;
  std::uint64_t given_back_at_ = 0;  // frames seen by then
};

Status ClusterRun::PrepareSource() {
  Result<ClusterConfig> cluster = FindCluster(options_);
  if (!cluster.ok()) return cluster.status();
  log_->Log(LogLevel::kInfo, "using cluster",
            {{"from", cluster->origin},
             {"server", WithoutUser(cluster->server)},
             {"credential", CredentialKind(*cluster)}});
  if (!cluster->warning.empty()) {
    log_->Log(LogLevel::kWarning, "cluster", {{"detail", cluster->warning}});
  }
  const auto on_status = [this](const WatchStatus& status) {
    std::vector<LogField> fields = {
        {"watch", status.watch}, {"state", std::string(WatchStateName(status.state))}};
    if (status.gap > Duration::zero()) {
      fields.push_back(
          {"gap",
           FormatDuration(std::chrono::round<std::chrono::milliseconds>(status.gap))});
    }
    if (!status.detail.empty()) fields.push_back({"detail", status.detail});
    log_->Log(LevelOf(status), "watch", fields);
    rights_->Follow(status.state);
  };
  auto source =
      NewClusterSource({.cluster = *cluster,
                        .namespaces = options_.pipeline.filter.namespace_.include,
                        .field_selector = FieldSelectorOf(options_.pipeline.filter),
                        .resume = state_->resume().value_or(ResumePoint()),
                        .lookback = options_.pipeline.lookback,
                        .watch = {.on_status = on_status}},
                       *transport_, *log_);
  if (!source.ok()) {
    // The server comes from a kubeconfig, not from a flag.
    return Status(StatusCode::kConfiguration, source.status().message());
  }
  watch_ = *std::move(source);
  PrepareRights(*cluster);
  return options_.owner_lookup ? PrepareOwners(*cluster) : Status();
}

void ClusterRun::PrepareRights(const ClusterConfig& cluster) {
  const std::vector<std::string>& spaces = options_.pipeline.filter.namespace_.include;
  rights_.emplace(ClusterCheckOptions{.cluster = cluster,
                                      .scope = CheckScope::kRights,
                                      .namespaces = spaces,
                                      .owners = options_.owner_lookup,
                                      .cluster_id = state_->kept(),
                                      .deadline = std::chrono::minutes(1)},
                  *transport_, *log_);
}

Status ClusterRun::PrepareOwners(const ClusterConfig& cluster) {
  auto filter = NewFilter(options_.pipeline.filter);
  if (!filter.ok()) return filter.status();
  filter_ = *std::move(filter);
  auto owners = NewOwnerSource(
      *watch_,
      {.cluster = cluster, .max_wait = options_.owner_wait, .filter = filter_.get()},
      *transport_, *log_);
  if (!owners.ok()) return owners.status();
  owners_ = *std::move(owners);
  return {};
}

Status ClusterRun::PrepareSink() {
  const auto sentry = SentryFrom(options_.sentry);
  if (!sentry.ok()) return sentry.status();
  if (!*sentry) {
    sink_ = std::make_unique<ShownSink>();
    log_->Log(LogLevel::kInfo,
              "SENTRY_DSN is not set: issues are shown here, not sent");
    return {};
  }
  auto reporter = NewSentryReporter(**sentry, *transport_, *log_);
  if (!reporter.ok()) return reporter.status();
  sink_ = *std::move(reporter);
  sends_ = true;
  log_->Log(
      LogLevel::kInfo, "sending to Sentry",
      {{"dsn", (*sentry)->dsn.redacted()}, {"environment", (*sentry)->environment}});
  return {};
}

Status ClusterRun::Prepare() {
  auto transport = NewHttpTransport();
  if (!transport.ok()) return transport.status();
  transport_ = *std::move(transport);
  auto state = RunState::Open(options_.state_file, *log_);
  if (!state.ok()) return state.status();
  state_.emplace(*std::move(state));
  Status status = PrepareSink();
  if (status.ok()) status = PrepareSource();
  if (!status.ok()) return status;
  auto runner =
      NewRunner({.source = source(),
                 .sink = *sink_,
                 .transport = transport_.get(),
                 .pipeline = options_.pipeline,
                 .spool = sends_ ? options_.spool : SpoolOptions(),
                 .at_end = state_->kept() ? AtEnd::kKeepWindows : AtEnd::kCloseWindows,
                 .rest = std::chrono::milliseconds(200),
                 .state = state_->found(),
                 .logger = log_.get(),
                 .on_telling = [this](const Telling& t) { Show(t); }});
  if (!runner.ok()) return runner.status();
  runner_ = *std::move(runner);
  return {};
}

void ClusterRun::Show(const Telling& telling) {
  if (sends_) {
    const Issue issue = IssueOf(telling);
    log_->Log(LogLevel::kDebug, "telling",
              {{"kind", std::string(TellingKindName(telling.kind))},
               {"id", HexId(telling.id)},
               {"culprit", issue.culprit},
               {"title", issue.title}});
    return;
  }
  output_.Write(options_.output == OutputFormat::kNdjson
                    ? TellingLine(telling)
                    : TellingText(telling, ScreenOf(STDOUT_FILENO).width, paint_));
}

// After a burst, such as the first list of a large cluster, most of what it needed lies
// free between what is still in use; only this gives it back.
void ClusterRun::GiveMemoryBack() {
#ifdef __GLIBC__
  constexpr std::uint64_t kBurst = 5000;
  const Ledger ledger = runner_->ledger();
  if (ledger.in_flight > 0 || ledger.seen - given_back_at_ < kBurst) return;
  given_back_at_ = ledger.seen;
  malloc_trim(0);
#endif
}

void ClusterRun::Watch() {
  bool more = true;
  while (more && !StopRequested()) {
    const SteadyTime now = std::chrono::steady_clock::now();
    const Duration until_rights = std::max(rights_->NextDeadline(), now) - now;
    more = runner_->Poll(std::min(state_->MaxWait(now), until_rights));
    rights_->Poll();
    GiveMemoryBack();
    state_->SaveIfDue(*runner_, std::chrono::steady_clock::now());
    output_.Flush();
    if (!sends_ && output_.reader_is_gone()) Output::DieOfReader();
    if (!sends_ && !output_.status().ok()) return;
  }
}

// Where a machine reads the log, the ledger stands there; where a person reads, or
// where it belongs to the data, on stdout.
void ClusterRun::ShowLedger(const Ledger& ledger) {
  if (LogsAreJson(options_.log)) {
    std::vector<LogField> fields;
    ForEachCounter(ledger, [&](std::string_view name, std::uint64_t value) {
      fields.push_back({name, std::to_string(value)});
    });
    log_->Log(LogLevel::kInfo, "ledger", fields);
    if (sends_) return;
  }
  output_.Write(options_.output == OutputFormat::kNdjson
                    ? LedgerLine(ledger)
                    : "\n" + LedgerText(ledger, paint_));
  output_.Flush();
}

int ClusterRun::Finish() {
  log_->Log(LogLevel::kInfo, "stopping",
            {{"in_flight", std::to_string(runner_->ledger().in_flight)},
             {"at_most", FormatDuration(options_.drain_timeout)}});
  DieWithin(options_.drain_timeout + std::chrono::seconds(2));
  const Status drained = runner_->Drain(options_.drain_timeout);
  state_->Save(*runner_);
  output_.Flush();
  ShowLedger(runner_->ledger());
  const Status ended = source().status();
  if (!drained.ok())
    log_->Log(LogLevel::kError, "not all was delivered",
              {{"detail", drained.message()}});
  if (!ended.ok())
    log_->Log(LogLevel::kError, "the watch ended", {{"detail", ended.message()}});
  if (!output_.status().ok()) Complain(options_.log, output_.status().message());
  const bool good = drained.ok() && ended.ok() && output_.status().ok();
  return good ? kExitOk : kExitFailure;
}

int ClusterRun::Execute() {
  const Status prepared = Prepare();
  if (!prepared.ok()) {
    Complain(options_.log, prepared.message());
    return ExitCodeOf(prepared);
  }
  log_->Log(LogLevel::kInfo, "k8sentry started", {{"version", std::string(Version())}});
  HandleSignals(runner_.get());
  Watch();
  const int code = Finish();
  HandleSignals(nullptr);
  return code;
}

}  // namespace

int Run(const RunOptions& options) { return ClusterRun(options).Execute(); }

}  // namespace k8sentry::cli
