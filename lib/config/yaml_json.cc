#include "config/yaml_json.h"

#include <algorithm>
#include <string_view>

#include "k8sentry/json_writer.h"

namespace k8sentry::internal {
namespace {

std::size_t CountDigits(std::string_view text) {
  return std::min(text.find_first_not_of("0123456789"), text.size());
}

// The grammar of a JSON number (RFC 8259, section 6).
bool IsJsonNumber(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  const std::size_t whole = CountDigits(text);
  if (whole == 0 || (whole > 1 && text[0] == '0')) return false;
  text.remove_prefix(whole);
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    const std::size_t fraction = CountDigits(text);
    if (fraction == 0) return false;
    text.remove_prefix(fraction);
  }
  if (text.starts_with('e') || text.starts_with('E')) {
    text.remove_prefix(1);
    if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
    return !text.empty() && CountDigits(text) == text.size();
  }
  return text.empty();
}

void WriteScalar(const YAML::Node& node, JsonWriter& json) {
  const std::string& text = node.Scalar();
  if (node.Tag() == "!") {  // quoted
    json.String(text);
  } else if (text == "true" || text == "false") {
    json.Bool(text == "true");
  } else if (IsJsonNumber(text)) {
    json.Raw(text);
  } else {
    json.String(text);
  }
}

void Write(const YAML::Node& node, JsonWriter& json) {
  if (node.IsMap()) {
    json.BeginObject();
    for (const auto& member : node) {
      json.Key(member.first.IsScalar() ? member.first.Scalar() : "");
      Write(member.second, json);
    }
    json.EndObject();
  } else if (node.IsSequence()) {
    json.BeginArray();
    for (const YAML::Node& item : node) Write(item, json);
    json.EndArray();
  } else if (node.IsScalar()) {
    WriteScalar(node, json);
  } else {
    json.Null();
  }
}

}  // namespace

std::string JsonOf(const YAML::Node& node) {
  std::string out;
  JsonWriter json(out);
  Write(node, json);
  return out;
}

}  // namespace k8sentry::internal
