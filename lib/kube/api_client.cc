#include "kube/api_client.h"

#include <algorithm>
#include <utility>

namespace k8sentry::internal {
namespace {

// Whatever may not stand in a header's name, and '%' itself, as %XX.
std::string EscapeHeaderName(std::string_view text) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
        std::string_view("!#$&'*+-.^_`|~").find(c) != std::string_view::npos) {
      out.push_back(c);
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out.append({'%', kHex[byte >> 4], kHex[byte & 15]});
    }
  }
  return out;
}

// (Kubernetes docs, authenticating, user impersonation.)
void AddImpersonation(const Impersonation& as, std::vector<HttpHeader>& headers) {
  if (as.user.empty()) return;
  headers.push_back({"Impersonate-User", as.user});
  if (!as.uid.empty()) headers.push_back({"Impersonate-Uid", as.uid});
  for (const std::string& group : as.groups) {
    headers.push_back({"Impersonate-Group", group});
  }
  for (const auto& [key, values] : as.extra) {
    for (const std::string& value : values) {
      headers.push_back({"Impersonate-Extra-" + EscapeHeaderName(key), value});
    }
  }
}

}  // namespace

ApiClient::ApiClient(const ClusterConfig& cluster, HttpTransport& transport)
    : cluster_(cluster),
      server_(cluster.server),
      transport_(transport),
      tls_(cluster.tls),
      credential_(cluster_) {
  while (server_.ends_with('/')) server_.pop_back();
  AddImpersonation(cluster.impersonation, headers_);
}

Status ApiClient::Prepare(Now now) {
  if (Status status = tls_.Refresh(now.steady); !status.ok()) return status;
  return credential_.Prepare(now);
}

HttpRequest ApiClient::Get(std::string_view path, const char* accept) const {
  HttpRequest request;
  request.url = server_;
  request.url += path;
  request.headers = {{"Accept", accept}};
  request.headers.insert(request.headers.end(), headers_.begin(), headers_.end());
  request.auth_header_value = credential_.authorization();
  if (!request.auth_header_value.empty()) request.auth_header_name = "Authorization";
  request.tls = tls_.options();
  credential_.AddCertificate(request.tls);
  request.proxy = cluster_.proxy;
  return request;
}

HttpRequest ApiClient::Post(std::string_view path, std::string body) const {
  HttpRequest request = Get(path);
  request.method = "POST";
  request.headers.push_back({"Content-Type", "application/json"});
  request.body = std::move(body);
  return request;
}

Result<HttpRequestId> ApiClient::Start(HttpRequest request, HttpHandler& handler) {
  if (cluster_.disable_compression) request.accept_gzip = false;
  if (cluster_.request_timeout > Duration::zero() &&
      request.group != ConnectionGroup::kWatch) {
    request.deadline = std::min(request.deadline, cluster_.request_timeout);
  }
  return transport_.Start(std::move(request), handler);
}

}  // namespace k8sentry::internal
