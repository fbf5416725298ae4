#include "kube/watch_query.h"

namespace k8sentry::internal {

std::string PercentEncoded(std::string_view text) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
        std::string_view("-._~").find(c) != std::string_view::npos) {
      out.push_back(c);
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out.append({'%', kHex[byte >> 4], kHex[byte & 15]});
    }
  }
  return out;
}

std::string WatchName(const WatchedResource& resource) {
  return resource.namespace_.empty() ? resource.resource
                                     : resource.resource + " in " + resource.namespace_;
}

std::string PathOf(const WatchedResource& resource) {
  const bool core = resource.api_version.find('/') == std::string::npos;
  std::string path = (core ? "/api/" : "/apis/") + resource.api_version + "/";
  if (!resource.namespace_.empty()) path += "namespaces/" + resource.namespace_ + "/";
  return path + resource.resource;
}

std::string Selectors(const WatchedResource& resource) {
  std::string query;
  if (!resource.label_selector.empty()) {
    query += "&labelSelector=" + PercentEncoded(resource.label_selector);
  }
  if (!resource.field_selector.empty()) {
    query += "&fieldSelector=" + PercentEncoded(resource.field_selector);
  }
  return query;
}

std::string RuleFor(const WatchedResource& resource) {
  const std::string& api = resource.api_version;
  const std::size_t slash = api.find('/');
  return "; needed is a role with apiGroups [\"" +
         (slash == api.npos ? "" : api.substr(0, slash)) + "\"], resources [" +
         resource.resource + "], verbs [list, watch]";
}

}  // namespace k8sentry::internal
