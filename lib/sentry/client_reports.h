// ClientReports counts what was not sent, and why, until Sentry can be told.
//
// Counts wait for an envelope that goes out anyway; when none does, they are due alone
// after half a minute. (Sentry developer docs, client reports.)
#pragma once

#include <cstdint>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include "k8sentry/time.h"
#include "sentry/items.h"

namespace k8sentry::internal {

class ClientReports {
 public:
  enum class Mode : std::uint8_t { kOn, kOff };
  explicit ClientReports(Mode mode) : mode_(mode) {}

  // Requires: `reason` and `category` are literals.
  void Count(std::string_view reason, std::string_view category, std::uint64_t quantity,
             SteadyTime now);
  // Reads all counts and sets them back to zero.
  std::vector<DiscardedEvents> Take();
  // What was taken did not arrive. Counted again, and not due alone for a while.
  void Restore(const std::vector<DiscardedEvents>& discarded, SteadyTime now);

  bool empty() const { return counts_.empty(); }
  // When they are to go alone; max() when there are none.
  SteadyTime due() const { return empty() ? SteadyTime::max() : due_; }
  // What is counted goes now, and what will be counted before `until` at once.
  void Hurry(SteadyTime now, SteadyTime until);
  // Whether somebody who flushed waits for them; they may not go, so nobody shall.
  bool urgent() const { return urgent_ && !empty(); }
  void CalmDown() { urgent_ = false; }

 private:
  const Mode mode_;
  std::map<std::pair<std::string_view, std::string_view>, std::uint64_t> counts_;
  SteadyTime due_ = SteadyTime::max();
  bool urgent_ = false;
  SteadyTime hurry_until_ = SteadyTime::min();
};

}  // namespace k8sentry::internal
