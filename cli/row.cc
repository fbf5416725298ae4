#include "row.h"

#include "k8sentry/text.h"

namespace k8sentry::cli {
namespace {

// Without the words that say nothing about the trouble.
std::string MessageOf(const IssueRecord& record) {
  std::string_view message = record.message;
  constexpr std::string_view kCombined = "(combined from similar events): ";
  if (message.starts_with(kCombined)) message.remove_prefix(kCombined.size());
  return EscapeForTerminal(message);
}

}  // namespace

Style StyleOf(Level level) {
  switch (level) {
    case Level::kFatal:
    case Level::kError:
      return Style::kBoldRed;
    case Level::kWarning:
      return Style::kYellow;
    default:
      return Style::kBlue;
  }
}

Row RowOf(const IssueRecord& record) {
  return {.level = record.issue.level,
          .sightings = record.sightings,
          .swallowed = record.swallowed,
          .first = record.first_seen,
          .last = record.last_seen,
          .workload = EscapeForTerminal(record.issue.culprit),
          .reason = EscapeForTerminal(record.reason),
          .message = MessageOf(record)};
}

}  // namespace k8sentry::cli
