#include "sentry/log_sender.h"

#include <algorithm>
#include <utility>

namespace k8sentry::internal {
namespace {

constexpr std::size_t kMaxBatchLogs = 100;
// A container may have 1 MiB; this leaves room for what surrounds the logs.
constexpr std::size_t kMaxBatchBytes = (1 << 20) - 4096;
constexpr Duration kPatience = std::chrono::seconds(5);
constexpr std::size_t kMaxLogs = 1000;
constexpr std::size_t kMaxBytes = 8 << 20;
constexpr std::size_t kMaxUnderWay = 4;
constexpr int kMaxAttempts = 12;

// About what it would have become, for what never becomes bytes.
std::size_t RoughBytes(const SentryLog& log) {
  std::size_t bytes = 128 + log.body.size();
  for (const SentryAttribute& attribute : log.attributes) {
    bytes += 32 + attribute.name.size();
    if (const auto* text = std::get_if<std::string>(&attribute.value)) {
      bytes += text->size();
    }
  }
  return bytes;
}

}  // namespace

void LogSender::Capture(SentryLog log, Now now) {
  ++counters_.captured;
  if (log.timestamp == Time()) log.timestamp = now.wall;
  if (options_.logs_sample_rate < 1 &&
      wire_.random(now).Unit() >= options_.logs_sample_rate) {
    return Drop("sample_rate", RoughBytes(log), now.steady);
  }
  ScrubItem(scrubber_, log);
  if (options_.before_send_log && options_.before_send_log(log) == BeforeSend::kDrop) {
    return Drop("before_send", RoughBytes(log), now.steady);
  }
  std::string payload;
  AppendLogPayload(log, options_, payload);
  if (payload.size() > kMaxBatchBytes) {
    return Drop("invalid", payload.size(), now.steady);
  }
  if (counters_.waiting >= kMaxLogs || bytes_ + payload.size() > kMaxBytes) {
    // Logs wait while a limit lasts; that there is no more room then is its doing.
    const bool limited = limited_until() > now.steady;
    return Drop(limited ? "ratelimit_backoff" : "buffer_overflow", payload.size(),
                now.steady);
  }
  Add(std::move(payload), now);
}

void LogSender::Add(std::string payload, Now now) {
  if (open_.bytes + payload.size() + 1 > kMaxBatchBytes) Close();
  if (open_.payloads.empty()) {
    open_due_ = now.steady < hurry_until_ ? now.steady : now.steady + kPatience;
  }
  ++counters_.waiting;
  bytes_ += payload.size();
  open_.bytes += payload.size() + 1;
  open_.payloads.push_back(std::move(payload));
  if (open_.payloads.size() == kMaxBatchLogs) Close();
}

void LogSender::Close() {
  if (open_.payloads.empty()) return;
  ready_.push_back(std::make_shared<Batch>(std::exchange(open_, {})));
  open_due_ = SteadyTime::max();
}

// A limit on bytes is one on logs, too.
SteadyTime LogSender::limited_until() const {
  return std::max(wire_.limits().until("log_item"), wire_.limits().until("log_byte"));
}

// While it fails one batch tries for all.
bool LogSender::may_send_more() const {
  return !ready_.empty() && under_way_ < (failing_ ? 1 : kMaxUnderWay);
}

void LogSender::Poll(Now now) {
  if (open_due_ <= now.steady) Close();
  if (limited_until() > now.steady || not_before_ > now.steady) return;
  while (may_send_more()) Send(now);
}

void LogSender::Send(Now now) {
  const BatchPtr batch = std::move(ready_.front());
  ready_.pop_front();
  std::string envelope;
  AppendLogEnvelope(batch->payloads, now.wall, envelope);
  const Status status = wire_.Post(std::move(envelope), {.repeat = HttpRepeat::kNever},
                                   now, [this, batch](const Reply& reply, Now then) {
                                     --under_way_;
                                     Take(batch, reply, then);
                                   });
  if (status.ok()) {
    ++under_way_;
  } else {
    Reject(*batch, "internal_sdk_error", status.message(), now);
  }
}

void LogSender::Take(const BatchPtr& batch, const Reply& reply, Now now) {
  if (reply.ok()) {
    counters_.waiting -= batch->payloads.size();
    counters_.delivered += batch->payloads.size();
    for (const std::string& payload : batch->payloads) bytes_ -= payload.size();
    failing_ = false;
    return;
  }
  if (reply.status == 429) {
    if (limited_until() > now.steady) {
      ready_.push_front(batch);
    } else {
      Retry(batch, reply, now);  // not limited, so nobody says how long to wait
    }
    return;
  }
  // Logs have no id by which a repeat would be known: it would be there twice.
  const bool may_have_arrived = reply.status == 0 && reply.went_out;
  if (reply.transient() && !may_have_arrived) return Retry(batch, reply, now);
  Reject(*batch, reply.status == 0 ? "network_error" : "send_error", reply.Detail(),
         now);
}

void LogSender::Retry(const BatchPtr& batch, const Reply& reply, Now now) {
  failing_ = true;
  if (++batch->attempts >= kMaxAttempts) {
    return Reject(*batch, "network_error", "gave up: " + reply.Detail(), now);
  }
  not_before_ = std::max(not_before_, wire_.After(batch->attempts, reply, now));
  ready_.push_front(batch);
}

void LogSender::Reject(const Batch& batch, std::string_view reason,
                       const std::string& detail, Now now) {
  std::size_t bytes = 0;
  for (const std::string& payload : batch.payloads) bytes += payload.size();
  bytes_ -= bytes;
  counters_.waiting -= batch.payloads.size();
  counters_.rejected += batch.payloads.size();
  Count(reason, batch.payloads.size(), bytes, now.steady);
  // One line each time the number has doubled.
  if (counters_.rejected < next_line_) return;
  next_line_ = counters_.rejected * 2;
  logger_.Log(LogLevel::kWarning, "logs are lost",
              {{"logs", std::to_string(counters_.rejected)}, {"last", detail}});
}

void LogSender::Drop(std::string_view reason, std::size_t bytes, SteadyTime now) {
  ++counters_.dropped;
  Count(reason, 1, bytes, now);
}

void LogSender::Count(std::string_view reason, std::size_t logs, std::size_t bytes,
                      SteadyTime now) {
  wire_.reports().Count(reason, "log_item", logs, now);
  wire_.reports().Count(reason, "log_byte", bytes, now);
}

void LogSender::Hurry(Now now, SteadyTime until) {
  hurry_until_ = until;
  not_before_ = SteadyTime::min();  // there may be no later
  Close();
  Poll(now);
}

SteadyTime LogSender::NextDeadline() const {
  if (!may_send_more()) return open_due_;
  return std::min(open_due_, std::max(limited_until(), not_before_));
}

}  // namespace k8sentry::internal
