#include "sentry/client_reports.h"

namespace k8sentry::internal {
namespace {

// How long counts wait for company. (sentry-go waits as long.)
constexpr Duration kAlone = std::chrono::seconds(30);

}  // namespace

void ClientReports::Count(std::string_view reason, std::string_view category,
                          std::uint64_t quantity, SteadyTime now) {
  if (mode_ == Mode::kOff || quantity == 0) return;
  if (counts_.empty()) {
    urgent_ = now < hurry_until_;
    due_ = urgent_ ? now : now + kAlone;
  }
  counts_[{reason, category}] += quantity;
}

std::vector<DiscardedEvents> ClientReports::Take() {
  std::vector<DiscardedEvents> taken;
  taken.reserve(counts_.size());
  for (const auto& [what, quantity] : counts_) {
    taken.push_back({what.first, what.second, quantity});
  }
  counts_.clear();
  return taken;
}

void ClientReports::Restore(const std::vector<DiscardedEvents>& discarded,
                            SteadyTime now) {
  for (const DiscardedEvents& one : discarded) {
    Count(one.reason, one.category, one.quantity, now);
  }
  // Not at once, even in a hurry: it just failed.
  if (discarded.empty()) return;
  due_ = now + kAlone;
  urgent_ = false;
}

void ClientReports::Hurry(SteadyTime now, SteadyTime until) {
  hurry_until_ = until;
  due_ = now;
  urgent_ = true;
}

}  // namespace k8sentry::internal
