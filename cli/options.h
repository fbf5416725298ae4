// A command line, read: what each command is asked to do.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "flags.h"
#include "k8sentry/cluster_config.h"
#include "k8sentry/pipeline.h"
#include "k8sentry/queue_options.h"
#include "k8sentry/sentry_options.h"

namespace k8sentry::cli {

enum class OutputFormat { kTable, kText, kJson, kNdjson };
enum class ColorWhen { kAuto, kAlways, kNever };
enum class LogFormat { kAuto, kText, kJson };

struct LogOptions {
  std::string level = "info";  // debug, info, warning, error, off
  LogFormat format = LogFormat::kAuto;
};

// What goes to Sentry, and how. Empty and absent: as the environment says.
struct SentryFlags {
  std::string dsn_file;
  std::string environment, release, server_name;
  WorkloadRelease workload_release = WorkloadRelease::kOn;
  SentryLogs logs = SentryLogs::kOff;
  std::optional<double> sample_rate;
  double logs_sample_rate = 1.0;
  std::size_t max_breadcrumbs = 20;
  bool client_reports = true;
  ScrubOptions scrub;
  TlsOptions tls;
};

struct ReplayOptions {
  std::vector<std::string> files;  // "-": standard input
  OutputFormat output = OutputFormat::kTable;
  ColorWhen color = ColorWhen::kAuto;
  bool dry_run = false;
  Duration drain_timeout = std::chrono::seconds(5);
  SentryFlags sentry;
  PipelineOptions pipeline;
  LogOptions log;
};

// Which cluster, and as whom.
struct ClusterOptions {
  std::string kubeconfig;
  std::string context;
  std::string cluster;
  std::string user;
  ClusterOverrides overrides;
};

struct RunOptions : ClusterOptions {
  bool owner_lookup = true;
  Duration owner_wait = std::chrono::milliseconds(500);
  OutputFormat output = OutputFormat::kText;
  ColorWhen color = ColorWhen::kAuto;
  Duration drain_timeout = std::chrono::seconds(5);
  std::string state_file;  // empty: none
  SpoolOptions spool;
  SentryFlags sentry;
  PipelineOptions pipeline;
  LogOptions log;
};

struct DoctorOptions : ClusterOptions {
  std::vector<std::string> namespaces;  // empty: all
  bool owner_lookup = true;
  bool state_file = false;  // `run` will have one
  OutputFormat output = OutputFormat::kText;
  ColorWhen color = ColorWhen::kAuto;
};

struct TestDsnOptions {
  SentryFlags sentry;
  bool check_in = true;
  Duration timeout = std::chrono::seconds(10);
  OutputFormat output = OutputFormat::kText;
  ColorWhen color = ColorWhen::kAuto;
};

// `arguments` are those behind the command's name. `help` is set when it was asked for;
// then nothing else is read. Errors: kInvalidArgument, as one line.
Result<ReplayOptions> ParseReplay(const std::vector<std::string>& arguments,
                                  bool& help);
Result<RunOptions> ParseRun(const std::vector<std::string>& arguments, bool& help);
Result<DoctorOptions> ParseDoctor(const std::vector<std::string>& arguments,
                                  bool& help);
Result<TestDsnOptions> ParseTestDsn(const std::vector<std::string>& arguments,
                                    bool& help);
// For the commands that take no flags but --help: what is left.
Result<std::vector<std::string>> ParseWords(const CommandSpec& command,
                                            const std::vector<std::string>& arguments,
                                            bool& help);

}  // namespace k8sentry::cli
