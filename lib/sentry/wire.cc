#include "sentry/wire.h"

#include <algorithm>
#include <utility>

#include "base/retry_after.h"
#include "k8sentry/text.h"

namespace k8sentry::internal {
namespace {

// Longest piece of an error's body that is kept for the log.
constexpr std::size_t kMaxErrorBody = 4096;

constexpr Duration kMinBackoff = std::chrono::seconds(1);
constexpr Duration kMaxBackoff = std::chrono::minutes(1);

}  // namespace

std::string Reply::Detail() const {
  if (status == 0) return end.message();
  std::string detail(TruncateUtf8(body, kMaxErrorBody));
  if (detail.empty()) detail = head.header("X-Sentry-Error");
  return "status " + std::to_string(status) + " for " + std::to_string(sent_bytes) +
         " bytes: " + detail;
}

// One envelope on its way, and then its response.
struct Wire::Sent final : public HttpHandler {
  void OnSent() override { reply.went_out = true; }
  void OnHead(const HttpResponseHead& head) override {
    reply.head = head;
    reply.status = head.status;
  }
  BodyFlow OnBody(std::string_view bytes) override {
    // A little more, so that a character across the limit is seen to be cut.
    reply.body += bytes.substr(0, kMaxErrorBody + 4 - reply.body.size());
    return BodyFlow::kContinue;
  }
  void OnDone(const Status& end) override {
    reply.end = end;
    finished = true;
  }

  HttpRequestId request = 0;
  bool finished = false;
  bool only_reports = false;
  Reply reply;
  OnReply done;
  std::vector<DiscardedEvents> discarded;  // the client report in it
};

Wire::Wire(const SentryOptions& options, HttpTransport& transport)
    : options_(options),
      transport_(transport),
      reports_(options.client_reports ? ClientReports::Mode::kOn
                                      : ClientReports::Mode::kOff) {}

Wire::~Wire() {
  for (const auto& sent : posts_) transport_.Cancel(sent->request);
}

// "All" covers client reports, too: Sentry calls their category `internal`.
bool Wire::reports_may_go(SteadyTime now) const {
  return !reports_.empty() && limits_.until("internal") <= now;
}

Status Wire::Post(std::string envelope, const How& how, Now now, OnReply done) {
  auto sent = std::make_unique<Sent>();
  sent->only_reports = envelope.empty();
  if (reports_may_go(now.steady) && (sent->only_reports || !reports_go_alone_)) {
    sent->discarded = reports_.Take();
    if (sent->only_reports) {
      AppendClientReportEnvelope(sent->discarded, now.wall, envelope);
    } else {
      AppendClientReportItem(sent->discarded, now.wall, envelope);
    }
  }
  const auto fail = [&](Status status) {
    reports_.Restore(sent->discarded, now.steady);
    return status;
  };
  HttpRequest request;
  request.method = "POST";
  request.url = options_.dsn.envelope_url();
  request.headers = {{"Content-Type", "application/x-sentry-envelope"}};
  request.auth_header_name = "X-Sentry-Auth";
  request.auth_header_value = options_.dsn.auth_header();
  request.body = std::move(envelope);
  request.tls = options_.tls;
  request.proxy = options_.proxy;
  request.addresses = options_.addresses;
  request.group = ConnectionGroup::kPost;
  request.repeat = how.repeat;
  request.deadline = std::min(options_.timeout, how.deadline);
  if (request.body.size() >= options_.gzip_from_bytes) {
    Result<std::string> compressed = gzip_.Compress(request.body);
    if (!compressed.ok()) return fail(compressed.status());
    request.body = *std::move(compressed);
    request.headers.push_back({"Content-Encoding", "gzip"});
  }
  sent->reply.sent_bytes = request.body.size();
  const Result<HttpRequestId> id = transport_.Start(std::move(request), *sent);
  if (!id.ok()) return fail(id.status());
  sent->request = *id;
  sent->done = std::move(done);
  if (sent->only_reports) ++reports_under_way_;
  posts_.push_back(std::move(sent));
  return {};
}

void Wire::Take(Now now) {
  const auto first_finished = std::stable_partition(
      posts_.begin(), posts_.end(), [](const auto& sent) { return !sent->finished; });
  // Out of the list first: who gets an answer may post again.
  std::vector<std::unique_ptr<Sent>> finished(std::make_move_iterator(first_finished),
                                              std::make_move_iterator(posts_.end()));
  posts_.erase(first_finished, posts_.end());
  for (const auto& sent : finished) {
    if (sent->only_reports) --reports_under_way_;
  }
  // All limits before any answer: what one of them allows another may forbid.
  for (const auto& sent : finished) Settle(*sent, now);
  for (const auto& sent : finished) {
    if (sent->done) sent->done(sent->reply, now);
  }
}

void Wire::Settle(Sent& sent, Now now) {
  const Reply& reply = sent.reply;
  if (reply.status != 0) limits_.Update(reply.head, now);
  if (sent.discarded.empty()) return;
  if (reply.ok()) {
    ++reports_delivered_;
    if (sent.only_reports) reports_go_alone_ = false;
    return;
  }
  const bool refused = !reply.transient() && reply.status != 429;
  if (refused && sent.only_reports) return;  // Sentry does not want it
  reports_go_alone_ = reports_go_alone_ || refused;
  reports_.Restore(sent.discarded, now.steady);
}

void Wire::SendReports(Now now) {
  if (reports_.due() > now.steady || reports_under_way_ > 0) return;
  if (!reports_may_go(now.steady)) return reports_.CalmDown();
  // When it cannot even be started it is counted again, and that is all.
  (void)Post({}, {}, now, {}).ok();
}

SteadyTime Wire::NextDeadline() const {
  if (std::any_of(posts_.begin(), posts_.end(),
                  [](const auto& sent) { return sent->finished; })) {
    return SteadyTime::min();
  }
  if (reports_.empty() || reports_under_way_ > 0) return SteadyTime::max();
  return std::max(reports_.due(), limits_.until("internal"));
}

SteadyTime Wire::NotBefore(const Reply& reply, Now now) {
  if (reply.status < 500) return SteadyTime::min();
  const std::optional<Duration> pause =
      ParseRetryAfter(reply.head.header("Retry-After"), now.wall);
  return pause ? now.steady + *pause : SteadyTime::min();
}

SteadyTime Wire::After(int attempts, const Reply& reply, Now now) {
  Duration ceiling = kMinBackoff;
  for (int i = 0; i < attempts && ceiling < kMaxBackoff; ++i) ceiling *= 2;
  ceiling = std::min(ceiling, kMaxBackoff);
  const auto jitter = std::chrono::duration_cast<Duration>((ceiling - kMinBackoff) *
                                                           random(now).Unit());
  return std::max(now.steady + kMinBackoff + jitter, NotBefore(reply, now));
}

Random& Wire::random(Now now) {
  if (random_ == nullptr) {
    random_ = std::make_unique<Random>(
        static_cast<std::uint64_t>(now.steady.time_since_epoch().count()));
  }
  return *random_;
}

}  // namespace k8sentry::internal
