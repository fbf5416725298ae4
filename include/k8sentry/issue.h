// An Issue is what a person sees of a Telling: its title, level and place.
//
// One function makes it, so that the terminal's table, `-o json` and Sentry agree.
//
// Threads: a value and a pure function.
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "k8sentry/sink.h"

namespace k8sentry {

// Sentry's words. (Sentry developer docs, event payloads, level.)
enum class Level { kFatal, kError, kWarning, kInfo, kDebug };
std::string_view LevelName(Level level);

struct IssueOptions {
  // Reasons of level error. Others are a warning, or info when the type is Normal.
  std::set<std::string, std::less<>> error_reasons = {
      "BackOff",         "CrashLoopBackOff", "OOMKilled",    "OOMKilling",
      "Failed",          "FailedScheduling", "FailedMount",  "FailedCreate",
      "Unhealthy",       "Evicted",          "NodeNotReady", "BackoffLimitExceeded",
      "DeadlineExceeded"};
};

struct Issue {
  Level level = Level::kWarning;
  std::string title;    // "reason: first line", at most 100 characters
  std::string culprit;  // "namespace/Kind/workload", or "Kind/name" for a cluster's own
};

Issue IssueOf(const Telling& telling, const IssueOptions& options = {});

// The title alone: "reason: first line of `message`", or the reason if there is none.
std::string IssueTitle(std::string_view reason, std::string_view message);
// The culprit alone.
std::string IssueCulprit(const Key& key, std::string_view workload_kind);

}  // namespace k8sentry
