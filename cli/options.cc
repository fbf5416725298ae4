#include "options.h"

#include <algorithm>
#include <charconv>
#include <cxxopts.hpp>
#include <map>
#include <optional>

#include "k8sentry/text.h"

namespace k8sentry::cli {
namespace {

Status Usage(std::string message) {
  return Status(StatusCode::kInvalidArgument, std::move(message));
}

std::string Replace(std::string text, std::string_view from, std::string_view to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos;
       at += to.size()) {
    text.replace(at, from.size(), to);
  }
  return text;
}

Status UnknownFlag(const CommandSpec& command, std::string_view word) {
  std::vector<std::string_view> known;
  for (const FlagGroup& group : command.groups) {
    for (const Flag& flag : group.flags) known.push_back(flag.name);
  }
  const std::string_view name = word.substr(0, word.find('='));
  std::string_view bare = name;
  bare.remove_prefix(std::min(bare.find_first_not_of('-'), bare.size()));
  const std::string_view meant = Suggest(bare, known);
  return Usage("unknown flag '" + EscapeForTerminal(name) + "' for " +
               std::string(command.name) +
               (meant.empty()
                    ? "; see 'k8sentry " + std::string(command.name) + " --help'"
                    : "; did you mean '--" + std::string(meant) + "'?"));
}

// What cxxopts makes of the flags, and the words between them.
struct Parsed {
  std::map<std::string, std::vector<std::string>, std::less<>> values;
  std::vector<std::string> words;

