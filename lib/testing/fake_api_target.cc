#include "testing/fake_api_target.h"

#include <algorithm>
#include <charconv>
#include <vector>

namespace k8sentry::testing::internal {
namespace {

std::string Decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned byte = 0;
    if (text[i] == '%' && i + 2 < text.size() &&
        std::from_chars(&text[i + 1], &text[i + 1] + 2, byte, 16).ec == std::errc()) {
      out.push_back(static_cast<char>(byte));
      i += 2;
    } else {
      out.push_back(text[i] == '+' ? ' ' : text[i]);
    }
  }
  return out;
}

std::vector<std::string> Segments(std::string_view path) {
  std::vector<std::string> segments;
  while (!path.empty()) {
    path.remove_prefix(1);  // the slash
    const std::size_t end = std::min(path.find('/'), path.size());
    if (end > 0) segments.push_back(Decoded(path.substr(0, end)));
    path.remove_prefix(end);
  }
  return segments;
}

std::string Verb(std::string_view method, const ApiTarget& target) {
  if (method == "GET") {
    if (target.flag("watch")) return "watch";
    return target.name.empty() ? "list" : "get";
  }
  if (method == "POST") return "create";
  if (method == "PUT") return "update";
  if (method == "PATCH") return "patch";
  if (method == "DELETE") return "delete";
  return "";
}

}  // namespace

std::string QueryParameter(std::string_view query, std::string_view key) {
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view pair = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    const std::size_t equals = std::min(pair.find('='), pair.size());
    if (pair.substr(0, equals) == key) {
      return Decoded(pair.substr(std::min(equals + 1, pair.size())));
    }
  }
  return "";
}

std::string ApiTarget::parameter(std::string_view key) const {
  return QueryParameter(query, key);
}

bool ApiTarget::flag(std::string_view key) const {
  const std::string value = parameter(key);
  return value == "1" || value == "true";
}

ApiTarget ParseApiTarget(std::string_view method, std::string_view target) {
  ApiTarget parsed;
  const std::size_t question = std::min(target.find('?'), target.size());
  parsed.path = target.substr(0, question);
  parsed.query = target.substr(std::min(question + 1, target.size()));
  const std::vector<std::string> segments = Segments(parsed.path);
  const bool core = !segments.empty() && segments[0] == "api";
  if (!core && (segments.empty() || segments[0] != "apis")) return parsed;
  std::size_t at = core ? 2 : 3;  // behind the version
  if (segments.size() <= at) return parsed;
  parsed.group = core ? "" : segments[1];
  parsed.version = segments[at - 1];
  // "/namespaces/shop" is a namespace, "/namespaces/shop/pods" lies in one.
  if (segments[at] == "namespaces" && segments.size() > at + 2) {
    parsed.namespace_ = segments[at + 1];
    at += 2;
  }
  parsed.resource = segments[at];
  if (segments.size() > at + 1) parsed.name = segments[at + 1];
  if (segments.size() > at + 2) parsed.subresource = segments[at + 2];
  parsed.collection = (core ? "/api/" : "/apis/" + parsed.group + "/") +
                      parsed.version + "/" + parsed.resource;
  parsed.verb = Verb(method, parsed);
  return parsed;
}

}  // namespace k8sentry::testing::internal
