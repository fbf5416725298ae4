// The Wire posts the envelopes of one DSN and hands out Sentry's answers.
//
// It keeps what all items of a DSN share: the connection's options, the rate limits,
// and the client reports, which ride along with whatever goes out.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "delivery/gzip.h"
#include "k8sentry/http_transport.h"
#include "k8sentry/sentry_reporter.h"
#include "sentry/client_reports.h"
#include "sentry/rate_limits.h"

namespace k8sentry::internal {

// What became of one envelope.
struct Reply {
  int status = 0;  // 0: there was no response, and `end` says why
  HttpResponseHead head;
  std::string body;  // its beginning
  Status end;
  bool went_out = false;       // all of the request, even if there was no response
  std::size_t sent_bytes = 0;  // of its body, compressed or not

  bool ok() const { return status >= 200 && status < 300; }
  // Trying again later may work: no response, or a 5xx.
  bool transient() const { return status == 0 || status >= 500; }
  // "status 413 for 812 bytes: {...}", or why there was no response.
  std::string Detail() const;
};

class Wire {
 public:
  using OnReply = std::function<void(const Reply&, Now)>;

  // Both must outlive it.
  Wire(const SentryOptions& options, HttpTransport& transport);
  ~Wire();  // cancels what is under way; its OnReply is not called
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  // Posts `envelope` and what client reports wait. `done` runs once, in Take.
  // Errors: kInvalidArgument or kInternal; then it never runs.
  struct How {
    HttpRepeat repeat = HttpRepeat::kIfConnectionWasStale;
    Duration deadline = Duration::max();  // at most the options' timeout
  };
  Status Post(std::string envelope, const How& how, Now now, OnReply done);

  // Learns from the responses that have come, and hands them out.
  void Take(Now now);
  // Sends client reports alone when that is due.
  void SendReports(Now now);
  // When Take or SendReports has work; min() when Take has some now.
  SteadyTime NextDeadline() const;

  // When a 5xx asks for a pause, not before its end; else min().
  static SteadyTime NotBefore(const Reply& reply, Now now);
  // When to try again what has failed `attempts` times.
  SteadyTime After(int attempts, const Reply& reply, Now now);
  // The random numbers of this DSN: for jitter and samples.
  Random& random(Now now);

  RateLimits& limits() { return limits_; }
  const RateLimits& limits() const { return limits_; }
  ClientReports& reports() { return reports_; }
  const ClientReports& reports() const { return reports_; }
  std::uint64_t reports_delivered() const { return reports_delivered_; }
  // Under way; those of client reports alone are not counted.
  std::size_t in_flight() const { return posts_.size() - reports_under_way_; }
  bool idle() const { return posts_.empty() && !reports_.urgent(); }

 private:
  struct Sent;

  bool reports_may_go(SteadyTime now) const;
  void Settle(Sent& sent, Now now);

  const SentryOptions& options_;
  HttpTransport& transport_;
  Gzip gzip_;
  RateLimits limits_;
  ClientReports reports_;
  std::vector<std::unique_ptr<Sent>> posts_;
  std::size_t reports_under_way_ = 0;
  // Sentry refused an envelope with a report in it: the next one goes alone, so that a
  // report cannot cost issues.
  bool reports_go_alone_ = false;
  std::uint64_t reports_delivered_ = 0;
  std::unique_ptr<Random> random_;
};

}  // namespace k8sentry::internal
