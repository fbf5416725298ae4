// One connection group: a libcurl multi handle whose sockets and timer sit in an epoll
// set that others share.
#pragma once

#include <curl/curl.h>

#include <cstdint>
#include <memory>

#include "k8sentry/status.h"

namespace k8sentry::internal {

class CurlPool {
 public:
  // Its events carry `tag` in the upper half of their data, and the descriptor in the
  // lower. Null when libcurl or the kernel has no more to give.
  static std::unique_ptr<CurlPool> New(int epoll, std::uint32_t tag);
  ~CurlPool();
  CurlPool(const CurlPool&) = delete;
  CurlPool& operator=(const CurlPool&) = delete;

  CURLM* multi() const { return multi_; }
  // Moves what `fd` is ready for. Handlers are called inside.
  void Act(int fd, std::uint32_t epoll_events);
  // Makes the epoll set readable at once.
  void Wake() { SetTimer(0); }

 private:
  CurlPool(int epoll, std::uint32_t tag) : epoll_(epoll), tag_(tag) {}

  static int OnSocket(CURL* easy, curl_socket_t fd, int what, void* self, void* known);
  static int OnTimer(CURLM* multi, long millis, void* self);
  void WatchSocket(int operation, int fd, std::uint32_t events) const;
  void SetTimer(long millis);

  const int epoll_;
  const std::uint32_t tag_;
  int timer_ = -1;  // a timerfd: libcurl's timeouts need no clock of ours
  CURLM* multi_ = nullptr;
};

}  // namespace k8sentry::internal
