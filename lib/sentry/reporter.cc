#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "base/retry_after.h"
#include "delivery/gzip.h"
#include "k8sentry/sentry_reporter.h"
#include "k8sentry/text.h"
#include "sentry/event_payload.h"
#include "sentry/rate_limits.h"

namespace k8sentry {
namespace {

using internal::RateLimits;

// Longest piece of an error's body that is kept for the log.
constexpr std::size_t kMaxErrorBody = 4096;

// Which telling of which Send.
struct Ticket {
  std::shared_ptr<const Completion> done;
  std::size_t index = 0;
  TellingId id = {};
};

// One envelope on its way, and then its response.
struct Post final : public HttpHandler {
  void OnHead(const HttpResponseHead& response) override { head = response; }
  BodyFlow OnBody(std::string_view bytes) override {
    // A little more, so that a character across the limit is seen to be cut.
    body += bytes.substr(0, kMaxErrorBody + 4 - body.size());
    return BodyFlow::kContinue;
  }
  void OnDone(const Status& end) override {
    status = end;
    finished = true;
  }

  Ticket ticket;
  HttpRequestId request = 0;
  std::size_t request_bytes = 0;
  bool finished = false;
  HttpResponseHead head;  // its status is 0 as long as there was none
  std::string body;       // the beginning
  Status status;
};

// What went wrong is for the delivery queue to log, with what the server says of it.
Outcome Rejected(const Post& post) {
  std::string detail(TruncateUtf8(post.body, kMaxErrorBody));
  if (detail.empty()) detail = post.head.header("X-Sentry-Error");
  return {Outcome::Kind::kRejected, SteadyTime::min(),
          "status " + std::to_string(post.head.status) + " for " +
              std::to_string(post.request_bytes) + " bytes: " + detail};
}

class Reporter final : public SentryReporter {
 public:
  Reporter(const SentryOptions& options, HttpTransport& transport)
      : options_(options), transport_(transport) {}
  ~Reporter() override {
    for (const auto& post : posts_) transport_.Cancel(post->request);
  }

  void Send(std::span<const Telling> batch, Now now, Completion done) override;
  void Poll(Now now) override;
  SteadyTime NextDeadline() const override;
  SteadyTime limited_until() const override { return limits_.events_until(); }
  std::size_t max_in_flight() const override { return options_.max_in_flight; }
  std::size_t in_flight() const override { return posts_.size(); }
  void CaptureLog(SentryLog, Now) override {}
  void CaptureCheckIn(CheckIn, Now) override {}
  const SentryCounters& counters() const override { return counters_; }

 private:
  struct Ending {
    Ticket ticket;
    Outcome outcome;
  };

  void Start(const Telling& telling, Now now, Ticket ticket);
  Result<HttpRequest> RequestFor(const Telling& telling, Now now) const;
  // Turns the responses that have come into endings. Completions run later.
  void TakeResponses(Now now);
  Outcome OutcomeOf(const Post& post, Now now);

