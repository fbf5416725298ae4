#include "http/curl_pool.h"

#include <fcntl.h>
#include <sys/epoll.h>

#include <cerrno>

namespace k8sentry::internal {
namespace {

// Connections kept for the next request. libcurl's own limit, four times the requests
// under way, closes half of them at the end of each burst.
constexpr long kIdleConnections = 32;

}  // namespace

std::unique_ptr<CurlPool> CurlPool::New(int epoll, std::uint32_t tag,
                                        const SteadyTime& now) {
  std::unique_ptr<CurlPool> pool(new CurlPool(epoll, tag, now));
  pool->multi_ = curl_multi_init();
  if (pool->multi_ == nullptr) return nullptr;
  curl_multi_setopt(pool->multi_, CURLMOPT_MAXCONNECTS, kIdleConnections);
  curl_multi_setopt(pool->multi_, CURLMOPT_SOCKETFUNCTION, &OnSocket);
  curl_multi_setopt(pool->multi_, CURLMOPT_SOCKETDATA, pool.get());
  curl_multi_setopt(pool->multi_, CURLMOPT_TIMERFUNCTION, &OnTimer);
  curl_multi_setopt(pool->multi_, CURLMOPT_TIMERDATA, pool.get());
  return pool;
}

CurlPool::~CurlPool() {
  curl_multi_cleanup(multi_);  // takes its sockets out of the set
}

void CurlPool::Act(int fd, std::uint32_t epoll_events) {
  int running = 0, ready = 0;
  if ((epoll_events & EPOLLIN) != 0) ready |= CURL_CSELECT_IN;
  if ((epoll_events & EPOLLOUT) != 0) ready |= CURL_CSELECT_OUT;
  if ((epoll_events & (EPOLLERR | EPOLLHUP)) != 0) ready |= CURL_CSELECT_ERR;
  curl_multi_socket_action(multi_, fd, ready, &running);
}

void CurlPool::Continue() {
  // libcurl says anew what it wants, also when this is early.
  deadline_ = SteadyTime::max();
  int running = 0;
  curl_multi_socket_action(multi_, CURL_SOCKET_TIMEOUT, 0, &running);
}

int CurlPool::OnSocket(CURL*, curl_socket_t fd, int what, void* self, void*) {
  const CurlPool& pool = *static_cast<CurlPool*>(self);
  if (what == CURL_POLL_REMOVE) {
    pool.WatchSocket(EPOLL_CTL_DEL, fd, 0);
    return 0;
  }
  std::uint32_t events = 0;
  if (what == CURL_POLL_IN || what == CURL_POLL_INOUT) events |= EPOLLIN;
  if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT) events |= EPOLLOUT;
  fcntl(fd, F_SETFD, FD_CLOEXEC);  // the resolver's pipe is opened by libcurl itself
  pool.WatchSocket(EPOLL_CTL_MOD, fd, events);
  return 0;
}

void CurlPool::WatchSocket(int operation, int fd, std::uint32_t events) const {
  epoll_event event = {};
  event.events = events;
  event.data.u64 = std::uint64_t{tag_} << 32 | static_cast<std::uint32_t>(fd);
  // A number that was closed and given out again is new to the kernel.
  if (epoll_ctl(epoll_, operation, fd, &event) != 0 && operation == EPOLL_CTL_MOD &&
      errno == ENOENT) {
    epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
  }
}

int CurlPool::OnTimer(CURLM*, long millis, void* self) {
  CurlPool& pool = *static_cast<CurlPool*>(self);
  if (millis < 0) {
    pool.deadline_ = SteadyTime::max();
  } else if (millis == 0) {
    pool.deadline_ = SteadyTime::min();
  } else {
    // Early, if the last Poll was long ago; then the next one hears what is left.
    pool.deadline_ = pool.now_ + std::chrono::milliseconds(millis);
  }
  return 0;
}

}  // namespace k8sentry::internal
