// The rights that watching needs, asked one by one, and what their answers amount to.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "k8sentry/cluster_check.h"

namespace k8sentry::internal {

inline constexpr char kAccessReviewPath[] =
    "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";

// One SelfSubjectAccessReview. (Kubernetes API reference, authorization.k8s.io/v1.)
struct AccessQuestion {
  std::string namespace_, group, resource, verb, name;
  std::optional<bool> allowed;  // nullopt: not answered
  std::string why;              // no, or not answered; hostile text
  bool refused = false;         // the server does not answer such questions

  std::string Body() const;
  // Takes in what the server said.
  void Read(int status, std::string_view body);
};

// What needs rights, all of them.
struct AccessTopic {
  std::string what;
  FindingLevel without = FindingLevel::kError;  // what their absence is
  std::string consequence;                      // of their absence
  std::vector<AccessQuestion> questions;

  Finding Judge() const;
};

std::vector<AccessTopic> WantedAccess(const ClusterCheckOptions& options);

}  // namespace k8sentry::internal
