#include "kube/cluster_check.h"

#include <algorithm>
#include <utility>

#include "k8sentry/text.h"
#include "kube/connection_advice.h"

namespace k8sentry {

std::string_view FindingLevelName(FindingLevel level) {
  switch (level) {
    case FindingLevel::kOk:
      return "ok";
    case FindingLevel::kWarning:
      return "warning";
    case FindingLevel::kError:
      return "error";
  }
  return "unknown";
}

namespace internal {
namespace {

constexpr std::size_t kMaxRequests = 16;  // at a time
constexpr char kUserPath[] = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
constexpr char kUserBody[] =
    R"({"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview"})";

std::string Short(std::string_view text) {
  return std::string(TruncateUtf8(FirstLine(text), 300));
}

}  // namespace

void ClusterCheckImpl::Request::OnHead(const HttpResponseHead& head) {
  status = head.status;
  date = head.header("Date");
}

BodyFlow ClusterCheckImpl::Request::OnBody(std::string_view bytes) {
  too_long = bytes.size() > kMaxBody - body.size();
  if (too_long) return BodyFlow::kPause;
  body.append(bytes);
  return BodyFlow::kContinue;
}

ClusterCheckImpl::ClusterCheckImpl(const ClusterCheckOptions& options,
                                   HttpTransport& transport)
    : options_(options),
      api_(options_.cluster, transport),
      topics_(WantedAccess(options_)) {}

SteadyTime ClusterCheckImpl::NextDeadline() const {
  if (done_) return SteadyTime::max();
  const bool ready = std::any_of(requests_.begin(), requests_.end(),
                                 [](const auto& request) { return request->over(); });
  if (!began_ || ready) return SteadyTime::min();
  if (!to_ask_.empty() && api_.pending()) return std::min(end(), api_.NextDeadline());
  return end();
}

void ClusterCheckImpl::Poll(Now now) {
  if (done_) return;
  if (!began_) Begin(now.steady);
  for (std::size_t i = 0; i < requests_.size() && !done_;) {
    if (!requests_[i]->over()) {
      ++i;
      continue;
    }
    const std::unique_ptr<Request> answer = std::move(requests_[i]);
    requests_.erase(requests_.begin() + static_cast<std::ptrdiff_t>(i));
    if (!answer->done) api_.transport().Cancel(answer->id);
    answered_ = true;
    TakeIn(*answer, now.wall);
  }
  if (done_) return;
  if (now.steady >= end()) return GiveUp();
  StartMore(now);
  if (!done_ && to_ask_.empty() && requests_.empty()) Finish();
}

void ClusterCheckImpl::Begin(SteadyTime now) {
  began_ = now;
  if (options_.scope == CheckScope::kRights) return AskTheRest();
  const ClusterConfig& cluster = options_.cluster;
  if (!cluster.warning.empty()) {
    findings_.push_back({.level = FindingLevel::kWarning,
                         .what = "configuration",
                         .detail = cluster.warning});
  }
  if (cluster.server.starts_with("https://") &&
      cluster.tls.verification == TlsVerification::kInsecureSkipVerify) {
    findings_.push_back(
        {.level = FindingLevel::kWarning,
         .what = "TLS",
         .detail = "any certificate is trusted: whoever sits between reads the "
                   "credential",
         .remedy = "give the authority's certificate instead of "
                   "insecure-skip-tls-verify"});
  }
  to_ask_ = {{.ask = Ask::kVersion}};
}

void ClusterCheckImpl::AskTheRest() {
  if (options_.scope == CheckScope::kAll) {
    to_ask_ = {{.ask = Ask::kReady}, {.ask = Ask::kUser}};
  }
  for (AccessTopic& topic : topics_) {
    for (AccessQuestion& question : topic.questions) {
      to_ask_.push_back({.access = &question});
    }
  }
}

void ClusterCheckImpl::StartMore(Now now) {
  // Those after the first can share its connection.
  const std::size_t most = answered_ ? kMaxRequests : 1;
  while (!done_ && !to_ask_.empty() && requests_.size() < most) {
    const Status prepared = api_.Prepare(now);
    if (api_.pending()) return;
    if (!prepared.ok()) {
      return Fail({.level = FindingLevel::kError,
                   .what = "credential",
                   .detail = Short(prepared.message()),
                   .remedy = "without it the server is not asked; check " +
                             options_.cluster.origin});
    }
    const Question question = to_ask_.front();
    to_ask_.pop_front();
    Start(question, now.steady);
  }
}

void ClusterCheckImpl::Start(const Question& question, SteadyTime now) {
  HttpRequest request;
  switch (question.ask) {
    case Ask::kVersion:
      request = api_.Get("/version");
      break;
    case Ask::kReady:
      request = api_.Get("/readyz", "*/*");
      break;
    case Ask::kUser:
      request = api_.Post(kUserPath, kUserBody);
      break;
    case Ask::kAccess:
      request = api_.Post(kAccessReviewPath, question.access->Body());
      break;
  }
  request.group = ConnectionGroup::kLookup;
  request.deadline = end() - now;
  // A host that does not answer is told from one that takes its time.
  request.connect_timeout =
      std::min<Duration>(request.connect_timeout, request.deadline / 2);
  auto under_way = std::make_unique<Request>();
  under_way->question = question;
  const Result<HttpRequestId> id = api_.Start(std::move(request), *under_way);
  if (id.ok()) {
    under_way->id = *id;
  } else {
    under_way->done = id.status();
  }
  requests_.push_back(std::move(under_way));
}

// --- the end ---

void ClusterCheckImpl::GiveUp() {
  const std::string why = "no answer within " + FormatDuration(options_.deadline);
  std::deque<Question> open = std::exchange(to_ask_, {});
  for (const auto& request : requests_) open.push_back(request->question);
  Cancel();
  for (const Question& question : open) {
    if (question.ask == Ask::kVersion) {
      if (api_.pending()) {
        return Fail({.level = FindingLevel::kError,
                     .what = "credential",
                     .detail = "the program that fetches it does not end: " + why,
                     .remedy = "run it by hand; give it more time with "
                               "--request-timeout"});
      }
      return Fail(Unreachable(Status(StatusCode::kDeadlineExceeded, why),
                              options_.cluster, {}));
    }
    Unanswered(question, why);
  }
  Finish();
}

void ClusterCheckImpl::Finish() {
  for (const AccessTopic& topic : topics_) findings_.push_back(topic.Judge());
  done_ = true;
}

void ClusterCheckImpl::Fail(Finding finding) {
  Cancel();
  findings_.push_back(std::move(finding));
  done_ = true;
}

void ClusterCheckImpl::Cancel() {
  for (const auto& request : requests_) {
    if (!request->done) api_.transport().Cancel(request->id);
  }
  requests_.clear();
}

}  // namespace internal
}  // namespace k8sentry
