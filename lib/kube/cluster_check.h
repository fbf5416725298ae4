// The check behind NewClusterCheck: a few questions at a time, then their findings.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "k8sentry/cluster_check.h"
#include "kube/access_review.h"
#include "kube/api_client.h"

namespace k8sentry::internal {

class ClusterCheckImpl final : public ClusterCheck {
 public:
  // Requires: options as NewClusterCheck accepts them.
  ClusterCheckImpl(const ClusterCheckOptions& options, HttpTransport& transport);
  ~ClusterCheckImpl() override { Cancel(); }

  void Poll(Now now) override;
  SteadyTime NextDeadline() const override;
  bool done() const override { return done_; }
  const std::vector<Finding>& findings() const override { return findings_; }
  const std::string& user() const override { return user_; }

 private:
  enum class Ask { kVersion, kReady, kUser, kAccess };
  struct Question {
    Ask ask = Ask::kAccess;
    AccessQuestion* access = nullptr;
  };
  // A question under way, and its answer.
  struct Request final : HttpHandler {
    static constexpr std::size_t kMaxBody = 64 << 10;

    void OnHead(const HttpResponseHead& head) override;
    BodyFlow OnBody(std::string_view bytes) override;
    void OnDone(const Status& end) override { done = end; }
    bool over() const { return done || too_long; }

    Question question;
    HttpRequestId id = 0;
    int status = 0;
    std::string date;
    std::string body;
    bool too_long = false;
    std::optional<Status> done;
  };

  SteadyTime end() const { return *began_ + options_.deadline; }
  void Begin(SteadyTime now);
  void StartMore(Now now);
  void Start(const Question& question, SteadyTime now);
  void TakeIn(const Request& answer, Time wall);
  void TakeInServer(const Request& answer, Time wall);
  void TakeInReady(const Request& answer);
  void TakeInUser(const Request& answer);
  void CheckClock(const Request& answer, Time wall);
  void Unanswered(const Question& question, const std::string& why);
  void AskTheRest();
  // It is out of time.
  void GiveUp();
  void Finish();
  void Fail(Finding finding);
  void Cancel();

  const ClusterCheckOptions options_;
  ApiClient api_;
  std::vector<AccessTopic> topics_;
  std::deque<Question> to_ask_;
  std::vector<std::unique_ptr<Request>> requests_;  // under way
  std::optional<SteadyTime> began_;
  bool answered_ = false;  // something was
  bool done_ = false;
  std::vector<Finding> findings_;
  std::string user_;
};

}  // namespace k8sentry::internal