  const SentryOptions options_;
  HttpTransport& transport_;
  RateLimits limits_;
  SentryCounters counters_;
  std::vector<std::unique_ptr<Post>> posts_;
  std::vector<Ending> endings_;
};

void Reporter::Send(std::span<const Telling> batch, Now now, Completion done) {
  // A limit that just arrived holds for this batch already.
  TakeResponses(now);
  const auto shared = std::make_shared<const Completion>(std::move(done));
  for (std::size_t i = 0; i < batch.size(); ++i) {
    Ticket ticket{shared, i, batch[i].id};
    if (limits_.events_until() > now.steady) {
      endings_.push_back(
          {std::move(ticket), {Outcome::Kind::kLimited, limits_.events_until(), {}}});
    } else {
      Start(batch[i], now, std::move(ticket));
    }
  }
}

void Reporter::Start(const Telling& telling, Now now, Ticket ticket) {
  Result<HttpRequest> request = RequestFor(telling, now);
  if (!request.ok()) {
    endings_.push_back(
        {std::move(ticket),
         {Outcome::Kind::kRetry, SteadyTime::min(), request.status().message()}});
    return;
  }
  auto post = std::make_unique<Post>();
  post->request_bytes = request->body.size();
  const Result<HttpRequestId> id = transport_.Start(*std::move(request), *post);
  if (!id.ok()) {
    endings_.push_back(
        {std::move(ticket),
         {Outcome::Kind::kRejected, SteadyTime::min(), id.status().message()}});
    return;
  }
  post->ticket = std::move(ticket);
  post->request = *id;
  posts_.push_back(std::move(post));
}

Result<HttpRequest> Reporter::RequestFor(const Telling& telling, Now now) const {
  HttpRequest request;
  request.method = "POST";
  request.url = options_.dsn.envelope_url();
  request.headers = {{"Content-Type", "application/x-sentry-envelope"}};
  request.auth_header_name = "X-Sentry-Auth";
  request.auth_header_value = options_.dsn.auth_header();
  request.body = SentryEnvelope(telling, options_, now.wall);
  request.tls = options_.tls;
  request.proxy = options_.proxy;
  request.group = ConnectionGroup::kPost;
  request.deadline = options_.timeout;
  if (request.body.size() >= options_.gzip_from_bytes) {
    Result<std::string> compressed = internal::Gzip(request.body);
    if (!compressed.ok()) return compressed.status();
    request.body = *std::move(compressed);
    request.headers.push_back({"Content-Encoding", "gzip"});
  }
  return request;
}

void Reporter::Poll(Now now) {
  TakeResponses(now);
  // A completion may call Send, which may add endings: those wait for the next Poll.
  for (const Ending& ending : std::exchange(endings_, {})) {
    (*ending.ticket.done)(ending.ticket.index, ending.outcome);
  }
}

SteadyTime Reporter::NextDeadline() const {
  const bool due =
      !endings_.empty() || std::any_of(posts_.begin(), posts_.end(),
                                       [](const auto& post) { return post->finished; });
  return due ? SteadyTime::min() : SteadyTime::max();
}

void Reporter::TakeResponses(Now now) {
  const auto first_finished = std::stable_partition(
      posts_.begin(), posts_.end(), [](const auto& post) { return !post->finished; });
  for (auto post = first_finished; post != posts_.end(); ++post) {
    endings_.push_back({std::move((*post)->ticket), OutcomeOf(**post, now)});
  }
  posts_.erase(first_finished, posts_.end());
}

// Semantics 11. A response counts by its status code even if its body was cut off: the
// code says what became of the envelope.
Outcome Reporter::OutcomeOf(const Post& post, Now now) {
  const int code = post.head.status;
  if (code == 0) {
    return {Outcome::Kind::kRetry, SteadyTime::min(), post.status.message()};
  }
  limits_.Update(post.head, now);
  if (code >= 200 && code < 300) return {};
  if (code == 429) {
    // A limit that is no limit on events, or none at all, must not make us knock again
    // at once: then the queue's backoff decides.
    const bool limited = limits_.events_until() > now.steady;
    return {limited ? Outcome::Kind::kLimited : Outcome::Kind::kRetry,
            limited ? limits_.events_until() : SteadyTime::min(), "status 429"};
  }
  if (code >= 500) {
    const std::optional<Duration> pause =
        internal::ParseRetryAfter(post.head.header("Retry-After"), now.wall);
    return {Outcome::Kind::kRetry, pause ? now.steady + *pause : SteadyTime::min(),
            "status " + std::to_string(code)};
  }
  return Rejected(post);
}

// Sentry drops an attribute that breaks these rules; better to say so at the start.
// (Sentry developer docs, event payloads, release and environment.)
Status CheckOptions(const SentryOptions& options) {
  const auto wrong = [](std::string what) {
    return Status(StatusCode::kConfiguration, "Sentry " + std::move(what));
  };
  if (options.dsn.host.empty() || options.dsn.public_key.empty()) {
    return wrong("reporter: the DSN is missing; make it with ParseDsn");
  }
  const std::string& environment = options.environment;
  if (environment == "None" ||
      environment.find_first_of("/ \t\r\n") != std::string::npos) {
    return wrong("environment: must not be None, nor hold a slash or white space");
  }
  if (TruncateCharacters(environment, internal::kMaxEnvironment) != environment) {
    return wrong("environment: longer than 64 characters");
  }
  const std::string& release = options.release;
  if (release == "." || release == ".." ||
      release.find_first_of("/\\\t\r\n") != std::string::npos ||
      (!release.empty() && release.find_first_not_of(' ') == std::string::npos)) {
    return wrong("release: must not be blank, . or .., nor hold / \\ tab or newline");
  }
  if (TruncateCharacters(release, internal::kMaxRelease) != release) {
    return wrong("release: longer than 200 characters");
  }
  if (options.max_in_flight == 0) return wrong("max_in_flight: must be at least 1");
  return {};
}

// What Relay refuses, but another receiver of envelopes may take.
void WarnOfUnusualDsn(const Dsn& dsn, Logger& logger) {
  if (dsn.project_id.find_first_not_of("0123456789") != std::string::npos) {
    logger.Log(LogLevel::kWarning, "the DSN's project id is not a number",
               {{"dsn", dsn.redacted()}});
  }
  if (dsn.public_key.Reveal().size() != 32) {
    logger.Log(LogLevel::kWarning, "the DSN's public key does not have 32 characters",
               {{"dsn", dsn.redacted()}});
  }
}

}  // namespace

Result<std::unique_ptr<SentryReporter>> NewSentryReporter(const SentryOptions& options,
                                                          HttpTransport& transport,
                                                          Logger& logger) {
  if (Status s = CheckOptions(options); !s.ok()) return s;
  WarnOfUnusualDsn(options.dsn, logger);
  return std::unique_ptr<SentryReporter>(new Reporter(options, transport));
}

}  // namespace k8sentry
