// An ApiClient makes the requests to one API server: where it is, who asks, and how.
//
// Watches, lists and look-ups of one cluster share it, and with it one credential.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "k8sentry/cluster_config.h"
#include "k8sentry/http_transport.h"
#include "kube/credential.h"
#include "kube/tls_files.h"

namespace k8sentry::internal {

inline constexpr char kAcceptJson[] = "application/json";
// No more than the metadata, from servers that can. (Kubernetes API concepts,
// metadata-only fetches.)
inline constexpr char kAcceptMetadata[] =
    "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1, application/json";

class ApiClient {
 public:
  // `transport` must outlive it.
  ApiClient(const ClusterConfig& cluster, HttpTransport& transport);
  ApiClient(const ApiClient&) = delete;
  ApiClient& operator=(const ApiClient&) = delete;

  // Whether a request can be made at `now`; reads files that have changed. Errors:
  // kUnavailable while the credential is being fetched, until NextDeadline()
  // (`pending`), or when that failed; kConfiguration.
  Status Prepare(Now now);
  bool pending() const { return credential_.pending(); }
  SteadyTime NextDeadline() const { return credential_.NextDeadline(); }

  // A GET of `path` ("/api/v1/events?limit=500"). Requires: Prepare was ok.
  HttpRequest Get(std::string_view path, const char* accept = kAcceptJson) const;
  // A POST of JSON to it.
  HttpRequest Post(std::string_view path, std::string body) const;
  // Starts it, as the cluster's configuration limits it. Errors: as HttpTransport.
  Result<HttpRequestId> Start(HttpRequest request, HttpHandler& handler);
  // The server answered 401: the credential is fetched anew before the next request.
  void Refused() { credential_.Refused(); }

  HttpTransport& transport() { return transport_; }
  const ClusterConfig& cluster() const { return cluster_; }
  // How often the credential could not be read or fetched anew; the last good one
  // stays.
  std::uint64_t credential_failures() const {
    return credential_.failures() + tls_.failures();
  }

 private:
  const ClusterConfig cluster_;
  std::string server_;               // without a slash at its end
  std::vector<HttpHeader> headers_;  // of every request
  HttpTransport& transport_;
  TlsFiles tls_;
  Credential credential_;
};

}  // namespace k8sentry::internal
