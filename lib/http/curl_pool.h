// One connection group: a libcurl multi handle whose sockets and timer sit in an epoll
// set that others share.
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
  // Whether libcurl wants to go on at once.
  bool due() const { return wanted_ == SteadyTime::min(); }
  void Continue();
  // Makes the epoll set readable at once.
  void Wake();
  // Makes it so when libcurl wants to go on. Each request changes that several times,
  // mostly to later: a timer that fires too early costs less than setting it each time.
  void ArmTimer();

 private:
  CurlPool(int epoll, std::uint32_t tag, const SteadyTime& now)
      : epoll_(epoll), tag_(tag), now_(now) {}

  static int OnSocket(CURL* easy, curl_socket_t fd, int what, void* self, void* known);
  static int OnTimer(CURLM* multi, long millis, void* self);
  void WatchSocket(int operation, int fd, std::uint32_t events) const;

  const int epoll_;
  const std::uint32_t tag_;
  const SteadyTime& now_;
  int timer_ = -1;
  SteadyTime wanted_ = SteadyTime::max();  // by libcurl
  SteadyTime armed_ = SteadyTime::max();   // not after `wanted_`, after ArmTimer
  CURLM* multi_ = nullptr;
};

}  // namespace k8sentry::internal
