// One issue as a person sees it: nothing in it can harm a terminal.
#pragma once

#include <string>

#include "issues.h"
#include "terminal.h"

namespace k8sentry::cli {

struct Row {
  Level level = Level::kWarning;
  std::int64_t sightings = 0;
  std::int64_t swallowed = 0;
  Time first, last;
  std::string workload, reason, message;
};

Row RowOf(const IssueRecord& record);
Style StyleOf(Level level);

}  // namespace k8sentry::cli
