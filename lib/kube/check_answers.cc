// What a ClusterCheck makes of the server's answers.
#include "base/retry_after.h"
#include "json/json_reader.h"
#include "k8sentry/text.h"
#include "kube/api_status.h"
#include "kube/cluster_check.h"
#include "kube/connection_advice.h"

namespace k8sentry::internal {
namespace {

constexpr char kGiveCredential[] = "give a credential: a kubeconfig, or --token-file";

std::string Short(std::string_view text) {
  return std::string(TruncateUtf8(FirstLine(text), 300));
}

std::string MessageOf(int status, std::string_view body) {
  const std::string message = ParseApiStatus(body.substr(0, kMaxErrorBytes)).message;
  return "HTTP " + std::to_string(status) + (message.empty() ? "" : ": " + message);
}

// The failed parts of a /readyz: "[-]etcd failed: reason withheld".
std::string FailedParts(std::string_view body) {
  std::string parts;
  for (std::size_t at = 0; (at = body.find("[-]", at)) != body.npos; at += 3) {
    const std::string_view line = FirstLine(body.substr(at + 3));
    parts += (parts.empty() ? "" : ", ") + std::string(line);
  }
  return Short(parts);
}

}  // namespace

void ClusterCheckImpl::TakeIn(const Request& answer, Time wall) {
  const Question& question = answer.question;
  if (question.ask == Ask::kVersion) return TakeInServer(answer, wall);
  if (answer.status == 0 || (answer.done && !answer.done->ok())) {
    return Unanswered(question, answer.done->message());
  }
  switch (question.ask) {
    case Ask::kReady:
      return TakeInReady(answer);
    case Ask::kUser:
      return TakeInUser(answer);
    default:
      return question.access->Read(answer.status, answer.body);
  }
}

void ClusterCheckImpl::TakeInServer(const Request& answer, Time wall) {
  const ClusterConfig& cluster = options_.cluster;
  if (answer.status == 0) {
    const Status why = answer.done->ok() ? Status(StatusCode::kUnavailable, "no answer")
                                         : *answer.done;
    return Fail(Unreachable(why, cluster, wall));
  }
  if (answer.status == 401) {
    findings_.push_back({.what = "API server", .detail = cluster.server + " answers"});
    CheckClock(answer, wall);
    return Fail(NotAuthenticated(answer.body, cluster));
  }
  const std::string version = JsonStringAt(answer.body, {"gitVersion"}).value_or("");
  if (answer.status == 200 && !version.empty()) {
    findings_.push_back(
        {.what = "API server",
         .detail = cluster.server + " answers: Kubernetes " + Short(version)});
  } else if (answer.status == 403) {
    const std::string message = MessageOf(403, answer.body);
    if (!cluster.impersonation.user.empty() &&
        message.find("impersonate") != message.npos) {
      return Fail({.level = FindingLevel::kError,
                   .what = "user",
                   .detail = "it may not act as somebody else: " + message,
                   .remedy = "grant the verb impersonate for what is named, or do "
                             "without --as"});
    }
    findings_.push_back(
        {.level = FindingLevel::kWarning,
         .what = "API server",
         .detail = cluster.server + " does not tell its version: " + message});
  } else {
    return Fail(NoApiServer(answer.status, answer.body, cluster));
  }
  CheckClock(answer, wall);
  AskTheRest();
}

void ClusterCheckImpl::CheckClock(const Request& answer, Time wall) {
  const std::optional<Time> theirs = ParseHttpDate(answer.date);
  if (!theirs) return;
  const auto skew = std::chrono::round<std::chrono::seconds>(wall - *theirs);
  if (std::chrono::abs(skew) <= options_.max_skew) {
    findings_.push_back({.what = "clock", .detail = "as the server's"});
    return;
  }
  findings_.push_back(
      {.level = FindingLevel::kWarning,
       .what = "clock",
       .detail = FormatDuration(std::chrono::abs(skew)) +
                 (skew.count() < 0 ? " behind" : " ahead of") +
                 " the server's: tokens and certificates seem expired or not yet "
                 "valid, and the lookback is measured wrongly",
       .remedy = "set the clocks of both by NTP"});
}

void ClusterCheckImpl::TakeInReady(const Request& answer) {
  // Whoever may not ask has other means to know.
  if (answer.status == 200 || answer.status == 403 || answer.status == 404) return;
  const std::string parts = FailedParts(answer.body);
  findings_.push_back(
      {.level = FindingLevel::kWarning,
       .what = "readiness",
       .detail = "the server says that it is not ready: " +
                 (parts.empty() ? MessageOf(answer.status, answer.body) : parts),
       .remedy = "see `kubectl get --raw '/readyz?verbose'`"});
}

void ClusterCheckImpl::TakeInUser(const Request& answer) {
  Finding finding = {.what = "user"};
  if (answer.status == 200 || answer.status == 201) {
    user_ = JsonStringAt(answer.body, {"status", "userInfo", "username"}).value_or("");
  }
  if (!user_.empty()) {
    finding.detail = "the server takes it for " + Short(user_);
    if (user_ == "system:anonymous") {
      finding.level = FindingLevel::kWarning;
      finding.remedy = kGiveCredential;
    }
  } else if (answer.status == 404) {
    finding.detail =
        "the server does not tell whom it takes us for (it does from Kubernetes 1.28 "
        "on)";
  } else {
    const std::string message = MessageOf(answer.status, answer.body);
    // Whoever shows no credential may not even ask this.
    const bool nobody = message.find("system:anonymous") != message.npos;
    finding.level = nobody ? FindingLevel::kError : FindingLevel::kOk;
    finding.remedy = nobody ? kGiveCredential : "";
    finding.detail = (nobody ? "the server takes it for nobody: "
                             : "the server does not tell whom it takes us for: ") +
                     message;
  }
  findings_.push_back(std::move(finding));
}

void ClusterCheckImpl::Unanswered(const Question& question, const std::string& why) {
  switch (question.ask) {
    case Ask::kAccess:
      question.access->why = Short(why);
      return;
    case Ask::kUser:
      findings_.push_back(
          {.level = FindingLevel::kWarning,
           .what = "user",
           .detail = "the server does not tell whom it takes us for: " + Short(why)});
      return;
    default:
      findings_.push_back(
          {.level = FindingLevel::kWarning,
           .what = "readiness",
           .detail = "it is not known whether the server is ready: " + Short(why)});
  }
}

}  // namespace k8sentry::internal
