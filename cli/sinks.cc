#include "sinks.h"

#include <fstream>
#include <utility>

#include "environment.h"
#include "parsed.h"

namespace k8sentry::cli {

void ShownSink::Send(std::span<const Telling> batch, Now, Completion done) {
  shown_.push_back({batch.size(), std::move(done)});
}

void ShownSink::Poll(Now) {
  for (const Batch& batch : std::exchange(shown_, {})) {
    for (std::size_t i = 0; i < batch.size; ++i) batch.done(i, Outcome{});
  }
}

SteadyTime ShownSink::NextDeadline() const {
  return shown_.empty() ? SteadyTime::max() : SteadyTime::min();
}

namespace {

// The DSN in `path`: one line, and no more than a DSN needs.
Result<std::string> ReadDsnFile(const std::string& path) {
  constexpr std::size_t kMaxBytes = 4096;
  std::ifstream file(path, std::ios::binary);
  std::string text(kMaxBytes + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad() || (file.gcount() == 0 && !file.eof())) {
    return Status(StatusCode::kConfiguration, path + ": cannot be read");
  }
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > kMaxBytes) {
    return Status(StatusCode::kConfiguration, path + ": longer than a DSN may be");
  }
  const std::size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == text.npos) {
    return Status(StatusCode::kConfiguration, path + ": there is no DSN in it");
  }
  return text.substr(begin, text.find_last_not_of(" \t\r\n") + 1 - begin);
}

Result<std::optional<Dsn>> FindDsn(const std::string& file) {
  std::string text = Environment("SENTRY_DSN"), origin = "SENTRY_DSN";
  if (!file.empty()) {
    Result<std::string> read = ReadDsnFile(file);
    if (!read.ok()) return read.status().WithContext("--dsn-file");
    text = *std::move(read);
    origin = "--dsn-file " + file;
  }
  if (text.empty()) return std::optional<Dsn>();
  Result<Dsn> dsn = ParseDsn(text);
  if (!dsn.ok()) return dsn.status().WithContext(origin);
  return std::optional<Dsn>(*std::move(dsn));
}

const std::string& FirstOf(const std::string& one, const std::string& other) {
  return one.empty() ? other : one;
}

}  // namespace

Result<std::optional<SentryOptions>> SentryFrom(const SentryFlags& flags) {
  Result<std::optional<Dsn>> dsn = FindDsn(flags.dsn_file);
  if (!dsn.ok()) return dsn.status();
  if (!*dsn) return std::optional<SentryOptions>();
  SentryOptions options = {.dsn = **std::move(dsn)};
  options.environment =
      FirstOf(flags.environment,
              FirstOf(Environment("SENTRY_ENVIRONMENT"), options.environment));
  options.release = FirstOf(flags.release, Environment("SENTRY_RELEASE"));
  options.workload_release = flags.workload_release;
  options.server_name = flags.server_name;
  options.logs = flags.logs;
  options.logs_sample_rate = flags.logs_sample_rate;
  options.max_breadcrumbs = flags.max_breadcrumbs;
  options.client_reports = flags.client_reports;
  options.scrub = flags.scrub;
  options.tls = flags.tls;
  options.proxy = ProxyFor(options.dsn.envelope_url());
  const std::string rate = Environment("SENTRY_SAMPLE_RATE");
  if (flags.sample_rate) {
    options.sample_rate = *flags.sample_rate;
  } else if (!rate.empty()) {
    const std::optional<double> parsed = ParseRate(rate);
    if (!parsed) {
      return Status(StatusCode::kConfiguration,
                    "SENTRY_SAMPLE_RATE: no number between 0 and 1");
    }
    options.sample_rate = *parsed;
  }
  return std::optional<SentryOptions>(std::move(options));
}

}  // namespace k8sentry::cli
