// The receiving side of the envelope's grammar, as strict as Relay.
#include <cstdint>
#include <utility>

#include "k8sentry/testing/fake_sentry.h"
#include "simdjson.h"

namespace k8sentry::testing {
namespace {

namespace dom = simdjson::dom;

Status Fault(std::string what) {
  return Status(StatusCode::kDataLoss, "envelope: " + std::move(what));
}

// Reads one line of headers off the front of `rest`. `object` lives as long as
// `parser`.
Status TakeHeaders(std::string_view what, std::string_view& rest, dom::parser& parser,
                   std::string& text, dom::object& object) {
  const std::size_t end = rest.find('\n');
  text = std::string(rest.substr(0, end));
  rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  if (!text.starts_with('{') || !text.ends_with('}')) {
    return Fault(std::string(what) + " is no JSON object on one line");
  }
  dom::element element;
  if (parser.parse(text).get(element) != simdjson::SUCCESS ||
      element.get_object().get(object) != simdjson::SUCCESS) {
    return Fault(std::string(what) + " is no JSON object");
  }
  return {};
}

std::size_t CountOf(const dom::object& object, std::string_view key) {
  std::size_t count = 0;
  for (const dom::key_value_pair field : object) count += field.key == key;
  return count;
}

std::string StringOf(const dom::object& object, std::string_view key) {
  std::string_view text;
  if (object.at_key(key).get_string().get(text) != simdjson::SUCCESS) return {};
  return std::string(text);
}

bool IsId(std::string_view text) {
  return text.size() == 32 &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

Status TakeItem(std::string_view& rest, SentryItem& item) {
  dom::parser parser;
  dom::object headers;
  const bool ends_line = rest.find('\n') != std::string_view::npos;
  if (Status s = TakeHeaders("item header", rest, parser, item.headers, headers);
      !s.ok()) {
    return s;
  }
  if (!ends_line) return Fault("the newline after an item header is missing");
  item.type = StringOf(headers, "type");
  if (item.type.empty()) return Fault("an item has no type");
  std::uint64_t length = 0;
  if (headers.at_key("length").get_uint64().get(length) != simdjson::SUCCESS) {
    length = std::min(rest.find('\n'), rest.size());
  }
  if (length > rest.size()) return Fault("an item ends before its length");
  item.payload = std::string(rest.substr(0, length));
  rest.remove_prefix(length);
  if (rest.empty()) return {};
  if (rest.front() != '\n') return Fault("no newline after a payload of that length");
  rest.remove_prefix(1);
  return {};
}

// What Sentry's docs demand of the only item there may be one of.
Status CheckEvent(const ReceivedEnvelope& envelope) {
  std::size_t events = 0;
  for (const SentryItem& item : envelope.items) events += item.type == "event";
  if (events == 0) return {};
  if (events > 1) return Fault("more than one event");
  if (!IsId(envelope.event_id))
    return Fault("event_id is not 32 lower-case hex digits");
  dom::parser parser;
  dom::object event;
  const std::string text(envelope.event());
  if (parser.parse(text).get_object().get(event) != simdjson::SUCCESS) {
    return Fault("the event is no JSON object");
  }
  if (StringOf(event, "event_id") != envelope.event_id) {
    return Fault("the event's event_id is not the envelope's");
  }
  return {};
}

}  // namespace

std::string_view ReceivedEnvelope::event() const {
  for (const SentryItem& item : items) {
    if (item.type == "event") return item.payload;
  }
  return {};
}

Result<ReceivedEnvelope> ParseEnvelope(std::string_view bytes) {
  ReceivedEnvelope envelope;
  std::string_view rest = bytes;
  dom::parser parser;
  dom::object headers;
  if (Status s = TakeHeaders("header", rest, parser, envelope.headers, headers);
      !s.ok()) {
    return s;
  }
  if (CountOf(headers, "sent_at") > 1) return Fault("two headers sent_at");
  envelope.event_id = StringOf(headers, "event_id");
  while (!rest.empty()) {
    SentryItem item;
    if (Status s = TakeItem(rest, item); !s.ok()) return s;
    envelope.items.push_back(std::move(item));
  }
  if (Status s = CheckEvent(envelope); !s.ok()) return s;
  return envelope;
}

}  // namespace k8sentry::testing
