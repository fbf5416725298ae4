#include "format.h"
#include "k8sentry/json_writer.h"

namespace k8sentry::cli {
namespace {

void WriteFields(const IssueRecord& record, JsonWriter& json) {
  json.Key("fingerprint").BeginArray();
  for (const std::string& part : record.fingerprint) json.String(part);
  json.EndArray();
  json.Key("title").String(record.issue.title);
  json.Key("level").String(LevelName(record.issue.level));
  json.Key("culprit").String(record.issue.culprit);
  json.Key("reason").String(record.reason);
  json.Key("namespace").String(record.namespace_);
  json.Key("workload").BeginObject();
  json.Key("kind").String(record.workload_kind);
  json.Key("name").String(record.workload_name);
  json.EndObject();
  json.Key("container").String(record.container);
  json.Key("sightings").Number(record.sightings);
  json.Key("told").Number(record.told);
  json.Key("swallowed").Number(record.swallowed);
  json.Key("first_seen").String(FormatTime(record.first_seen));
  json.Key("last_seen").String(FormatTime(record.last_seen));
}

void WriteLedger(const Ledger& ledger, JsonWriter& json) {
  json.Key("ledger").BeginObject();
  ForEachCounter(ledger, [&](std::string_view name, std::uint64_t value) {
    json.Key(name).Number(value);
  });
  json.EndObject();
}

}  // namespace

void WriteJson(const Issues& issues, const Ledger& ledger, const Write& write) {
  std::string out;
  JsonWriter json(out);
  json.BeginObject().Key("issues").BeginArray();
  issues.ForEach([&](const IssueRecord& record) {
    json.BeginObject();
    WriteFields(record, json);
    json.EndObject();
    write(out);
    out.clear();
  });
  json.EndArray();
  WriteLedger(ledger, json);
  json.EndObject();
  write(out + "\n");
}

std::string TellingLine(const Telling& telling) {
  std::string out;
  JsonWriter json(out);
  json.BeginObject();
  json.Key("kind").String(TellingKindName(telling.kind));
  json.Key("id").String(HexId(telling.id));
  WriteFields(RecordOf(telling), json);
  json.EndObject();
  return out + "\n";
}

std::string LedgerLine(const Ledger& ledger) {
  std::string out;
  JsonWriter json(out);
  json.BeginObject();
  WriteLedger(ledger, json);
  json.EndObject();
  return out + "\n";
}

}  // namespace k8sentry::cli
