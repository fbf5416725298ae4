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

std::string TitleOf(const Event& event) {
  std::string title(event.reason);
  if (!event.message.empty()) {
    title += ": ";
    title += TruncateCharacters(FirstLine(event.message), kMaxTitleCharacters);
  }
  title.resize(TruncateCharacters(title, kMaxTitleCharacters).size());
  return title;
}

std::string CulpritOf(const Telling& telling) {
  std::string culprit;
  if (!telling.key.namespace_.empty()) culprit = telling.key.namespace_ + "/";
  return culprit + telling.workload_kind + "/" + telling.key.workload;
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

Issue IssueOf(const Telling& telling, const IssueOptions& options) {
  const Event& event = telling.event.view();
  return {LevelOf(event, options), TitleOf(event), CulpritOf(telling)};
}

}  // namespace k8sentry
