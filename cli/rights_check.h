// Looks once, beside the watch of `k8sentry run`, whether it has all rights it needs,
// and logs each rule that is missing.
#pragma once

#include <memory>

#include "k8sentry/cluster_check.h"
#include "k8sentry/cluster_source.h"
#include "k8sentry/logger.h"

namespace k8sentry::cli {

class RightsCheck {
 public:
  // `transport` and `log` must outlive it.
  RightsCheck(const ClusterCheckOptions& options, HttpTransport& transport, Logger& log)
      : options_(options), transport_(transport), log_(log) {}

  // What the watch says. The check waits until the server has answered that: it never
  // delays the watch, and a server that is away is asked when it is back.
  void Follow(WatchState state);
  // To be called when the transport was polled, and at NextDeadline().
  void Poll();
  SteadyTime NextDeadline() const;

 private:
  void Tell();

  const ClusterCheckOptions options_;
  HttpTransport& transport_;
  Logger& log_;
  bool due_ = false;   // the server has answered
  bool over_ = false;  // all was said
  std::unique_ptr<ClusterCheck> check_;
};

}  // namespace k8sentry::cli
