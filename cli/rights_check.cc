#include "rights_check.h"

#include <chrono>

namespace k8sentry::cli {

void RightsCheck::Follow(WatchState state) {
  due_ = due_ || state == WatchState::kListing || state == WatchState::kWatching ||
         state == WatchState::kForbidden;
}

void RightsCheck::Poll() {
  if (!due_ || over_) return;
  if (!check_) {
    auto check = NewClusterCheck(options_, transport_);
    over_ = !check.ok();  // the watch says why
    if (over_) return;
    check_ = *std::move(check);
  }
  check_->Poll({.steady = std::chrono::steady_clock::now(),
                .wall = std::chrono::floor<std::chrono::microseconds>(
                    std::chrono::system_clock::now())});
  if (!check_->done()) return;
  Tell();
  check_.reset();
  over_ = true;
}

SteadyTime RightsCheck::NextDeadline() const {
  return check_ ? check_->NextDeadline() : SteadyTime::max();
}

// What could not be found out is no news: the watch and the look-ups will tell.
void RightsCheck::Tell() {
  for (const Finding& finding : check_->findings()) {
    const bool needed = finding.level == FindingLevel::kError;
    for (const AccessRule& rule : finding.missing) {
      log_.Log(needed ? LogLevel::kError : LogLevel::kWarning,
               "a rule is missing; `k8sentry doctor` prints the role to add",
               {{"for", finding.what}, {"rule", RuleText(rule)}});
    }
  }
}

}  // namespace k8sentry::cli
