#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <cstdio>
#include <string>

#include "k8sentry/json_writer.h"
#include "k8sentry/text.h"
#include "log.h"
#include "terminal.h"

namespace k8sentry::cli {
namespace {

spdlog::level::level_enum LevelOf(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

class SpdlogLogger final : public Logger {
 public:
  SpdlogLogger(std::shared_ptr<spdlog::logger> log, bool json)
      : log_(std::move(log)), json_(json) {}

  void Log(LogLevel level, std::string_view message,
           std::span<const LogField> fields) override {
    if (!log_->should_log(LevelOf(level))) return;
    const std::string line = json_ ? Json(message, fields) : Text(message, fields);
    log_->log(LevelOf(level), spdlog::string_view_t(line.data(), line.size()));
  }

 private:
  // The pattern begins the object, with time and level.
  static std::string Json(std::string_view message, std::span<const LogField> fields) {
    std::string out;
    JsonWriter json(out);
    json.BeginObject().Key("message").String(message);
    for (const LogField& field : fields) json.Key(field.key).String(field.value);
    json.EndObject();
    return out.substr(1);
  }

  // No text of the cluster may begin a line or move the cursor.
  static std::string Text(std::string_view message, std::span<const LogField> fields) {
    std::string out = EscapeForTerminal(message);
    for (const LogField& field : fields) {
      const std::string value = EscapeForTerminal(field.value);
      const bool plain = !value.empty() && value.find_first_of(" \"=") == value.npos;
      out +=
          "  " + std::string(field.key) + "=" + (plain ? value : "\"" + value + "\"");
    }
    return out;
  }

  static std::string Quoted(std::string_view value) {
    std::string out = "\"";
    for (const char c : value) {
      if (c == '"') out += '\\';
      out += c;
    }
    return out + "\"";
  }

  const std::shared_ptr<spdlog::logger> log_;
  const bool json_;
};

}  // namespace

bool LogsAreJson(const LogOptions& options) {
  return options.format == LogFormat::kJson ||
         (options.format == LogFormat::kAuto && isatty(STDERR_FILENO) != 1);
}

std::unique_ptr<Logger> NewLog(const LogOptions& options) {
  const bool json = LogsAreJson(options);
  spdlog::sink_ptr sink;
  if (!json && UseColor(ColorWhen::kAuto, STDERR_FILENO)) {
    sink = std::make_shared<spdlog::sinks::stderr_color_sink_mt>();
  } else {
    sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  }
  auto log = std::make_shared<spdlog::logger>("k8sentry", std::move(sink));
  log->set_level(spdlog::level::from_str(options.level));
  log->set_formatter(
      json ? std::make_unique<spdlog::pattern_formatter>(
                 R"({"time":"%Y-%m-%dT%H:%M:%S.%fZ","level":"%l",%v)",
                 spdlog::pattern_time_type::utc)
           : std::make_unique<spdlog::pattern_formatter>("%H:%M:%S %^%-7l%$ %v"));
  return std::make_unique<SpdlogLogger>(std::move(log), json);
}

void Complain(std::string_view message) {
  const std::string line = "k8sentry: " + EscapeForTerminal(message) + "\n";
  std::fwrite(line.data(), 1, line.size(), stderr);
}

void Complain(const LogOptions& options, std::string_view message) {
  if (options.format == LogFormat::kJson) {
    NewLog(options)->Log(LogLevel::kError, message, {});
  } else {
    Complain(message);
  }
}

}  // namespace k8sentry::cli
