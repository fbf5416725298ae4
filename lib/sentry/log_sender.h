// The LogSender gathers structured logs into batches, and brings these to Sentry.
//
// A log becomes bytes at once. A batch goes when it is full or its first log has waited
// for five seconds. (Sentry developer docs, logs, buffering.)
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "k8sentry/logger.h"
#include "sentry/wire.h"

namespace k8sentry::internal {

class LogSender {
 public:
  // All must outlive it, and no reply may come once it is gone.
  LogSender(const SentryOptions& options, const Scrubber& scrubber, Wire& wire,
            Logger& logger, SentryCounters::Item& counters)
      : options_(options),
        scrubber_(scrubber),
        wire_(wire),
        logger_(logger),
        counters_(counters) {}
  LogSender(const LogSender&) = delete;
  LogSender& operator=(const LogSender&) = delete;

  void Capture(SentryLog log, Now now);
  // Sends what is due.
  void Poll(Now now);
  SteadyTime NextDeadline() const;
  // What waits is sent now, and what comes before `until` at once.
  void Hurry(Now now, SteadyTime until);
  bool idle() const { return counters_.waiting == 0; }

 private:
  struct Batch {
    std::vector<std::string> payloads;
    std::size_t bytes = 0;
    int attempts = 0;
  };
  using BatchPtr = std::shared_ptr<Batch>;

  SteadyTime limited_until() const;
  bool may_send_more() const;
  void Add(std::string payload, Now now);
  void Close();
  void Send(Now now);
  void Take(const BatchPtr& batch, const Reply& reply, Now now);
  void Retry(const BatchPtr& batch, const Reply& reply, Now now);
  void Reject(const Batch& batch, std::string_view reason, const std::string& detail,
              Now now);
  void Drop(std::string_view reason, std::size_t bytes, SteadyTime now);
  void Count(std::string_view reason, std::size_t logs, std::size_t bytes,
             SteadyTime now);

  const SentryOptions& options_;
  const Scrubber& scrubber_;
  Wire& wire_;
  Logger& logger_;
  SentryCounters::Item& counters_;
  Batch open_;
  SteadyTime open_due_ = SteadyTime::max();
  std::deque<BatchPtr> ready_;
  std::size_t under_way_ = 0;
  std::size_t bytes_ = 0;  // of all that waits or is under way
  bool failing_ = false;
  SteadyTime not_before_ = SteadyTime::min();
  SteadyTime hurry_until_ = SteadyTime::min();
  std::uint64_t next_line_ = 1;
};

}  // namespace k8sentry::internal
