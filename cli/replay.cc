#include <unistd.h>

#include <memory>

#include "commands.h"
#include "exit_code.h"
#include "file_chain.h"
#include "format.h"
#include "k8sentry/runner.h"
#include "k8sentry/text.h"
#include "log.h"
#include "output.h"
#include "progress.h"
#include "signals.h"
#include "sinks.h"

namespace k8sentry::cli {
namespace {

// A person waits, and a file can be replayed again: give up sooner than an agent.
constexpr QueueOptions kQueue = {
    .max_tellings = 256, .max_attempts = 5, .max_backoff = std::chrono::seconds(5)};

// One run of `k8sentry replay`, from its options to its exit code.
class ReplayRun {
 public:
  explicit ReplayRun(const ReplayOptions& options)
      : options_(options),
        log_(NewLog(options.log)),
        color_(UseColor(options.color, STDOUT_FILENO)),
        paint_(color_),
        log_paint_(UseColor(options.color, STDERR_FILENO)) {}

  int Execute();

 private:
  Status Prepare();
  Status PrepareSentry(const SentryOptions& sentry);
  void Read();
  void Show(const Telling& telling);
  void ShowTable();
  void ShowEnd();
  int Judge(const Status& drained);

  bool is_table() const { return options_.output == OutputFormat::kTable; }

  const ReplayOptions& options_;
  const std::unique_ptr<Logger> log_;
  const bool color_;
  const Painter paint_, log_paint_;
  Output output_;
  Issues issues_;
  std::unique_ptr<FileChain> source_;
  std::unique_ptr<HttpTransport> transport_;
  std::unique_ptr<Sink> sink_;
  std::unique_ptr<Runner> runner_;
  bool sends_ = false;
  bool table_shown_ = false;
};

Status ReplayRun::PrepareSentry(const SentryOptions& sentry) {
  auto transport = NewHttpTransport();
  if (!transport.ok()) return transport.status();
  transport_ = *std::move(transport);
  auto reporter = NewSentryReporter(sentry, *transport_, *log_);
  if (!reporter.ok()) return reporter.status();
  sink_ = *std::move(reporter);
  sends_ = true;
  log_->Log(LogLevel::kInfo, "sending to Sentry", {{"dsn", sentry.dsn.redacted()}});
  return {};
}

Status ReplayRun::Prepare() {
  sink_ = std::make_unique<ShownSink>();
  if (!options_.dry_run) {
    const auto sentry = SentryFrom(options_.sentry);
    if (!sentry.ok()) return sentry.status();
    if (*sentry) {
      const Status status = PrepareSentry(**sentry);
      if (!status.ok()) return status;
    }
  }
  auto source = FileChain::Open(options_.files);
  if (!source.ok()) return source.status();
  source_ = *std::move(source);
  auto runner = NewRunner({.source = *source_,
                           .sink = *sink_,
                           .transport = transport_.get(),
                           .pipeline = options_.pipeline,
                           .queue = kQueue,
                           .when_full = QueueFull::kWait,
                           .logger = log_.get(),
                           .on_telling = [this](const Telling& t) { Show(t); }});
  if (!runner.ok()) return runner.status();
  runner_ = *std::move(runner);
  return {};
}

void ReplayRun::Show(const Telling& telling) {
  if (options_.output == OutputFormat::kNdjson) {
    output_.Write(TellingLine(telling));
  } else {
    issues_.Add(telling);
  }
}

void ReplayRun::Read() {
  // A bar and a stream of lines on one terminal would overwrite each other.
  Progress progress(options_.output != OutputFormat::kNdjson ||
                    isatty(STDOUT_FILENO) != 1);
  bool more = true;
  while (more && !StopRequested()) {
    more = runner_->Poll(std::chrono::hours(1));
    progress.Update(*source_);
    output_.Flush();
    if (source_->ended() && !table_shown_) {
      progress.Clear();
      ShowTable();
    }
    // Without a reader there is nothing left to do, unless issues are sent.
    if (!sends_ && output_.reader_is_gone()) Output::DieOfReader();
    if (!sends_ && !output_.status().ok()) return;
  }
}

// The table comes before the last issues are delivered: that may take a while.
void ReplayRun::ShowTable() {
  table_shown_ = true;
  runner_->pipeline().ForEachOpen(
      [this](const Telling& open) { issues_.AddOpen(open); });
  if (!is_table()) return;
  WriteTable(issues_, ScreenOf(STDOUT_FILENO), paint_,
             [this](std::string_view text) { output_.Write(text); });
  output_.Flush();
}

void ReplayRun::ShowEnd() {
  const Ledger ledger = runner_->ledger();
  switch (options_.output) {
    case OutputFormat::kJson:
      WriteJson(issues_, ledger,
                [this](std::string_view text) { output_.Write(text); });
      break;
    case OutputFormat::kNdjson:
      output_.Write(LedgerLine(ledger));
      break;
    default:
      output_.Write(LedgerText(ledger, paint_));
      break;
  }
  output_.Flush();
  if (ledger.malformed > 0) {
    Complain(options_.log,
             std::to_string(ledger.malformed) +
                 (ledger.malformed == 1 ? " frame" : " frames") +
                 " could not be read; the last begins: " +
                 std::string(TruncateCharacters(source_->malformed_sample(), 100)));
  }
}

int ReplayRun::Judge(const Status& drained) {
  const Ledger ledger = runner_->ledger();
  if (!source_->status().ok()) {
    Complain(options_.log, source_->status().message());
    return kExitFailure;
  }
  if (!output_.status().ok()) {
    Complain(options_.log, output_.status().message());
    return kExitFailure;
  }
  if (!drained.ok()) {
    Complain(options_.log, drained.message());
    return kExitFailure;
  }
  if (ledger.rejected > 0) {
    Complain(options_.log,
             std::to_string(ledger.rejected) + " of the issues could not be delivered");
    return kExitFailure;
  }
  const bool nothing = ledger.seen == ledger.malformed && ledger.deleted == 0 &&
                       ledger.bookmarks == 0 && ledger.errors == 0;
  if (nothing && ledger.malformed > 0) {
    Complain(options_.log,
             "nothing in the input is a Kubernetes Event, a List or a watch stream");
    return kExitFailure;
  }
  return kExitOk;
}

int ReplayRun::Execute() {
  const Status prepared = Prepare();
  if (!prepared.ok()) {
    Complain(options_.log, prepared.message());
    return ExitCodeOf(prepared);
  }
  HandleSignals(runner_.get());
  Read();
  Status drained;
  if (StopRequested()) {
    if (sends_) DieWithin(options_.drain_timeout + std::chrono::seconds(2));
    if (!table_shown_) ShowTable();
    drained = runner_->Drain(options_.drain_timeout);
  } else if (sends_) {
    // The issues have arrived; logs and client reports still wait for company.
    drained = runner_->Drain(options_.drain_timeout);
  }
  ShowEnd();
  if (!sends_ && output_.reader_is_gone()) Output::DieOfReader();
  const int code = Judge(drained);
  HandleSignals(nullptr);
  return code;
}

}  // namespace

int Replay(const ReplayOptions& options) { return ReplayRun(options).Execute(); }

}  // namespace k8sentry::cli
