// The flags of a command line as words, and how each kind of value is read from them.
// Errors are kInvalidArgument, one line that names the flag.
#pragma once

#include <charconv>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "flags.h"
#include "k8sentry/status.h"
#include "k8sentry/text.h"
#include "k8sentry/time.h"

namespace k8sentry::cli {

// What cxxopts makes of the flags, and the words between them.
struct Parsed {
  std::map<std::string, std::vector<std::string>, std::less<>> values;
  std::vector<std::string> words;

  bool has(std::string_view name) const { return values.count(name) != 0; }
  const std::string* last(std::string_view name) const {
    const auto it = values.find(name);
    return it == values.end() ? nullptr : &it->second.back();
  }
};

Result<Parsed> Parse(const CommandSpec& command,
                     const std::vector<std::string>& arguments);

Status Usage(std::string message);

// Each leaves `out` alone when there is no such flag.
// Adds the comma-separated values of all occurrences of `name` to `out`.
void ReadList(const Parsed& parsed, std::string_view name,
              std::vector<std::string>& out);
// A flag that is given empty is a mistake, such as an unset variable of a shell.
Status ReadText(const Parsed& parsed, std::string_view name, std::string& out);
Status ReadDuration(const Parsed& parsed, std::string_view name, Duration& out);
// "1048576", "512KiB", "256MiB" or "2GiB".
Status ReadSize(const Parsed& parsed, std::string_view name, std::size_t& out);
// 0 to 1.
Status ReadRate(const Parsed& parsed, std::string_view name, double& out);
std::optional<double> ParseRate(std::string_view text);

template <typename Value>
Status ReadChoice(const Parsed& parsed, std::string_view name,
                  const std::vector<std::pair<std::string_view, Value>>& choices,
                  Value& out) {
  const std::string* text = parsed.last(name);
  if (text == nullptr) return {};
  std::string all;
  std::vector<std::string_view> known;
  for (const auto& [word, value] : choices) {
    if (word == *text) {
      out = value;
      return {};
    }
    known.push_back(word);
    all += (all.empty() ? "" : ", ") + std::string(word);
  }
  const std::string_view meant = Suggest(*text, known);
  return Usage("--" + std::string(name) + ": '" + EscapeForTerminal(*text) +
               "' is none of " + all +
               (meant.empty() ? "" : "; did you mean '" + std::string(meant) + "'?"));
}

}  // namespace k8sentry::cli
