// The credential that a program fetches, kept until it expires or is refused.
//
// The protocol: Kubernetes docs, client-go credential plugins.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "k8sentry/cluster_config.h"
#include "k8sentry/time.h"
#include "kube/child_process.h"

namespace k8sentry::internal {

// What a plugin prints: a token, a client certificate with its key, or both.
struct FetchedCredential {
  Secret token;
  std::string certificate_pem;
  Secret key_pem;
  std::optional<Time> expires;
};

// Errors: kConfiguration, without any of the output.
Result<FetchedCredential> ParseExecCredential(std::string_view output,
                                              std::string_view api_version);

// The value of KUBERNETES_EXEC_INFO. Requires: cluster.exec.
std::string ExecInfo(const ClusterConfig& cluster);

class ExecCredential {
 public:
  // Requires: cluster.exec.
  explicit ExecCredential(const ClusterConfig& cluster) : cluster_(cluster) {
    cluster_.shared_credential.reset();  // which may be this
  }

  // Whether there is a credential at `now`. While the program runs there is none:
  // call again at NextDeadline(). Errors: kUnavailable, kConfiguration.
  Status Prepare(Now now);
  bool pending() const { return process_.running(); }
  SteadyTime NextDeadline() const { return next_look_; }
  // The server refused it: the program runs once more.
  void Refused() { refused_ = true; }

  // Another number for each credential that was fetched.
  std::uint64_t generation() const { return generation_; }

  // How often running it failed.
  std::uint64_t failures() const { return all_failures_; }

  // Requires: Prepare was ok.
  const FetchedCredential& credential() const { return *credential_; }

 private:
  bool Usable(Now now) const;
  Status Start(Now now);
  Status Finish(Now now);
  Status Fail(Now now, const Status& why);
  void BackOff(Now now);

  ClusterConfig cluster_;
  ChildProcess process_;
  std::optional<FetchedCredential> credential_;
  std::uint64_t generation_ = 0;
  bool refused_ = false;
  bool timed_out_ = false;
  SteadyTime started_;
  SteadyTime next_look_ = SteadyTime::max();
  // After runs that did not help: how many in a row, and when there may be another.
  int failures_ = 0;
  std::uint64_t all_failures_ = 0;
  SteadyTime not_before_;
  Status last_failure_;
};

}  // namespace k8sentry::internal
