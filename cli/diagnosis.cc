#include "diagnosis.h"

#include <algorithm>

#include "k8sentry/json_writer.h"
#include "k8sentry/text.h"

namespace k8sentry::cli {
namespace {

constexpr std::size_t kFactColumn = 12;
constexpr std::size_t kLevelColumn = 9;

Style StyleOfLevel(FindingLevel level) {
  switch (level) {
    case FindingLevel::kOk:
      return Style::kGreen;
    case FindingLevel::kWarning:
      return Style::kYellow;
    default:
      return Style::kBoldRed;
  }
}

std::string Fact(std::string_view name, const std::string& value,
                 std::string_view otherwise, const Painter& paint) {
  return paint(Style::kDim, Fit(name, kFactColumn)) +
         (value.empty() ? std::string(otherwise) : EscapeForTerminal(value)) + "\n";
}

std::string FindingText(const Finding& finding, std::size_t what_column,
                        const Painter& paint) {
  const std::string_view level = FindingLevelName(finding.level);
  std::string out = paint(StyleOfLevel(finding.level), Fit(level, kLevelColumn)) +
                    paint(Style::kBold, Fit(finding.what, what_column)) +
                    EscapeForTerminal(finding.detail) + "\n";
  if (!finding.remedy.empty()) {
    out += std::string(kLevelColumn + what_column, ' ') + "-> " +
           EscapeForTerminal(finding.remedy) + "\n";
  }
  return out;
}

std::string Plural(std::size_t n, std::string_view noun) {
  return std::to_string(n) + " " + std::string(noun) + (n == 1 ? "" : "s");
}

std::string Verdict(const Diagnosis& diagnosis, const Painter& paint) {
  const std::size_t errors = diagnosis.count(FindingLevel::kError);
  const std::size_t warnings = diagnosis.count(FindingLevel::kWarning);
  if (errors == 0 && warnings == 0) return paint(Style::kGreen, "all is well") + "\n";
  std::string out;
  if (errors > 0) out = paint(Style::kBoldRed, Plural(errors, "error"));
  if (warnings > 0) {
    out +=
        (errors > 0 ? ", " : "") + paint(Style::kYellow, Plural(warnings, "warning"));
  }
  return out + (errors > 0 ? "" : "; it can be watched") + "\n";
}

// The escapes of a quoted text in YAML are those of EscapeForTerminal.
std::string RoleText(const Diagnosis& diagnosis, const Painter& paint) {
  const std::string role = diagnosis.role();
  if (role.empty()) return "";
  std::string out =
      "\n" + paint(Style::kDim, "# what is missing, for somebody who may grant it") +
      "\n";
  if (diagnosis.user.empty()) {
    out += paint(Style::kDim,
                 "# (to be bound to its user, whom the server does not tell)") +
           "\n";
  }
  out += "kubectl apply -f - <<'EOF'\n";
  for (std::string_view rest = role; !rest.empty();) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    out += EscapeForTerminal(rest.substr(0, end)) + "\n";
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return out + "EOF\n";
}

void WriteStrings(const std::vector<std::string>& strings, JsonWriter& json) {
  json.BeginArray();
  for (const std::string& text : strings) json.String(text);
  json.EndArray();
}

void WriteOptional(std::string_view key, const std::string& value, JsonWriter& json) {
  json.Key(key);
  value.empty() ? json.Null() : json.String(value);
}

void WriteRule(const AccessRule& rule, JsonWriter& json) {
  json.BeginObject();
  WriteOptional("namespace", rule.namespace_, json);
  WriteStrings({rule.api_group}, json.Key("apiGroups"));
  WriteStrings(rule.resources, json.Key("resources"));
  WriteStrings(rule.verbs, json.Key("verbs"));
  if (!rule.resource_names.empty()) {
    WriteStrings(rule.resource_names, json.Key("resourceNames"));
  }
  json.EndObject();
}

}  // namespace

std::size_t Diagnosis::count(FindingLevel level) const {
  return static_cast<std::size_t>(
      std::count_if(findings.begin(), findings.end(),
                    [&](const Finding& finding) { return finding.level == level; }));
}

std::string Diagnosis::role() const {
  std::vector<AccessRule> rules;
  for (const Finding& finding : findings) {
    rules.insert(rules.end(), finding.missing.begin(), finding.missing.end());
  }
  return RoleYaml(rules, user);
}

std::string DiagnosisText(const Diagnosis& diagnosis, const Painter& paint) {
  std::string out = Fact("cluster", diagnosis.origin, "flags", paint) +
                    Fact("server", diagnosis.server, "none", paint) +
                    Fact("credential", diagnosis.credential, "none", paint) +
                    Fact("proxy", diagnosis.proxy, "none", paint) +
                    Fact("sentry", diagnosis.sentry,
                         "none: SENTRY_DSN is not set, so run shows the issues", paint);
  std::size_t what_column = 0;
  for (const Finding& finding : diagnosis.findings) {
    what_column = std::max(what_column, DisplayWidth(finding.what) + 2);
  }
  out += "\n";
  for (const Finding& finding : diagnosis.findings) {
    out += FindingText(finding, what_column, paint);
  }
  return out + "\n" + Verdict(diagnosis, paint) + RoleText(diagnosis, paint);
}

std::string DiagnosisJson(const Diagnosis& diagnosis) {
  std::string out;
  JsonWriter json(out);
  json.BeginObject();
  json.Key("ok").Bool(diagnosis.count(FindingLevel::kError) == 0);
  WriteOptional("origin", diagnosis.origin, json);
  json.Key("server").String(diagnosis.server);
  json.Key("credential").String(diagnosis.credential);
  WriteOptional("proxy", diagnosis.proxy, json);
  WriteOptional("sentry", diagnosis.sentry, json);
  WriteOptional("user", diagnosis.user, json);
  json.Key("findings").BeginArray();
  for (const Finding& finding : diagnosis.findings) {
    json.BeginObject();
    json.Key("level").String(FindingLevelName(finding.level));
    json.Key("what").String(finding.what);
    json.Key("detail").String(finding.detail);
    WriteOptional("remedy", finding.remedy, json);
    json.Key("missing").BeginArray();
    for (const AccessRule& rule : finding.missing) WriteRule(rule, json);
    json.EndArray().EndObject();
  }
  json.EndArray();
  WriteOptional("role", diagnosis.role(), json);
  json.EndObject();
  return out + "\n";
}

}  // namespace k8sentry::cli
