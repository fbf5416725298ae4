// A structured log, as an element of a log container. (Sentry developer docs, logs.)
#include <algorithm>
#include <cmath>
#include <list>
#include <string>
#include <vector>

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
    written_.reserve(kMaxLogAttributes);
  }
  ~Attributes() { json_.EndObject(); }
  Attributes(const Attributes&) = delete;
  Attributes& operator=(const Attributes&) = delete;

  // Names outlive this.
  void Add(std::string_view name, const SentryValue& value) {
    // JSON has no word for it, and null is no double.
    const double* const number = std::get_if<double>(&value);
    if (number != nullptr && !std::isfinite(*number)) return;
    if (!Begin(name)) return;
    std::visit([this](const auto& v) { Value(v); }, value);
    json_.EndObject();
  }
  void AddText(std::string_view name, std::string_view value) {
    if (value.empty() || !Begin(name)) return;
    Value(value);
    json_.EndObject();
  }

 private:
  // Of two with one name the first counts.
  bool Begin(std::string_view name) {
    const Line line(name, kMaxAttributeName);
    if (line.empty() || written_.size() >= kMaxLogAttributes) return false;
    if (std::find(written_.begin(), written_.end(), line.view()) != written_.end()) {
      return false;
    }
    const bool as_it_is = line.view().data() == name.data();
    written_.push_back(as_it_is ? name : made_.emplace_back(line.view()));
    json_.Key(line.view()).BeginObject();
    return true;
  }

  void Value(std::string_view value) {
    WriteText(json_, "value", value, kMaxAttributeValue);
    json_.Key("type").String("string");
  }
  void Value(const std::string& value) { Value(std::string_view(value)); }
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
  std::vector<std::string_view> written_;
  std::list<std::string> made_;  // names that were no lines
};

}  // namespace

void AppendLogPayload(const SentryLog& log, const SentryOptions& options,
                      std::string& out) {
  const Severity severity = SeverityOf(log.level);
  out.reserve(out.size() + log.body.size() + 80 * (log.attributes.size() + 5));
  JsonWriter json(out);
  json.BeginObject();
  json.Key("timestamp").Raw(SecondsOf(log.timestamp));
  json.Key("trace_id").String(HexId(TraceOfLog(log)));
  json.Key("level").String(severity.name);
  WriteText(json, "body", log.body, kMaxMessage);
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
