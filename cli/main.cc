#include <fcntl.h>
#include <malloc.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cstdio>
#include <string>
#include <vector>

#include "commands.h"
#include "exit_code.h"
#include "k8sentry/text.h"
#include "k8sentry/version.h"
#include "log.h"
#include "options.h"
#include "output.h"
#include "signals.h"

namespace k8sentry::cli {
namespace {

int Print(std::string_view text) {
  HandleSignals(nullptr);  // a reader that went away is no reason to die
  Output output;
  output.Write(text);
  output.Flush();
  if (output.status().ok()) return kExitOk;
  Complain(output.status().message());
  return kExitFailure;
}

int PrintVersion() { return Print("k8sentry " + std::string(Version()) + "\n"); }

int UsageError(const Status& status) {
  Complain(status.message());
  return kExitUsage;
}

int UnknownCommand(const std::string& word) {
  const bool is_flag = word.starts_with('-');
  std::vector<std::string_view> known = {"--help", "--version"};
  if (!is_flag) {
    known.clear();
    for (const CommandSpec& command : Commands()) known.push_back(command.name);
  }
  const std::string_view meant = Suggest(word, known);
  Complain((is_flag ? "unknown flag '" : "unknown command '") + word + "'" +
           (meant.empty() ? "; see 'k8sentry --help'"
                          : "; did you mean '" + std::string(meant) + "'?"));
  return kExitUsage;
}

template <typename Options>
int Dispatch(Result<Options> parsed, bool help, const CommandSpec& command,
             int (*execute)(const Options&)) {
  if (!parsed.ok()) return UsageError(parsed.status());
  return help ? Print(HelpText(command)) : execute(*parsed);
}

int Help(const std::vector<std::string>& words) {
  if (words.empty()) return Print(OverviewText());
  const CommandSpec* command = FindCommand(words[0]);
  return command == nullptr ? UnknownCommand(words[0]) : Print(HelpText(*command));
}

int SimpleCommand(const CommandSpec& command,
                  const std::vector<std::string>& arguments) {
  bool help = false;
  const auto words = ParseWords(command, arguments, help);
  if (!words.ok()) return UsageError(words.status());
  if (help) return Print(HelpText(command));
  if (command.name == "help") return Help(*words);
  if (words->empty()) return PrintVersion();
  return UsageError(Status(StatusCode::kInvalidArgument,
                           "version takes no argument, but got '" + (*words)[0] + "'"));
}

// A standard descriptor that the caller closed would be the next file we open, and our
// output would go into it. These refuse what is asked of them, with EBADF.
void OccupyStandardDescriptors() {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
    if (fcntl(fd, F_GETFD) < 0)
      open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
  }
}

int Main(const std::vector<std::string>& arguments) {
  if (arguments.empty()) {
    std::fputs(OverviewText().c_str(), stderr);
    return kExitUsage;
  }
  const std::string& name = arguments[0];
  if (name == "--version" || name == "-V") return PrintVersion();
  if (name == "--help" || name == "-h") return Print(OverviewText());
  const CommandSpec* command = FindCommand(name);
  if (command == nullptr) return UnknownCommand(name);
  const std::vector<std::string> rest(arguments.begin() + 1, arguments.end());
  bool help = false;
  if (command->name == "run") {
    auto parsed = ParseRun(rest, help);
    return Dispatch(std::move(parsed), help, *command, Run);
  }
  if (command->name == "replay") {
    auto parsed = ParseReplay(rest, help);
    return Dispatch(std::move(parsed), help, *command, Replay);
  }
  if (command->name == "test-dsn") {
    auto parsed = ParseTestDsn(rest, help);
    return Dispatch(std::move(parsed), help, *command, TestDsn);
  }
  if (command->name == "doctor") {
    auto parsed = ParseDoctor(rest, help);
    return Dispatch(std::move(parsed), help, *command, Doctor);
  }
  return SimpleCommand(*command, rest);
}

}  // namespace
}  // namespace k8sentry::cli

int main(int argc, char** argv) {
  // The DSN is in our memory: no core dump, and no other process of the user looks in.
  prctl(PR_SET_DUMPABLE, 0);
#ifdef __GLIBC__
  // What a large list needed goes back to the system when it is read: by default glibc
  // keeps ever larger pieces for itself. The resolver's thread needs no heap of its
  // own.
  mallopt(M_ARENA_MAX, 1);
  mallopt(M_MMAP_THRESHOLD, 128 << 10);
  mallopt(M_TRIM_THRESHOLD, 128 << 10);
#endif
  k8sentry::cli::OccupyStandardDescriptors();
  return k8sentry::cli::Main(std::vector<std::string>(argv + 1, argv + argc));
}
