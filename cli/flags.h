// The one table of subcommands and flags: parsing, help and suggestions come from it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace k8sentry::cli {

struct Flag {
  char letter = 0;  // of the short form, or 0
  std::string_view name;
  std::string_view value;  // what stands for its value in the help; empty: a switch
  std::string_view help;
};

struct FlagGroup {
  std::string_view title;
  std::vector<Flag> flags;
};

struct CommandSpec {
  std::string_view name;
  std::string_view arguments;  // as in the usage line
  std::string_view summary;    // one line
  std::string_view description;
  std::vector<FlagGroup> groups;
  std::string_view environment;
  std::string_view examples;
};

const std::vector<CommandSpec>& Commands();
const CommandSpec* FindCommand(std::string_view name);

// The entry of `known` that `word` was probably meant to be, or empty.
std::string_view Suggest(std::string_view word,
                         const std::vector<std::string_view>& known);

// What `k8sentry --help` and `k8sentry COMMAND --help` print.
std::string OverviewText();
std::string HelpText(const CommandSpec& command);

}  // namespace k8sentry::cli
