#include "http/curl_transport.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

namespace k8sentry::internal {
namespace {

constexpr std::uint64_t kWakeTag = ~std::uint64_t{0};

}  // namespace

CurlTransport::CurlTransport(int epoll, int wake, HttpTransportOptions options)
    : epoll_(epoll), wake_(wake), options_(std::move(options)) {
  epoll_event event = {};
  event.events = EPOLLIN;
  event.data.u64 = kWakeTag;
  epoll_ctl(epoll_, EPOLL_CTL_ADD, wake_, &event);
}

CurlTransport::~CurlTransport() {
  for (auto& [id, request] : requests_) {
    request->Forget();
    Remove(*request);
  }
  requests_.clear();
  for (auto& pool : pools_) pool.reset();
  close(epoll_);
  close(wake_);
}

void CurlTransport::Wake() {
  if (polling_ || woken_) return;
  woken_ = eventfd_write(wake_, 1) == 0;
}

Result<HttpRequestId> CurlTransport::Start(HttpRequest request, HttpHandler& handler) {
  auto made = CurlRequest::New(std::move(request), handler, options_);
  if (!made.ok()) return made.status();
  (*made)->pool = PoolIndexOf(**made);
  if (PoolOf(**made) == nullptr) {
    return Status(StatusCode::kInternal,
                  "libcurl cannot start another connection group");
  }
  const HttpRequestId id = ++last_id_;
  CurlRequest& added = *(requests_[id] = *std::move(made));
  added.id = id;
  if (inside_curl_) {
    to_add_.push_back(id);
  } else {
    Add(added);
    Wake();
  }
  return id;
}

void CurlTransport::Cancel(HttpRequestId id) {
  CurlRequest* request = Find(id);
  if (request == nullptr) return;
  request->Forget();
  if (inside_curl_) {
    to_remove_.push_back(id);
  } else {
    Remove(*request);
    requests_.erase(id);
  }
}

void CurlTransport::Resume(HttpRequestId id) {
  // Not now: libcurl hands out what it kept at once, and handlers run in Poll only.
  if (Find(id) == nullptr) return;
  to_resume_.push_back(id);
  Wake();
}

void CurlTransport::Poll(SteadyTime now) {
  if (polling_) return;  // a handler called
  now_ = now;
  polling_ = true;
  ResumeWanted();
  Settle();
  // A few rounds, for a timeout of 0 is libcurl's way to go on; not until all is quiet,
  // for a fast stream never is.
  for (int round = 0; round < 4; ++round) {
    epoll_event events[64];
    const int count = epoll_wait(epoll_, events, 64, 0);
    if (count <= 0 && PoolDeadline() > now) break;
    for (int i = 0; i < count; ++i) {
      const std::uint64_t data = events[i].data.u64;
      if (data == kWakeTag) {
        eventfd_t ignored;
        eventfd_read(wake_, &ignored);
        woken_ = false;
        continue;
      }
      inside_curl_ = true;
      pools_[data >> 32]->Act(static_cast<int>(data & 0xFFFFFFFF), events[i].events);
      inside_curl_ = false;
    }
    // By index: a handler may start a request that needs another pool.
    for (std::size_t i = 0; i < pools_.size(); ++i) {
      if (!pools_[i] || pools_[i]->deadline() > now) continue;
      inside_curl_ = true;
      pools_[i]->Continue();
      inside_curl_ = false;
    }
    Settle();
  }
  polling_ = false;
  if (NextDeadline() <= now) Wake();
}

SteadyTime CurlTransport::NextDeadline() const {
  return to_resume_.empty() ? PoolDeadline() : SteadyTime::min();
}

SteadyTime CurlTransport::PoolDeadline() const {
  SteadyTime next = SteadyTime::max();
  for (const auto& pool : pools_) {
    if (pool) next = std::min(next, pool->deadline());
  }
  return next;
}

std::size_t CurlTransport::PoolIndexOf(CurlRequest& request) {
  const std::string& identity = request.addresses().identity();
  auto rules = std::find(rules_.begin(), rules_.end(), identity);
  if (rules == rules_.end()) {
    // The last place is for all that have none: they share the pool, but no connection.
    if (rules_.size() < kMaxRules) {
      rules_.push_back(identity);
      rules = rules_.end() - 1;
    } else {
      request.KeepConnectionApart();
    }
  }
  return static_cast<std::size_t>(rules - rules_.begin()) * kGroups +
         static_cast<std::size_t>(request.group());
}

CurlPool* CurlTransport::PoolOf(const CurlRequest& request) {
  if (pools_.size() <= request.pool) pools_.resize(request.pool + 1);
  auto& pool = pools_[request.pool];
  if (!pool)
    pool = CurlPool::New(epoll_, static_cast<std::uint32_t>(request.pool), now_);
  return pool.get();
}

CurlRequest* CurlTransport::Find(HttpRequestId id) {
  const auto found = requests_.find(id);
  return found == requests_.end() ? nullptr : found->second.get();
}

void CurlTransport::Add(CurlRequest& request) {
  curl_multi_add_handle(PoolOf(request)->multi(), request.easy());
}

void CurlTransport::Remove(CurlRequest& request) {
  curl_multi_remove_handle(PoolOf(request)->multi(), request.easy());
}

void CurlTransport::ResumeWanted() {
  for (const HttpRequestId id : std::exchange(to_resume_, {})) {
    CurlRequest* request = Find(id);
    if (request == nullptr) continue;
    inside_curl_ = true;
    const CURLcode code = request->Resume();
    inside_curl_ = false;
    if (code != CURLE_OK) Finish(*request, request->StatusOf(code));
  }
}

void CurlTransport::Settle() {
  for (std::size_t i = 0; i < pools_.size(); ++i) {
    CURLM* multi = pools_[i] ? pools_[i]->multi() : nullptr;
    int left = 0;
    while (CURLMsg* message =
               multi != nullptr ? curl_multi_info_read(multi, &left) : nullptr) {
      if (message->msg != CURLMSG_DONE) continue;
      const CURLcode code = message->data.result;
      char* self = nullptr;
      curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &self);
      auto& request = *reinterpret_cast<CurlRequest*>(self);
      Finish(request, request.StatusOf(code));
    }
  }
  for (const HttpRequestId id : std::exchange(to_remove_, {})) Cancel(id);
  for (const HttpRequestId id : std::exchange(to_add_, {})) {
    if (CurlRequest* request = Find(id)) Add(*request);
  }
}

void CurlTransport::Finish(CurlRequest& request, const Status& status) {
  if (request.handler() != nullptr && request.body_went_out()) {
    inside_curl_ = true;  // it may cancel the request, which still is in the table
    request.handler()->OnSent();
    inside_curl_ = false;
  }
  Remove(request);
  // Out of the table first: the handler may start the next one, or cancel this one.
  const auto node = requests_.extract(request.id);
  if (HttpHandler* handler = request.handler()) handler->OnDone(status);
}

}  // namespace k8sentry::internal
