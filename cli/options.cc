#include "options.h"

#include <algorithm>
#include <charconv>

#include "parsed.h"

namespace k8sentry::cli {
namespace {

const std::vector<std::pair<std::string_view, SentryLogs>> kSentryLogs = {
    {"off", SentryLogs::kOff}, {"told", SentryLogs::kTold}, {"all", SentryLogs::kAll}};

Status ReadThresholds(const Parsed& parsed, std::map<std::string, std::int64_t>& out) {
  std::vector<std::string> pairs;
  ReadList(parsed, "threshold", pairs);
  for (const std::string& pair : pairs) {
    const std::size_t equals = pair.find('=');
    std::int64_t n = 0;
    const char* end = pair.data() + pair.size();
    if (equals == 0 || equals == std::string::npos ||
        std::from_chars(pair.data() + equals + 1, end, n).ptr != end || n < 1) {
      return Usage("--threshold: '" + EscapeForTerminal(pair) +
                   "' is not REASON=N with N of at least 1; write it as Unhealthy=5");
    }
    out[pair.substr(0, equals)] = n;
  }
  return {};
}

Status ReadPipeline(const Parsed& parsed, PipelineOptions& out) {
  ReadList(parsed, "reason", out.filter.reason.include);
  ReadList(parsed, "exclude-reason", out.filter.reason.exclude);
  ReadList(parsed, "namespace", out.filter.namespace_.include);
  ReadList(parsed, "exclude-namespace", out.filter.namespace_.exclude);
  ReadList(parsed, "type", out.filter.type.include);
  if (const std::string* name = parsed.last("cluster-name")) out.cluster_name = *name;
  Status status = ReadDuration(parsed, "window", out.deduplicator.window);
  if (status.ok()) status = ReadDuration(parsed, "lookback", out.lookback);
  if (status.ok()) status = ReadThresholds(parsed, out.deduplicator.thresholds);
  return status;
}

Status ReadSpool(const Parsed& parsed, SpoolOptions& out) {
  Status status = ReadText(parsed, "spool", out.directory);
  for (const char* name : {"spool-size", "spool-age"}) {
    if (parsed.has(name) && out.directory.empty()) {
      return Usage("--" + std::string(name) + " says nothing without --spool DIR");
    }
  }
  if (status.ok()) status = ReadSize(parsed, "spool-size", out.max_bytes);
  if (status.ok()) status = ReadDuration(parsed, "spool-age", out.max_age);
  if (status.ok() && out.max_bytes < 64 << 10) {
    status = Usage("--spool-size: 64KiB is the least");
  }
  if (status.ok() && out.max_age < std::chrono::seconds(1)) {
    status = Usage("--spool-age: a second is the least");
  }
  return status;
}

// What goes to Sentry, and how.
Status ReadSentry(const Parsed& parsed, SentryFlags& out) {
  const std::pair<std::string_view, std::string*> kTexts[] = {
      {"dsn-file", &out.dsn_file},
      {"environment", &out.environment},
      {"release", &out.release},
      {"server-name", &out.server_name},
      {"sentry-ca-file", &out.tls.ca_file},
      {"sentry-cert-file", &out.tls.certificate_file},
      {"sentry-key-file", &out.tls.key_file},
  };
  for (const auto& [name, target] : kTexts) {
    if (Status s = ReadText(parsed, name, *target); !s.ok()) return s;
  }
  if (out.tls.certificate_file.empty() != out.tls.key_file.empty()) {
    return Usage("--sentry-cert-file and --sentry-key-file need each other");
  }
  if (parsed.has("sentry-insecure-skip-tls-verify")) {
    if (!out.tls.ca_file.empty()) {
      return Usage(
          "--sentry-insecure-skip-tls-verify and --sentry-ca-file exclude each other");
    }
    out.tls.verification = TlsVerification::kInsecureSkipVerify;
  }
  if (parsed.has("no-workload-release")) out.workload_release = WorkloadRelease::kOff;
  out.client_reports = !parsed.has("no-client-reports");
  if (parsed.has("no-scrubbing")) out.scrub.scrubbing = Scrubbing::kOff;
  ReadList(parsed, "scrub-key", out.scrub.more_keys);
  if (const auto it = parsed.values.find("scrub-pattern"); it != parsed.values.end()) {
    out.scrub.more_patterns = it->second;  // a comma belongs to the pattern
  }
  double rate = -1;
  Status status = ReadRate(parsed, "sample-rate", rate);
  if (rate >= 0) out.sample_rate = rate;
  if (status.ok()) status = ReadRate(parsed, "logs-sample-rate", out.logs_sample_rate);
  if (status.ok()) status = ReadChoice(parsed, "sentry-logs", kSentryLogs, out.logs);
  if (!status.ok()) return status;
  if (const std::string* text = parsed.last("max-breadcrumbs")) {
    const char* const end = text->data() + text->size();
    if (std::from_chars(text->data(), end, out.max_breadcrumbs).ptr != end ||
        out.max_breadcrumbs > 100) {
      return Usage("--max-breadcrumbs: '" + EscapeForTerminal(*text) +
                   "' is no number between 0 and 100");
    }
  }
  return {};
}

Status ReadLog(const Parsed& parsed, LogOptions& out) {
  Status status = ReadChoice<std::string>(parsed, "log-level",
                                          {{"debug", "debug"},
                                           {"info", "info"},
                                           {"warning", "warning"},
                                           {"error", "error"},
                                           {"off", "off"}},
                                          out.level);
  if (!status.ok()) return status;
  return ReadChoice<LogFormat>(parsed, "log-format",
                               {{"text", LogFormat::kText}, {"json", LogFormat::kJson}},
                               out.format);
}

// Which cluster to watch, and as whom.
Status ReadCluster(const Parsed& parsed, ClusterOptions& out) {
  ClusterOverrides& over = out.overrides;
  const std::pair<std::string_view, std::string*> kTexts[] = {
      {"kubeconfig", &out.kubeconfig},
      {"context", &out.context},
      {"cluster", &out.cluster},
      {"user", &out.user},
      {"server", &over.server},
      {"tls-server-name", &over.tls_server_name},
      {"certificate-authority", &over.certificate_authority},
      {"token-file", &over.token_file},
      {"as", &over.impersonation.user},
      {"as-uid", &over.impersonation.uid},
  };
  for (const auto& [name, target] : kTexts) {
    if (Status s = ReadText(parsed, name, *target); !s.ok()) return s;
  }
  if (const auto it = parsed.values.find("as-group"); it != parsed.values.end()) {
    over.impersonation.groups = it->second;
  }
  over.insecure_skip_tls_verify = parsed.has("insecure-skip-tls-verify");
  if (over.insecure_skip_tls_verify && !over.certificate_authority.empty()) {
    return Usage(
        "--insecure-skip-tls-verify and --certificate-authority exclude each other");
  }
  return ReadDuration(parsed, "request-timeout", over.request_timeout);
}

Status ReadColor(const Parsed& parsed, ColorWhen& out) {
  return ReadChoice<ColorWhen>(parsed, "color",
                               {{"auto", ColorWhen::kAuto},
                                {"always", ColorWhen::kAlways},
                                {"never", ColorWhen::kNever}},
                               out);
}

// What is left for a command that takes nothing but flags.
Status ReadNoWords(const Parsed& parsed, const std::string& command) {
  if (!parsed.words.empty()) {
    return Usage(command + " takes no argument, but got '" +
                 EscapeForTerminal(parsed.words[0]) + "'");
  }
  if (parsed.has("all-namespaces") && parsed.has("namespace")) {
    return Usage("--all-namespaces and --namespace exclude each other");
  }
  return {};
}

// What run and replay share.
template <typename Options>
Status ReadCommon(const Parsed& parsed,
                  const std::vector<std::pair<std::string_view, OutputFormat>>& formats,
                  Options& out) {
  Status status = ReadPipeline(parsed, out.pipeline);
  if (status.ok()) status = ReadSentry(parsed, out.sentry);
  if (status.ok()) status = ReadLog(parsed, out.log);
  if (status.ok()) status = ReadDuration(parsed, "drain-timeout", out.drain_timeout);
  if (status.ok()) status = ReadChoice(parsed, "output", formats, out.output);
  if (status.ok()) status = ReadColor(parsed, out.color);
  return status;
}

}  // namespace

Result<ReplayOptions> ParseReplay(const std::vector<std::string>& arguments,
                                  bool& help) {
  const Result<Parsed> parsed = Parse(*FindCommand("replay"), arguments);
  if (!parsed.ok()) return parsed.status();
  ReplayOptions options;
  options.log.level = "warning";  // a person waits for a table
  options.pipeline.time = TimeSource::kEvents;
  help = parsed->has("help");
  if (help) return options;
  const Status status = ReadCommon(*parsed,
                                   {{"table", OutputFormat::kTable},
                                    {"json", OutputFormat::kJson},
                                    {"ndjson", OutputFormat::kNdjson}},
                                   options);
  if (!status.ok()) return status;
  options.dry_run = parsed->has("dry-run");
  options.files = parsed->words;
  if (options.files.empty()) {
    return Usage("replay needs a FILE, or '-' for standard input");
  }
  if (std::count(options.files.begin(), options.files.end(), "-") > 1) {
    return Usage("standard input ('-') can only be read once");
  }
  return options;
}

Result<RunOptions> ParseRun(const std::vector<std::string>& arguments, bool& help) {
  const Result<Parsed> parsed = Parse(*FindCommand("run"), arguments);
  if (!parsed.ok()) return parsed.status();
  RunOptions options;
  help = parsed->has("help");
  if (help) return options;
  const Status status = ReadCommon(
      *parsed, {{"text", OutputFormat::kText}, {"ndjson", OutputFormat::kNdjson}},
      options);
  if (!status.ok()) return status;
  if (const Status s = ReadText(*parsed, "state-file", options.state_file); !s.ok()) {
    return s;
  }
  if (const Status s = ReadSpool(*parsed, options.spool); !s.ok()) return s;
  if (const Status s = ReadCluster(*parsed, options); !s.ok()) return s;
  options.owner_lookup = !parsed->has("no-owner-lookup");
  const Status wait = ReadDuration(*parsed, "owner-wait", options.owner_wait);
  if (!wait.ok()) return wait;
  if (options.owner_wait > std::chrono::hours(1)) {
    return Usage("--owner-wait: an hour is the most; an answer takes milliseconds");
  }
  if (const Status s = ReadNoWords(*parsed, "run"); !s.ok()) return s;
  return options;
}

Result<DoctorOptions> ParseDoctor(const std::vector<std::string>& arguments,
                                  bool& help) {
  const Result<Parsed> parsed = Parse(*FindCommand("doctor"), arguments);
  if (!parsed.ok()) return parsed.status();
  DoctorOptions options;
  help = parsed->has("help");
  if (help) return options;
  Status status = ReadCluster(*parsed, options);
  if (status.ok()) {
    status = ReadChoice<OutputFormat>(
        *parsed, "output",
        {{"text", OutputFormat::kText}, {"json", OutputFormat::kJson}}, options.output);
  }
  if (status.ok()) status = ReadColor(*parsed, options.color);
  if (status.ok()) status = ReadNoWords(*parsed, "doctor");
  if (!status.ok()) return status;
  ReadList(*parsed, "namespace", options.namespaces);
  options.owner_lookup = !parsed->has("no-owner-lookup");
  options.state_file = parsed->has("state-file");
  return options;
}

Result<TestDsnOptions> ParseTestDsn(const std::vector<std::string>& arguments,
                                    bool& help) {
  const Result<Parsed> parsed = Parse(*FindCommand("test-dsn"), arguments);
  if (!parsed.ok()) return parsed.status();
  TestDsnOptions options;
  help = parsed->has("help");
  if (help) return options;
  Status status = ReadSentry(*parsed, options.sentry);
  if (status.ok()) status = ReadDuration(*parsed, "timeout", options.timeout);
  if (status.ok()) {
    status = ReadChoice<OutputFormat>(
        *parsed, "output",
        {{"text", OutputFormat::kText}, {"json", OutputFormat::kJson}}, options.output);
  }
  if (status.ok()) status = ReadColor(*parsed, options.color);
  if (status.ok()) status = ReadNoWords(*parsed, "test-dsn");
  if (!status.ok()) return status;
  options.check_in = !parsed->has("no-check-in");
  return options;
}

Result<std::vector<std::string>> ParseWords(const CommandSpec& command,
                                            const std::vector<std::string>& arguments,
                                            bool& help) {
  Result<Parsed> parsed = Parse(command, arguments);
  if (!parsed.ok()) return parsed.status();
  help = parsed->has("help");
  return std::move(parsed->words);
}

}  // namespace k8sentry::cli
