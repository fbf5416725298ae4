#include "k8sentry/sentry_items.h"

#include <algorithm>
#include <initializer_list>
#include <optional>
#include <utility>

#include "base/sha256.h"
#include "k8sentry/key.h"
#include "k8sentry/text.h"
#include "sentry/event_payload.h"

namespace k8sentry {
namespace {

using internal::Head;
using internal::kMaxMessage;
using internal::Trimmed;

int DigitOf(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// 32 hex digits, with or without the dashes of a UUID.
std::optional<TraceId> ReadUuid(std::string_view text) {
  if (text.size() != 32 && text.size() != 36) return std::nullopt;
  TraceId id = {};
  std::size_t digits = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (text.size() == 36 && dash) {
      if (text[i] != '-') return std::nullopt;
      continue;
    }
    const int digit = DigitOf(text[i]);
    if (digit < 0) return std::nullopt;
    id[digits / 2] = static_cast<std::uint8_t>(id[digits / 2] << 4 | digit);
    ++digits;
  }
  if (internal::IsNone(id)) return std::nullopt;  // stands for "none"
  return id;
}

// A version 4 UUID made of `parts`, never all zeros.
TraceId HashOf(std::initializer_list<std::string_view> parts) {
  internal::Sha256 hash;
  for (const std::string_view part : parts) {
    hash.Update(part);
    hash.Update(std::string_view("\0", 1));
  }
  const internal::Sha256Digest digest = hash.Finish();
  TraceId id = {};
  std::copy_n(digest.begin(), id.size(), id.begin());
  id[6] = static_cast<std::uint8_t>(0x40 | (id[6] & 0x0F));
  id[8] = static_cast<std::uint8_t>(0x80 | (id[8] & 0x3F));
  return id;
}

// "Reason: message" as far as Sentry takes it.
std::string TextOf(const Event& event) {
  std::string text(Head(event.reason, internal::kMaxExceptionType));
  if (!event.message.empty()) {
    if (!text.empty()) text += ": ";
    text += Head(event.message, kMaxMessage);
  }
  return text;
}

Level LevelOf(const Event& event, const IssueOptions& options) {
  if (event.type == "Normal") return Level::kInfo;
  return options.error_reasons.contains(event.reason) ? Level::kError : Level::kWarning;
}

// "k8s.pod" for a Pod. OpenTelemetry has names for the usual kinds, made the same way.
std::string PrefixOf(std::string_view kind) {
  std::string prefix = "k8s.";
  for (const char c : kind.substr(0, 63)) {
    if (c >= 'A' && c <= 'Z') {
      prefix += static_cast<char>(c - 'A' + 'a');
    } else if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) {
      prefix += c;
    }
  }
  return prefix;
}

class Attributes {
 public:
  Attributes() { attributes_.reserve(16); }
  void Text(std::string_view name, std::string_view value) {
    if (value.empty()) return;
    attributes_.push_back(
        {std::string(name), std::string(Head(value, internal::kMaxAttributeValue))});
  }
  void Count(std::string_view name, std::int64_t value) {
    attributes_.push_back({std::string(name), value});
  }
  bool Has(std::string_view name) const {
    return std::any_of(attributes_.begin(), attributes_.end(),
                       [&](const SentryAttribute& a) { return a.name == name; });
  }
  std::vector<SentryAttribute> Take() { return std::move(attributes_); }

 private:
  std::vector<SentryAttribute> attributes_;
};

}  // namespace

TraceId TraceOf(const Event& event) {
  const ObjectReference& object = event.involved_object;
  if (const std::optional<TraceId> id = ReadUuid(object.uid)) return *id;
  // A Node's uid is often its name, and two clusters may have nodes of one name: that
  // they share a trace is harmless.
  if (!object.uid.empty()) return HashOf({"k8sentry/trace/uid", object.uid});
  if (!object.name.empty()) {
    return HashOf(
        {"k8sentry/trace/object", object.kind, object.namespace_, object.name});
  }
  return HashOf({"k8sentry/trace/event", event.uid, object.kind, event.reason});
}

// Logs are paid by their bytes, so what another attribute says already is left out.
SentryLog LogOf(const Event& event, const IssueOptions& options) {
  const ObjectReference& object = event.involved_object;
  Attributes attributes;
  attributes.Text("k8s.namespace.name", object.namespace_);
  attributes.Text("k8s.object.kind", object.kind);
  const std::string prefix = PrefixOf(object.kind.empty() ? "object" : object.kind);
  attributes.Text(prefix + ".name", object.name);
  attributes.Text(prefix + ".uid", object.uid);
  attributes.Text("k8s.container.name", object.container());
  const Workload workload = WorkloadOf(event);
  const std::string owner = PrefixOf(workload.kind) + ".name";
  if (!attributes.Has(owner)) attributes.Text(owner, workload.name);
  if (!attributes.Has("k8s.node.name")) {
    attributes.Text("k8s.node.name", internal::NodeOf(event));
  }
  attributes.Text("k8s.event.reason", event.reason);
  attributes.Text("k8s.event.type", event.type);
  attributes.Text("k8s.event.action", event.action);
  attributes.Text("k8s.event.uid", event.uid);
  attributes.Text("k8s.event.component", event.component());
  attributes.Count("k8s.event.count", event.total());
  // An integration made this log, and not a person. (Sentry, trace origin.)
  attributes.Text("sentry.origin", "auto.k8s.event");
  return {.timestamp = event.occurrence_time().value_or(Time()),
          .trace_id = TraceOf(event),
          .level = LevelOf(event, options),
          .body = TextOf(event),
          .attributes = attributes.Take()};
}

Breadcrumb BreadcrumbOf(const Event& event, const IssueOptions& options) {
  const ObjectReference& object = event.involved_object;
  Breadcrumb breadcrumb{.timestamp = event.occurrence_time().value_or(Time()),
                        .level = LevelOf(event, options),
                        .type = event.type == "Normal" ? "info" : "error",
                        .category = "k8s.event",
                        .message = TextOf(event),
                        .data = {}};
  const auto add = [&](std::string_view key, std::string_view value) {
    if (value.empty()) return;
    breadcrumb.data.emplace_back(key, Head(value, internal::kMaxContextName));
  };
  add("kind", object.kind);
  add("name", object.name);
  add("container", object.container());
  add("component", event.component());
  add("node", internal::NodeOf(event));
  if (event.total() > 1) add("count", std::to_string(event.total()));
  return breadcrumb;
}

TellingId CheckInIdOf(std::string_view job_uid) {
  if (const std::optional<TellingId> id = ReadUuid(job_uid)) return *id;
  return HashOf({"k8sentry/check-in", job_uid});
}

}  // namespace k8sentry
