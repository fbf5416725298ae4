// An envelope: headers in one line, then per item a line of headers and the payload.
// (Sentry developer docs, envelopes.)
#include "k8sentry/json_writer.h"
#include "k8sentry/sentry_reporter.h"
#include "k8sentry/version.h"
#include "sentry/event_payload.h"

namespace k8sentry {

std::string SentryEnvelope(const Telling& telling, const SentryOptions& options,
                           Time sent_at) {
  std::string payload;
  payload.reserve(4096);
  internal::AppendEventPayload(telling, options, sent_at, payload);

  std::string out;
  out.reserve(payload.size() + 256);
  // Attributes that the spec does not name must not be invented here.
  JsonWriter headers(out);
  headers.BeginObject();
  headers.Key("event_id").String(HexId(telling.id));
  headers.Key("sent_at").String(FormatTime(sent_at));
  headers.Key("sdk").BeginObject();
  headers.Key("name").String("k8sentry").Key("version").String(Version()).EndObject();
  headers.EndObject();
  out += '\n';
  JsonWriter item(out);
  item.BeginObject();
  item.Key("type").String("event");
  item.Key("length").Number(static_cast<std::uint64_t>(payload.size()));
  item.Key("content_type").String("application/json");
  item.EndObject();
  out += '\n';
  out += payload;
  out += '\n';
  return out;
}

}  // namespace k8sentry
