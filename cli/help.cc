#include <algorithm>

#include "flags.h"

namespace k8sentry::cli {
namespace {

constexpr std::size_t kFlagColumn = 34;
constexpr std::size_t kWidth = 80;  // of a terminal nobody has touched

// Appends `text` from `column` on, in lines that begin at kFlagColumn.
void AppendWrapped(std::string_view text, std::size_t column, std::string& out) {
  const std::size_t room = kWidth - kFlagColumn;
  if (column >= kFlagColumn) {
    out += '\n';
    column = 0;
  }
  for (; !text.empty(); column = 0) {
    std::size_t end = text.size() <= room ? text.size() : text.rfind(' ', room);
    if (end == text.npos) end = text.size();
    out += std::string(kFlagColumn - column, ' ');
    out += text.substr(0, end);
    out += '\n';
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

void AppendFlag(const Flag& flag, std::string& out) {
  std::string left =
      flag.letter != 0 ? "  -" + std::string(1, flag.letter) + ", " : "      ";
  left += "--" + std::string(flag.name);
  if (!flag.value.empty()) left += " " + std::string(flag.value);
  out += left;
  AppendWrapped(flag.help, left.size(), out);
}

constexpr std::string_view kExitCodes =
    "  0    done\n"
    "  1    failed at run time: unreadable input, or tellings left behind;\n"
    "       doctor: something that is needed is missing\n"
    "  2    wrong usage\n"
    "  78   wrong configuration: kubeconfig or DSN\n"
    "  130  interrupted twice\n";

}  // namespace

std::string OverviewText() {
  std::string out =
      "k8sentry turns the failures of a Kubernetes cluster into issues in Sentry.\n"
      "\n"
      "Usage:\n"
      "  k8sentry COMMAND [FLAGS]\n"
      "\n"
      "Commands:\n";
  for (const CommandSpec& command : Commands()) {
    out += "  " + std::string(command.name) +
           std::string(10 - command.name.size(), ' ') + std::string(command.summary) +
           "\n";
  }
  out +=
      "\n"
      "Examples:\n"
      "  # what is wrong in this cluster? no account needed\n"
      "  kubectl get events -A -o json | k8sentry replay -\n"
      "\n"
      "  # the agent\n"
      "  SENTRY_DSN=https://KEY@HOST/PROJECT k8sentry run\n"
      "\n"
      "  # may it watch? what is missing?\n"
      "  k8sentry doctor\n"
      "\n"
      "Exit codes:\n";
  out += kExitCodes;
  out +=
      "\n'k8sentry COMMAND --help' explains a command, 'k8sentry --version' names the "
      "version.\n";
  return out;
}

std::string HelpText(const CommandSpec& command) {
  std::string out(command.summary);
  out += ".\n\nUsage:\n  k8sentry " + std::string(command.name);
  if (!command.arguments.empty()) out += " " + std::string(command.arguments);
  out += "\n\n" + std::string(command.description) + "\n";
  for (const FlagGroup& group : command.groups) {
    out += "\n" + std::string(group.title) + ":\n";
    for (const Flag& flag : group.flags) AppendFlag(flag, out);
  }
  if (!command.environment.empty()) {
    out += "\nEnvironment:\n" + std::string(command.environment);
  }
  if (!command.examples.empty()) out += "\nExamples:\n" + std::string(command.examples);
  if (!command.environment.empty()) out += "\nExit codes:\n" + std::string(kExitCodes);
  return out;
}

}  // namespace k8sentry::cli
