// A ClusterCheck finds out whether a cluster can be watched, and if not, what is wrong.
//
// It asks the API server who it is, what time it has, whom it takes us for, and each
// right that is needed (SelfSubjectAccessReview; it stores nothing). Every finding says
// what to do about it; a missing right is the very rule to add.
//
//   auto check = *NewClusterCheck({.cluster = config}, *transport);
//   for (check->Poll(now); !check->done(); check->Poll(now)) {
//     ... wait for transport->descriptor(), or the NextDeadline() of either ...
//     transport->Poll(now.steady);
//   }
//
// Threads: one at a time per instance, the transport's. Never blocks.
#pragma once

#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "k8sentry/cluster_config.h"
#include "k8sentry/http_transport.h"

namespace k8sentry {

// A rule of a Role; of a ClusterRole when it has no namespace. (Kubernetes docs, using
// RBAC authorization.)
struct AccessRule {
  std::string namespace_ = {};
  std::string api_group = {};  // empty: the core's
  std::vector<std::string> resources = {};
  std::vector<std::string> verbs = {};
  std::vector<std::string> resource_names = {};  // empty: all

  friend bool operator==(const AccessRule&, const AccessRule&) = default;
};

// In one line: `apiGroups ["apps"], resources [replicasets], verbs [get]`.
std::string RuleText(const AccessRule& rule);
// Roles with these rules and bindings to `user`, as YAML for `kubectl apply -f -`.
// Their names are made from the rules, so that no role that exists is replaced. Without
// a user there are no bindings. `user` is quoted, so that it cannot become anything
// else.
std::string RoleYaml(std::span<const AccessRule> rules, std::string_view user);

enum class FindingLevel {
  kOk,
  kWarning,  // it works, but not as well as it could
  kError,    // Events cannot be watched
};
std::string_view FindingLevelName(FindingLevel level);

struct Finding {
  FindingLevel level = FindingLevel::kOk;
  std::string what;    // "API server", "clock", "user", "events in shop", ...
  std::string detail;  // one line; hostile text
  std::string remedy;  // one line; empty when there is nothing to do
  std::vector<AccessRule> missing;
};

enum class CheckScope {
  kAll,
  kRights,  // nothing but the rights: beside a watch, which sees the rest
};

struct ClusterCheckOptions {
  ClusterConfig cluster = {};
  CheckScope scope = CheckScope::kAll;
  // What shall be watched, as in ClusterSourceOptions; empty: all.
  std::vector<std::string> namespaces = {};
  // What a missing right for is a warning, no error: NewOwnerSource, and
  // ClusterSourceOptions::resume, which wants to tell clusters apart.
  bool owners = true;
  bool cluster_id = true;
  // For all of it; what was not answered by then is a finding.
  Duration deadline = std::chrono::seconds(10);
  // Clocks that differ by more are worth a warning.
  Duration max_skew = std::chrono::seconds(30);
};

class ClusterCheck {
 public:
  virtual ~ClusterCheck() = default;

  // Does what can be done now; the first call begins, and counts for the deadline.
  virtual void Poll(Now now) = 0;
  // Before the first Poll, and when an answer can be taken in: min().
  virtual SteadyTime NextDeadline() const = 0;
  virtual bool done() const = 0;

  // Requires: done().
  virtual const std::vector<Finding>& findings() const = 0;
  // Whom the server takes us for; empty when it does not tell. Hostile text.
  virtual const std::string& user() const = 0;
};

// `transport` must outlive the check. Errors: kInvalidArgument (a server URL or the
// name of a namespace that cannot be used, a deadline of 0).
Result<std::unique_ptr<ClusterCheck>> NewClusterCheck(
    const ClusterCheckOptions& options, HttpTransport& transport);

}  // namespace k8sentry
