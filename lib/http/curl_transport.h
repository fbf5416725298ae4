// HttpTransport over libcurl: one multi handle for each connection group, all in one
// epoll set, which is the descriptor.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "http/curl_pool.h"
#include "http/curl_request.h"
#include "k8sentry/http_transport.h"

namespace k8sentry::internal {

class CurlTransport : public HttpTransport {
 public:
  // Owns `epoll` and `wake`, an eventfd that it puts into that. Requires: a user agent.
  CurlTransport(int epoll, int wake, HttpTransportOptions options);
  ~CurlTransport() override;

  Result<HttpRequestId> Start(HttpRequest request, HttpHandler& handler) override;
  void Cancel(HttpRequestId id) override;
  void Resume(HttpRequestId id) override;
  void Poll(SteadyTime now) override;
  SteadyTime NextDeadline() const override;
  int descriptor() const override { return epoll_; }

 private:
  static constexpr std::size_t kGroups = 5;
  // Sets of address rules that get connections to share. Who comes with yet another one
  // gets connections of its own.
  static constexpr std::size_t kMaxRules = 16;

  // Where its connection is kept: only with those of the same group and rules, for
  // libcurl takes any connection of a pool to the same host and port.
  std::size_t PoolIndexOf(CurlRequest& request);
  CurlPool* PoolOf(const CurlRequest& request);
  CurlRequest* Find(HttpRequestId id);
  void Add(CurlRequest& request);
  void Remove(CurlRequest& request);
  SteadyTime PoolDeadline() const;
  // Makes the descriptor readable, for a host that knows no deadline yet.
  void Wake();
  void ResumeWanted();
  // Ends what has ended, and does what handlers asked for inside libcurl.
  void Settle();
  void Finish(CurlRequest& request, const Status& status);

  const int epoll_, wake_;
  const HttpTransportOptions options_;
  SteadyTime now_ = {};  // of the last Poll
  // By group and rules; the tag of a pool is its index.
  std::vector<std::unique_ptr<CurlPool>> pools_;
  std::vector<std::string> rules_ = {std::string()};  // identities; first: allow all
  std::unordered_map<HttpRequestId, std::unique_ptr<CurlRequest>> requests_;
  HttpRequestId last_id_ = 0;
  bool polling_ = false;
  bool woken_ = false;
  // libcurl is on the stack: its handles cannot be added or removed now.
  bool inside_curl_ = false;
  std::vector<HttpRequestId> to_add_;
  std::vector<HttpRequestId> to_remove_;
  std::vector<HttpRequestId> to_resume_;
};

}  // namespace k8sentry::internal