  bool has(std::string_view name) const { return values.count(name) != 0; }
  const std::string* last(std::string_view name) const {
    const auto it = values.find(name);
    return it == values.end() ? nullptr : &it->second.back();
  }
};

Result<Parsed> Parse(const CommandSpec& command,
                     const std::vector<std::string>& arguments) {
  try {
    cxxopts::Options options("k8sentry");
    for (const FlagGroup& group : command.groups) {
      for (const Flag& flag : group.flags) {
        const std::string letter =
            flag.letter != 0 ? std::string(1, flag.letter) + "," : "";
        const std::shared_ptr<cxxopts::Value> value = cxxopts::value<std::string>();
        options.add_options()(letter + std::string(flag.name), "",
                              flag.value.empty() ? cxxopts::value<bool>() : value);
      }
    }
    options.add_options()("words", "", cxxopts::value<std::vector<std::string>>());
    options.parse_positional("words");
    options.allow_unrecognised_options();
    std::vector<const char*> argv = {"k8sentry"};
    for (const std::string& argument : arguments) argv.push_back(argument.c_str());
    const cxxopts::ParseResult result =
        options.parse(static_cast<int>(argv.size()), argv.data());
    if (!result.unmatched().empty()) return UnknownFlag(command, result.unmatched()[0]);
    Parsed parsed;
    for (const cxxopts::KeyValue& pair : result.arguments()) {
      if (pair.key() == "words") {
        parsed.words.push_back(pair.value());
      } else {
        parsed.values[pair.key()].push_back(pair.value());
      }
    }
    // cxxopts takes what does not look like a flag of its own for a word.
    const bool all_words =
        std::find(arguments.begin(), arguments.end(), "--") != arguments.end();
    for (const std::string& word : parsed.words) {
      if (word.size() > 1 && word[0] == '-' && !all_words) {
        return UnknownFlag(command, word);
      }
    }
    return parsed;
  } catch (const std::exception& error) {
    // cxxopts quotes in typographer's quotes.
    std::string message = Replace(error.what(), "\xE2\x80\x98", "--");
    message = Replace(std::move(message), "\xE2\x80\x99", "");
    if (message.starts_with("Option ")) message.replace(0, 1, "o");
    return Usage(EscapeForTerminal(message));
  }
}

// Adds the comma-separated values of all occurrences of `name` to `out`.
void ReadList(const Parsed& parsed, std::string_view name,
              std::vector<std::string>& out) {
  const auto it = parsed.values.find(name);
  if (it == parsed.values.end()) return;
  for (std::string_view list : it->second) {
    for (;;) {
      const std::size_t comma = list.find(',');
      out.emplace_back(list.substr(0, comma));
      if (comma == list.npos) break;
      list.remove_prefix(comma + 1);
    }
  }
}

Status ReadDuration(const Parsed& parsed, std::string_view name, Duration& out) {
  const std::string* text = parsed.last(name);
  if (text == nullptr) return {};
  const Result<Duration> duration = ParseDuration(*text);
  if (!duration.ok()) {
    return Usage("--" + std::string(name) + ": " +
                 EscapeForTerminal(duration.status().message()));
  }
  out = *duration;
  return {};
}

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

template <typename Value>
Status ReadChoice(const Parsed& parsed, std::string_view name,
                  const std::vector<std::pair<std::string_view, Value>>& choices,
                  Value& out) {
  const std::string* text = parsed.last(name);
  if (text == nullptr) return {};
  std::string all;
  std::vector<std::string_view> known;
  for (const auto& [word, value] : choices) {
    if (word == *text) {
      out = value;
      return {};
    }
    known.push_back(word);
    all += (all.empty() ? "" : ", ") + std::string(word);
  }
  const std::string_view meant = Suggest(*text, known);
  return Usage("--" + std::string(name) + ": '" + EscapeForTerminal(*text) +
               "' is none of " + all +
               (meant.empty() ? "" : "; did you mean '" + std::string(meant) + "'?"));
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

// "1048576", "512KiB", "256MiB" or "2GiB".
Status ReadSize(const Parsed& parsed, std::string_view name, std::size_t& out) {
  const std::string* text = parsed.last(name);
  if (text == nullptr) return {};
  constexpr std::size_t kTooMuch = std::size_t{1} << 40;
  std::size_t number = 0;
  const char* end = text->data() + text->size();
  const auto [at, error] = std::from_chars(text->data(), end, number);
  const std::string_view unit(at, static_cast<std::size_t>(end - at));
  int shift = -1;
  for (const auto& [known, bits] : std::initializer_list<std::pair<const char*, int>>{
           {"", 0}, {"KiB", 10}, {"MiB", 20}, {"GiB", 30}}) {
    if (unit == known) shift = bits;
  }
  if (error != std::errc() || shift < 0 || number > kTooMuch >> shift) {
    return Usage("--" + std::string(name) + ": '" + EscapeForTerminal(*text) +
                 "' is no size such as 512KiB, 256MiB or 2GiB");
  }
  out = number << shift;
  return {};
}

Status ReadSpool(const Parsed& parsed, SpoolOptions& out) {
  if (const std::string* directory = parsed.last("spool")) {
    if (directory->empty()) return Usage("--spool needs a path");
    out.directory = *directory;
  }
  for (const char* name : {"spool-size", "spool-age"}) {
    if (parsed.has(name) && out.directory.empty()) {
      return Usage("--" + std::string(name) + " says nothing without --spool DIR");
    }
  }
  Status status = ReadSize(parsed, "spool-size", out.max_bytes);
  if (status.ok()) status = ReadDuration(parsed, "spool-age", out.max_age);
  if (status.ok() && out.max_bytes < 64 << 10) {
    status = Usage("--spool-size: 64KiB is the least");
  }
  if (status.ok() && out.max_age < std::chrono::seconds(1)) {
    status = Usage("--spool-age: a second is the least");
  }
  return status;
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

// Which cluster to watch, and as whom. A flag that is given empty is a mistake, such as
// an unset variable of a shell: it would silently mean another cluster.
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
    const std::string* text = parsed.last(name);
    if (text == nullptr) continue;
    if (text->empty()) return Usage("--" + std::string(name) + " must not be empty");
    *target = *text;
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
  if (const std::string* file = parsed->last("state-file")) {
    if (file->empty()) return Usage("--state-file needs a path");
    options.state_file = *file;
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

Result<std::vector<std::string>> ParseWords(const CommandSpec& command,
                                            const std::vector<std::string>& arguments,
                                            bool& help) {
  Result<Parsed> parsed = Parse(command, arguments);
  if (!parsed.ok()) return parsed.status();
  help = parsed->has("help");
  return std::move(parsed->words);
}

}  // namespace k8sentry::cli
