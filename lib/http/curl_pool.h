// One connection group: a libcurl multi handle whose sockets sit in an epoll set that
// others share.
#pragma once

#include <curl/curl.h>

#include <cstdint>
#include <memory>

#include "k8sentry/status.h"
#include "k8sentry/time.h"

namespace k8sentry::internal {

class CurlPool {
 public:
  // Its events carry `tag` in the upper half of their data, and the descriptor in the
  // lower. `now` may lag behind the clock, and outlives the pool. Null when libcurl or
  // the kernel has no more to give.
  static std::unique_ptr<CurlPool> New(int epoll, std::uint32_t tag,
                                       const SteadyTime& now);
  ~CurlPool();
  CurlPool(const CurlPool&) = delete;
  CurlPool& operator=(const CurlPool&) = delete;

  CURLM* multi() const { return multi_; }
  // Moves what `fd` is ready for. Handlers are called inside.
  void Act(int fd, std::uint32_t epoll_events);
  // When libcurl wants to go on although no socket is ready; min(): at once.
  SteadyTime deadline() const { return deadline_; }
  // Goes on, also before that.
  void Continue();

 private:
  CurlPool(int epoll, std::uint32_t tag, const SteadyTime& now)
      : epoll_(epoll), tag_(tag), now_(now) {}

  static int OnSocket(CURL* easy, curl_socket_t fd, int what, void* self, void* known);
  static int OnTimer(CURLM* multi, long millis, void* self);
  void WatchSocket(int operation, int fd, std::uint32_t events) const;

  const int epoll_;
  const std::uint32_t tag_;
  const SteadyTime& now_;
  SteadyTime deadline_ = SteadyTime::max();
  CURLM* multi_ = nullptr;
};

}  // namespace k8sentry::internal
