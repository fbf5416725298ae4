// An envelope: headers in one line, then per item a line of headers and the payload.
// (Sentry developer docs, envelopes.)
#include <optional>

#include "k8sentry/json_writer.h"
#include "k8sentry/sentry_reporter.h"
#include "k8sentry/version.h"
#include "sentry/event_payload.h"
#include "sentry/items.h"

namespace k8sentry {
namespace internal {
namespace {

// "123" of "o123.ingest.sentry.io", or empty: another host names no organization.
std::string_view OrganizationOf(std::string_view host) {
  const std::string_view label = host.substr(0, host.find('.'));
  if (label.size() < 2 || label.size() == host.size() || label[0] != 'o') return {};
  const std::string_view number = label.substr(1);
  return number.find_first_not_of("0123456789") == number.npos ? number
                                                               : std::string_view();
}

// Sampling decides by it, on the server; there are no spans, so it says nothing of
// rates. Without a key there is nobody to decide.
void WriteTrace(const SentryIssue& issue, const Dsn& dsn, JsonWriter& json) {
  if (IsNone(issue.trace_id) || dsn.public_key.empty()) return;
  json.Key("trace").BeginObject();
  json.Key("trace_id").String(HexId(issue.trace_id));
  json.Key("public_key").String(dsn.public_key.Reveal());
  WriteLine(json, "release", issue.release, kMaxRelease);
  WriteLine(json, "environment", issue.environment, kMaxEnvironment);
  const std::string_view organization = OrganizationOf(dsn.host);
  if (!organization.empty()) json.Key("org_id").String(organization);
  json.EndObject();
}

// Attributes that the spec does not name must not be invented here.
void AppendHeaders(const SentryIssue* issue, const Dsn* dsn, Time sent_at,
                   std::string& out) {
  JsonWriter json(out);
  json.BeginObject();
  if (issue != nullptr) json.Key("event_id").String(HexId(issue->telling.id));
  json.Key("sent_at").String(FormatTime(sent_at));
  json.Key("sdk").BeginObject();
  json.Key("name").String("k8sentry").Key("version").String(Version()).EndObject();
  if (issue != nullptr) WriteTrace(*issue, *dsn, json);
  json.EndObject();
  out += '\n';
}

struct ItemHeaders {
  std::string_view type;
  std::string_view content_type;
  std::optional<std::uint64_t> item_count = {};
  std::string_view filename = {};
};

void AppendItem(const ItemHeaders& headers, std::string_view payload,
                std::string& out) {
  JsonWriter json(out);
  json.BeginObject();
  json.Key("type").String(headers.type);
  json.Key("length").Number(static_cast<std::uint64_t>(payload.size()));
  json.Key("content_type").String(headers.content_type);
  if (headers.item_count) json.Key("item_count").Number(*headers.item_count);
  if (!headers.filename.empty()) {
    json.Key("filename").String(headers.filename);
    json.Key("attachment_type").String("event.attachment");
  }
  json.EndObject();
  out += '\n';
  out += payload;
  out += '\n';
}

// A name without a folder.
std::string FilenameOf(std::string_view filename) {
  const std::size_t slash = filename.find_last_of("/\\");
  if (slash != std::string_view::npos) filename.remove_prefix(slash + 1);
  std::string name = TrimmedLine(filename, kMaxFilename);
  return name.empty() ? "attachment" : name;
}

std::size_t AppendAttachments(const std::vector<Attachment>& attachments,
                              std::string& out) {
  std::size_t count = 0, bytes = 0, left_out = 0;
  for (const Attachment& attachment : attachments) {
    // An empty item says nothing, and some parsers take its length for none.
    if (attachment.bytes.empty()) continue;
    // One item too large costs the whole envelope.
    if (count == kMaxAttachments ||
        attachment.bytes.size() > kMaxAttachmentsBytes - bytes) {
      left_out += attachment.bytes.size();
      continue;
    }
    ++count;
    bytes += attachment.bytes.size();
    const std::string filename = FilenameOf(attachment.filename);
    const std::string content_type =
        TrimmedLine(attachment.content_type, kMaxContentType);
    AppendItem({.type = "attachment",
                .content_type =
                    content_type.empty() ? "application/octet-stream" : content_type,
                .filename = filename},
               attachment.bytes, out);
  }
  return left_out;
}

}  // namespace

std::size_t AppendIssueEnvelope(const SentryIssue& issue, const SentryOptions& options,
                                Time sent_at, std::string& out) {
  std::string payload;
  payload.reserve(4096);
  AppendEventPayload(issue, sent_at, payload);
  out.reserve(out.size() + payload.size() + 512);
  AppendHeaders(&issue, &options.dsn, sent_at, out);
  AppendItem({.type = "event", .content_type = "application/json"}, payload, out);
  return AppendAttachments(issue.attachments, out);
}

// Logs of several traces share it, so its headers name none.
void AppendLogEnvelope(std::span<const std::string> payloads, Time sent_at,
                       std::string& out) {
  // From version 2 on Relay adds no address and no browser of the sender to each log.
  std::string payload = "{\"version\":2,\"items\":[";
  std::size_t bytes = payload.size() + 2;
  for (const std::string& one : payloads) bytes += one.size() + 1;
  payload.reserve(bytes);
  out.reserve(out.size() + bytes + 256);
  for (const std::string& one : payloads) {
    if (&one != payloads.data()) payload += ',';
    payload += one;
  }
  payload += "]}";
  AppendHeaders(nullptr, nullptr, sent_at, out);
  AppendItem({.type = "log",
              .content_type = "application/vnd.sentry.items.log+json",
              .item_count = payloads.size()},
             payload, out);
}

void AppendClientReportItem(std::span<const DiscardedEvents> discarded, Time now,
                            std::string& out) {
  std::string payload;
  payload.reserve(128 * (discarded.size() + 1));
  out.reserve(out.size() + payload.capacity() + 256);
  JsonWriter json(payload);
  json.BeginObject();
  json.Key("timestamp").Raw(SecondsOf(now));
  json.Key("discarded_events").BeginArray();
  for (const DiscardedEvents& one : discarded) {
    if (one.quantity == 0) continue;
    json.BeginObject();
    json.Key("reason").String(one.reason).Key("category").String(one.category);
    json.Key("quantity").Number(one.quantity).EndObject();
  }
  json.EndArray().EndObject();
  AppendItem({.type = "client_report", .content_type = "application/json"}, payload,
             out);
}

void AppendClientReportEnvelope(std::span<const DiscardedEvents> discarded,
                                Time sent_at, std::string& out) {
  AppendHeaders(nullptr, nullptr, sent_at, out);
  AppendClientReportItem(discarded, sent_at, out);
}

void AppendCheckInEnvelope(const CheckIn& check_in, const SentryOptions& options,
                           Time sent_at, std::string& out) {
  std::string payload;
  payload.reserve(512);
  out.reserve(out.size() + 1024);
  AppendCheckInPayload(check_in, options, payload);
  AppendHeaders(nullptr, nullptr, sent_at, out);
  AppendItem({.type = "check_in", .content_type = "application/json"}, payload, out);
}

}  // namespace internal

std::string SentryEnvelope(const Telling& telling, const SentryOptions& options,
                           Time sent_at) {
  Result<Scrubber> scrubber = NewScrubber(options.scrub);
  // A pattern that nobody can read takes none of the others away.
  if (!scrubber.ok()) scrubber = Scrubber();
  std::string out;
  internal::AppendIssueEnvelope(internal::IssueToSend(telling, options, *scrubber),
                                options, sent_at, out);
  return out;
}

}  // namespace k8sentry
