// An ApiClient makes the requests to one API server: where it is, who asks, and how.
//
// Watches, lists and look-ups of one cluster share it, and with it one credential.
#pragma once

#include <string>
#include <string_view>

#include "k8sentry/cluster_config.h"
#include "k8sentry/http_transport.h"
#include "kube/credential.h"

namespace k8sentry::internal {

class ApiClient {
 public:
  // `transport` must outlive it.
  ApiClient(const ClusterConfig& cluster, HttpTransport& transport);

  // Whether a request can be made at `now`. Errors: kUnavailable while the credential
  // is being fetched, until NextDeadline() (`pending`), or when that failed.
  Status Prepare(SteadyTime now);
  bool pending() const { return false; }
  SteadyTime NextDeadline() const { return SteadyTime::max(); }

  // A GET of `path` ("/api/v1/events?limit=500") that asks for JSON. Requires: Prepare
  // was ok.
  HttpRequest Get(std::string_view path, SteadyTime now);
  // The server answered 401: the credential is fetched anew before the next request.
  void Refused() { credential_.Refused(); }

  HttpTransport& transport() { return transport_; }
  const ClusterConfig& cluster() const { return cluster_; }

 private:
  const ClusterConfig cluster_;
  std::string server_;  // without a slash at its end
  HttpTransport& transport_;
  Credential credential_;
};

}  // namespace k8sentry::internal
