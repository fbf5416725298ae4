#include "sentry/check_in_sender.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace k8sentry::internal {
namespace {

// Sentry takes so many a minute for one monitor of one environment.
constexpr std::size_t kMaxPerMinute = 6;
constexpr Duration kMinute = std::chrono::minutes(1);
constexpr std::size_t kMaxMonitors = 4096;
constexpr std::size_t kMaxWaiting = 1000;
constexpr std::size_t kMaxUnderWay = 8;
constexpr int kMaxAttempts = 12;

}  // namespace

void CheckInSender::Capture(CheckIn check_in, Now now) {
  ++counters_.captured;
  if (options_.before_send_check_in &&
      options_.before_send_check_in(check_in) == BeforeSend::kDrop) {
    return Drop("before_send", now.steady);
  }
  if (check_in.not_after <= now.steady) return Drop("ignored", now.steady);
  if (wire_.limits().until("monitor") > now.steady ||
      TooMany(check_in.monitor_slug, now.steady)) {
    return Drop("ratelimit_backoff", now.steady);
  }
  if (counters_.waiting >= kMaxWaiting) return Drop("queue_overflow", now.steady);
  ++counters_.waiting;
  waiting_.push_back({.check_in = std::move(check_in)});
  Poll(now);
}

// Only those that are let through count. The environment is the reporter's, one for
// all.
bool CheckInSender::TooMany(const std::string& slug, SteadyTime now) {
  const auto forget_old = [&](std::deque<SteadyTime>& times) {
    while (!times.empty() && times.front() + kMinute <= now) times.pop_front();
    return times.empty();
  };
  if (recent_.size() >= kMaxMonitors && !recent_.contains(slug)) {
    for (auto it = recent_.begin(); it != recent_.end();) {
      it = forget_old(it->second) ? recent_.erase(it) : std::next(it);
    }
    if (recent_.size() >= kMaxMonitors) return true;
  }
  std::deque<SteadyTime>& times = recent_[slug];
  forget_old(times);
  if (times.size() >= kMaxPerMinute) return true;
  times.push_back(now);
  return false;
}

void CheckInSender::Poll(Now now) {
  const bool limited = wire_.limits().until("monitor") > now.steady;
  for (std::size_t i = waiting_.size(); i > 0; --i) {
    Entry entry = std::move(waiting_.front());
    waiting_.pop_front();
    if (entry.check_in.not_after <= now.steady) {
      Reject(entry.attempts > 0 ? "network_error" : "ignored", "it is too late for it",
             now.steady);
    } else if (limited) {
      Reject("ratelimit_backoff", "check-ins are limited", now.steady);
    } else if (entry.not_before > now.steady || under_way_ >= kMaxUnderWay) {
      waiting_.push_back(std::move(entry));
    } else {
      Send(std::move(entry), now);
    }
  }
}

void CheckInSender::Send(Entry entry, Now now) {
  std::string envelope;
  AppendCheckInEnvelope(entry.check_in, options_, now.wall, envelope);
  Wire::How how;
  if (entry.check_in.not_after != SteadyTime::max()) {
    how.deadline = entry.check_in.not_after - now.steady;
  }
  const Status status =
      wire_.Post(std::move(envelope), how, now,
                 [this, sent = std::move(entry)](const Reply& reply, Now then) {
                   --under_way_;
                   Take(sent, reply, then);
                 });
  if (status.ok()) {
    ++under_way_;
  } else {
    Reject("internal_sdk_error", status.message(), now.steady);
  }
}

void CheckInSender::Take(Entry entry, const Reply& reply, Now now) {
  if (reply.ok()) {
    --counters_.waiting;
    ++counters_.delivered;
    return;
  }
  if (!reply.transient()) {
    // Sentry itself counts what it limits.
    return Reject(reply.status == 429 ? "" : "send_error", reply.Detail(), now.steady);
  }
  entry.not_before = wire_.After(++entry.attempts, reply, now);
  if (entry.attempts >= kMaxAttempts) {
    return Reject("network_error", "gave up: " + reply.Detail(), now.steady);
  }
  waiting_.push_back(std::move(entry));
}

void CheckInSender::Drop(std::string_view reason, SteadyTime now) {
  ++counters_.dropped;
  wire_.reports().Count(reason, "monitor", 1, now);
}

void CheckInSender::Reject(std::string_view reason, const std::string& detail,
                           SteadyTime now) {
  --counters_.waiting;
  ++counters_.rejected;
  if (!reason.empty()) wire_.reports().Count(reason, "monitor", 1, now);
  // One line each time the number has doubled.
  if (counters_.rejected < next_line_) return;
  next_line_ = counters_.rejected * 2;
  logger_.Log(LogLevel::kWarning, "check-ins are lost",
              {{"check_ins", std::to_string(counters_.rejected)}, {"last", detail}});
}

void CheckInSender::Hurry(Now now) {
  for (Entry& entry : waiting_) entry.not_before = SteadyTime::min();
  Poll(now);
}

// One that waits for a free place among those under way is sent when an answer comes.
SteadyTime CheckInSender::NextDeadline() const {
  SteadyTime next = SteadyTime::max();
  for (const Entry& entry : waiting_) {
    next = std::min(next, entry.check_in.not_after);
    if (under_way_ < kMaxUnderWay) next = std::min(next, entry.not_before);
  }
  return next;
}

}  // namespace k8sentry::internal
