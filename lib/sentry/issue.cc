#include "k8sentry/issue.h"

#include "k8sentry/text.h"

namespace k8sentry {
namespace {

// Sentry cuts titles there.
constexpr std::size_t kMaxTitleCharacters = 100;

Level LevelOf(const Event& event, const IssueOptions& options) {
  if (event.type == "Normal") return Level::kInfo;
  return options.error_reasons.contains(event.reason) ? Level::kError : Level::kWarning;
}

}  // namespace

std::string_view LevelName(Level level) {
  switch (level) {
    case Level::kFatal:
      return "fatal";
    case Level::kError:
      return "error";
    case Level::kWarning:
      return "warning";
    case Level::kInfo:
      return "info";
    case Level::kDebug:
      return "debug";
  }
  return "error";
}

std::string IssueTitle(std::string_view reason, std::string_view message) {
  // Cut before joining: a message may have megabytes.
  std::string title(TruncateCharacters(reason, kMaxTitleCharacters));
  if (!message.empty()) {
    title += ": ";
    title += TruncateCharacters(FirstLine(message), kMaxTitleCharacters);
  }
  title.resize(TruncateCharacters(title, kMaxTitleCharacters).size());
  return title;
}

std::string IssueCulprit(const Key& key, std::string_view workload_kind) {
  std::string culprit;
  if (!key.namespace_.empty()) culprit = key.namespace_ + "/";
  culprit += workload_kind;
  return culprit + "/" + key.workload;
}

Issue IssueOf(const Telling& telling, const IssueOptions& options) {
  const Event& event = telling.event.view();
  return {LevelOf(event, options), IssueTitle(event.reason, event.message),
          IssueCulprit(telling.key, telling.workload_kind)};
}

}  // namespace k8sentry
