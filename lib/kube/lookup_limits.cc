#include "kube/lookup_limits.h"

#include <algorithm>

namespace k8sentry::internal {
namespace {

// No server keeps us from the owners for longer.
constexpr Duration kMaxPause = std::chrono::minutes(5);
constexpr std::size_t kMaxForbidden = 1024;

std::string KeyOf(std::string_view plural, std::string_view namespace_name) {
  return std::string(plural) + "/" + std::string(namespace_name);
}

}  // namespace

bool LookupPause::Fail(SteadyTime started, std::optional<Duration> retry_after,
                       SteadyTime now) {
  const bool first = failures_ == 0;
  if (first || started >= last_) {
    ++failures_;
    last_ = now;
    const int doublings = std::min(failures_ - 1, 20);
    const Duration backoff = std::min(min_backoff_ * (1 << doublings), max_backoff_);
    const double share = 0.5 + random_.Unit() / 2;
    const auto wait = std::chrono::duration_cast<Duration>(backoff * share);
    until_ = std::max(until_, now + wait);
  }
  if (retry_after) until_ = std::max(until_, now + std::min(*retry_after, kMaxPause));
  return first;
}

SteadyTime ForbiddenResources::Until(std::string_view plural,
                                     std::string_view namespace_name) const {
  const auto found = until_.find(KeyOf(plural, namespace_name));
  return found == until_.end() ? SteadyTime::min() : found->second;
}

void ForbiddenResources::Add(const std::string& group, const std::string& plural,
                             const std::string& namespace_name,
                             const std::string& detail, SteadyTime until) {
  if (until_.size() >= kMaxForbidden) until_.clear();
  until_[KeyOf(plural, namespace_name)] = until;
  if (told_.size() >= kMaxForbidden || !told_.insert(group + "/" + plural).second) {
    return;
  }
  logger_.Log(LogLevel::kWarning,
              "owners cannot be looked up: a role lacks a rule; names must do",
              {{"apiGroups", group},
               {"resources", plural},
               {"verbs", "get"},
               {"detail", detail}});
}

}  // namespace k8sentry::internal
