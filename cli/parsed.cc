#include "parsed.h"

#include <algorithm>
#include <cxxopts.hpp>
#include <memory>

namespace k8sentry::cli {
namespace {

std::string Replace(std::string text, std::string_view from, std::string_view to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos;
       at += to.size()) {
    text.replace(at, from.size(), to);
  }
  return text;
}

Status UnknownFlag(const CommandSpec& command, std::string_view word) {
  std::vector<std::string_view> known;
  for (const FlagGroup& group : command.groups) {
    for (const Flag& flag : group.flags) known.push_back(flag.name);
  }
  const std::string_view name = word.substr(0, word.find('='));
  std::string_view bare = name;
  bare.remove_prefix(std::min(bare.find_first_not_of('-'), bare.size()));
  const std::string_view meant = Suggest(bare, known);
  return Usage("unknown flag '" + EscapeForTerminal(name) + "' for " +
               std::string(command.name) +
               (meant.empty()
                    ? "; see 'k8sentry " + std::string(command.name) + " --help'"
                    : "; did you mean '--" + std::string(meant) + "'?"));
}

}  // namespace

Status Usage(std::string message) {
  return Status(StatusCode::kInvalidArgument, std::move(message));
}

Result<Parsed> Parse(const CommandSpec& command,
                     const std::vector<std::string>& arguments) {
  try {
    cxxopts::Options options("k8sentry");
    for (const FlagGroup& group : command.groups) {
      for (const Flag& flag : group.flags) {
        const std::string letter =
            flag.letter != 0 ? std::string(1, flag.letter) + "," : "";
        const std::shared_ptr<cxxopts::Value> value = cxxopts::value<std::string>();
        options.add_options()(letter + std::string(flag.name), "",
                              flag.value.empty() ? cxxopts::value<bool>() : value);
      }
    }
    options.add_options()("words", "", cxxopts::value<std::vector<std::string>>());
    options.parse_positional("words");
    options.allow_unrecognised_options();
    std::vector<const char*> argv = {"k8sentry"};
    for (const std::string& argument : arguments) argv.push_back(argument.c_str());
    const cxxopts::ParseResult result =
        options.parse(static_cast<int>(argv.size()), argv.data());
    if (!result.unmatched().empty()) return UnknownFlag(command, result.unmatched()[0]);
    Parsed parsed;
    for (const cxxopts::KeyValue& pair : result.arguments()) {
      if (pair.key() == "words") {
        parsed.words.push_back(pair.value());
      } else {
        parsed.values[pair.key()].push_back(pair.value());
      }
    }
    // cxxopts takes what does not look like a flag of its own for a word.
    const bool all_words =
        std::find(arguments.begin(), arguments.end(), "--") != arguments.end();
    for (const std::string& word : parsed.words) {
      if (word.size() > 1 && word[0] == '-' && !all_words) {
        return UnknownFlag(command, word);
      }
    }
    return parsed;
  } catch (const std::exception& error) {
    // cxxopts quotes in typographer's quotes.
    std::string message = Replace(error.what(), "\xE2\x80\x98", "--");
    message = Replace(std::move(message), "\xE2\x80\x99", "");
    if (message.starts_with("Option ")) message.replace(0, 1, "o");
    return Usage(EscapeForTerminal(message));
  }
}

void ReadList(const Parsed& parsed, std::string_view name,
              std::vector<std::string>& out) {
  const auto it = parsed.values.find(name);
  if (it == parsed.values.end()) return;
  for (std::string_view list : it->second) {
    for (;;) {
      const std::size_t comma = list.find(',');
      out.emplace_back(list.substr(0, comma));
      if (comma == list.npos) break;
      list.remove_prefix(comma + 1);
    }
  }
}

Status ReadDuration(const Parsed& parsed, std::string_view name, Duration& out) {
  const std::string* text = parsed.last(name);
  if (text == nullptr) return {};
  const Result<Duration> duration = ParseDuration(*text);
  if (!duration.ok()) {
    return Usage("--" + std::string(name) + ": " +
                 EscapeForTerminal(duration.status().message()));
  }
  out = *duration;
  return {};
}

Status ReadSize(const Parsed& parsed, std::string_view name, std::size_t& out) {
  const std::string* text = parsed.last(name);
  if (text == nullptr) return {};
  constexpr std::size_t kTooMuch = std::size_t{1} << 40;
  std::size_t number = 0;
  const char* end = text->data() + text->size();
  const auto [at, error] = std::from_chars(text->data(), end, number);
  const std::string_view unit(at, static_cast<std::size_t>(end - at));
  int shift = -1;
  for (const auto& [known, bits] : std::initializer_list<std::pair<const char*, int>>{
           {"", 0}, {"KiB", 10}, {"MiB", 20}, {"GiB", 30}}) {
    if (unit == known) shift = bits;
  }
  if (error != std::errc() || shift < 0 || number > kTooMuch >> shift) {
    return Usage("--" + std::string(name) + ": '" + EscapeForTerminal(*text) +
                 "' is no size such as 512KiB, 256MiB or 2GiB");
  }
  out = number << shift;
  return {};
}

Status ReadRate(const Parsed& parsed, std::string_view name, double& out) {
  const std::string* text = parsed.last(name);
  if (text == nullptr) return {};
  const std::optional<double> rate = ParseRate(*text);
  if (!rate) {
    return Usage("--" + std::string(name) + ": '" + EscapeForTerminal(*text) +
                 "' is no number between 0 and 1");
  }
  out = *rate;
  return {};
}

std::optional<double> ParseRate(std::string_view text) {
  double rate = 0;
  const char* const end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, rate);
  const bool good = error == std::errc() && at == end && rate >= 0 && rate <= 1;
  return good ? std::optional(rate) : std::nullopt;
}

Status ReadText(const Parsed& parsed, std::string_view name, std::string& out) {
  const std::string* text = parsed.last(name);
  if (text == nullptr) return {};
  if (text->empty()) return Usage("--" + std::string(name) + " must not be empty");
  out = *text;
  return {};
}

}  // namespace k8sentry::cli
