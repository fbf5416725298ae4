// The CheckInSender brings check-ins to Sentry, one envelope each, or not at all: they
// mean the moment at which they arrive, so a late one would be a lie.
// (Sentry developer docs, check-ins.)
#pragma once

#include <deque>
#include <map>
#include <string>

#include "k8sentry/logger.h"
#include "sentry/wire.h"

namespace k8sentry::internal {

class CheckInSender {
 public:
  // All must outlive it, and no reply may come once it is gone.
  CheckInSender(const SentryOptions& options, Wire& wire, Logger& logger,
                SentryCounters::Item& counters)
      : options_(options), wire_(wire), logger_(logger), counters_(counters) {}
  CheckInSender(const CheckInSender&) = delete;
  CheckInSender& operator=(const CheckInSender&) = delete;

  void Capture(CheckIn check_in, Now now);
  void Poll(Now now);
  SteadyTime NextDeadline() const;
  // Lets none wait out its backoff.
  void Hurry(Now now);
  bool idle() const { return counters_.waiting == 0; }

 private:
  struct Entry {
    CheckIn check_in;
    int attempts = 0;
    SteadyTime not_before = SteadyTime::min();
  };

  bool TooMany(const std::string& slug, SteadyTime now);
  void Send(Entry entry, Now now);
  void Take(Entry entry, const Reply& reply, Now now);
  void Drop(std::string_view reason, SteadyTime now);
  void Reject(std::string_view reason, const std::string& detail, SteadyTime now);

  const SentryOptions& options_;
  Wire& wire_;
  Logger& logger_;
  SentryCounters::Item& counters_;
  std::deque<Entry> waiting_;
  std::size_t under_way_ = 0;
  // When each monitor was last heard of; those of the last minute.
  std::map<std::string, std::deque<SteadyTime>> recent_;
  std::uint64_t next_line_ = 1;
};

}  // namespace k8sentry::internal
