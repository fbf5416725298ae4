#include "kube/api_client.h"

namespace k8sentry::internal {

ApiClient::ApiClient(const ClusterConfig& cluster, HttpTransport& transport)
    : cluster_(cluster),
      server_(cluster.server),
      transport_(transport),
      credential_(cluster) {
  while (server_.ends_with('/')) server_.pop_back();
}

Status ApiClient::Prepare(SteadyTime /*now*/) { return {}; }

HttpRequest ApiClient::Get(std::string_view path, SteadyTime now) {
  HttpRequest request;
  request.url = server_;
  request.url += path;
  request.headers = {{"Accept", "application/json"}};
  request.auth_header_value = credential_.At(now);
  if (!request.auth_header_value.empty()) request.auth_header_name = "Authorization";
  request.tls = cluster_.tls;
  request.proxy = cluster_.proxy;
  return request;
}

}  // namespace k8sentry::internal
