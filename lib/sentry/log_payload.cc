// A structured log, as an element of a log container. (Sentry developer docs, logs.)
#include <algorithm>
#include <cmath>
#include <set>

#include "base/sha256.h"
#include "k8sentry/version.h"
#include "sentry/items.h"
#include "sentry/trim.h"

namespace k8sentry::internal {
namespace {

// A log's words are not an event's: it is `warn`, not `warning`. The number is the
// lowest of OpenTelemetry's range.
struct Severity {
  std::string_view name;
  int number;
};
Severity SeverityOf(Level level) {
  switch (level) {
    case Level::kFatal:
      return {"fatal", 21};
    case Level::kError:
      return {"error", 17};
    case Level::kWarning:
      return {"warn", 13};
    case Level::kInfo:
      return {"info", 9};
    case Level::kDebug:
      return {"debug", 5};
  }
  return {"error", 17};
}

// Sentry takes no log without a trace, so one that has none gets its own.
TraceId TraceOfLog(const SentryLog& log) {
  if (!IsNone(log.trace_id)) return log.trace_id;
  Sha256 hash;
  hash.Update("k8sentry/log");
  hash.Update(SecondsOf(log.timestamp));
  hash.Update(log.body);
  const Sha256Digest digest = hash.Finish();
  TraceId id = {};
  std::copy_n(digest.begin(), id.size(), id.begin());
  id[0] |= 1;  // never all zeros
  return id;
}

class Attributes {
 public:
  explicit Attributes(JsonWriter& json) : json_(json) {
    json_.Key("attributes").BeginObject();
  }
  ~Attributes() { json_.EndObject(); }
  Attributes(const Attributes&) = delete;
  Attributes& operator=(const Attributes&) = delete;

  void Add(std::string_view name, const SentryValue& value) {
    const std::string key = TrimmedLine(name, kMaxAttributeName);
    if (key.empty() || written_.size() >= kMaxLogAttributes) return;
    // JSON has no word for it, and null is no double.
    const double* const number = std::get_if<double>(&value);
    if (number != nullptr && !std::isfinite(*number)) return;
    if (!written_.insert(key).second) return;
    json_.Key(key).BeginObject();
    std::visit([this](const auto& v) { Value(v); }, value);
    json_.EndObject();
  }
  void AddText(std::string_view name, std::string_view value) {
    if (!value.empty()) Add(name, std::string(value));
  }

 private:
  void Value(const std::string& value) {
    json_.Key("value").String(Trimmed(value, kMaxAttributeValue));
    json_.Key("type").String("string");
  }
  void Value(bool value) {
    json_.Key("value").Bool(value).Key("type").String("boolean");
  }
  void Value(std::int64_t value) {
    json_.Key("value").Number(value).Key("type").String("integer");
  }
  void Value(double value) {
    json_.Key("value").Number(value).Key("type").String("double");
  }

  JsonWriter& json_;
  std::set<std::string, std::less<>> written_;
};

}  // namespace

void AppendLogPayload(const SentryLog& log, const SentryOptions& options,
                      std::string& out) {
  const Severity severity = SeverityOf(log.level);
  JsonWriter json(out);
  json.BeginObject();
  json.Key("timestamp").Raw(SecondsOf(log.timestamp));
  json.Key("trace_id").String(HexId(TraceOfLog(log)));
  json.Key("level").String(severity.name);
  json.Key("body").String(Trimmed(log.body, kMaxMessage));
  json.Key("severity_number").Number(severity.number);
  {
    // What every log has comes first, so that the bound never takes it; who tells the
    // environment of one log knows better, and wins.
    Attributes attributes(json);
    const auto names = [&](std::string_view name) {
      for (const SentryAttribute& attribute : log.attributes) {
        if (attribute.name == name) return true;
      }
      return false;
    };
    const auto standard = [&](std::string_view name, std::string_view value) {
      if (!names(name)) attributes.AddText(name, value);
    };
    standard("sentry.environment", options.environment);
    standard("sentry.release", options.release);
    standard("sentry.sdk.name", "k8sentry");
    standard("sentry.sdk.version", Version());
    standard("server.address", options.server_name);
    for (const SentryAttribute& attribute : log.attributes) {
      attributes.Add(attribute.name, attribute.value);
    }
  }
  json.EndObject();
}

}  // namespace k8sentry::internal
