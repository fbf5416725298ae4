#include "sentry/scrub_manifests.h"

#include <algorithm>
#include <functional>
#include <optional>

#include "sentry/scrub_keys.h"

namespace k8sentry::internal {
namespace {

RE2::Options Bytes() {
  RE2::Options options(RE2::Latin1);
  options.set_log_errors(false);
  return options;
}

std::size_t IndentOf(std::string_view line) {
  return std::min(line.find_first_not_of(" \t"), line.size());
}

// Where the YAML block ends whose key stands at `key`: before the first line that is
// neither deeper, nor empty, nor an item of a list at the key's own depth.
std::size_t EndOfBlock(std::string_view text, std::size_t key) {
  // npos + 1 is 0: the first line.
  const std::size_t line = text.rfind('\n', key) + 1;
  const std::size_t depth = IndentOf(text.substr(line, key - line));
  std::size_t end = std::min(text.find('\n', key), text.size());
  while (end < text.size()) {
    const std::size_t next = std::min(text.find('\n', end + 1), text.size());
    const std::string_view one = text.substr(end + 1, next - end - 1);
    const std::size_t indent = IndentOf(one);
    const bool item = indent == depth && indent < one.size() && one[indent] == '-';
    if (indent < one.size() && indent <= depth && !item) break;
    end = next;
  }
  return end;
}

// Where the brackets close that open at `at`. Those inside of strings count, too: in
// what this is for they come in pairs.
std::size_t EndOfBrackets(std::string_view text, std::size_t at) {
  std::size_t depth = 0;
  for (; at < text.size(); ++at) {
    if (text[at] == '{' || text[at] == '[') ++depth;
    if ((text[at] == '}' || text[at] == ']') && --depth == 0) return at + 1;
  }
  return at;
}

// Replaces what `find` finds, from the beginning to the end.
using Finder = std::function<std::optional<Span>(std::string_view, std::size_t from)>;
void ReplaceAll(std::string& text, const Finder& find) {
  std::string out;
  std::size_t done = 0, from = 0;
  while (const std::optional<Span> span = find(text, from)) {
    Replace(text, *span, done, out);
    from = span->end;
  }
  Finish(text, done, out);
}

// What stands behind `key` wherever it is: a string, brackets, or a block of YAML.
std::optional<Span> ValueBehind(std::string_view text, std::string_view key,
                                std::size_t from) {
  while ((from = text.find(key, from)) != std::string_view::npos) {
    const std::size_t begin = from;
    from += key.size();
    std::size_t at = from;
    while (at < text.size() && (text[at] == '\\' || text[at] == '"')) ++at;
    if (at >= text.size() || (text[at] != ':' && text[at] != '=')) continue;
    at = text.find_first_not_of(" \t", at + 1);
    if (at == std::string_view::npos) return std::nullopt;
    if (text.substr(at).starts_with(kFiltered)) continue;
    std::size_t quote = at;
    while (quote < text.size() && text[quote] == '\\') ++quote;
    if (quote < text.size() && text[quote] == '"') {
      return Span{quote + 1, EndOfQuoted(text, quote + 1, '"', quote - at)};
    }
    if (text[at] == '[' || text[at] == '{') {
      return Span{at, std::max(EndOfBrackets(text, at), at)};
    }
    const std::size_t block = EndOfBlock(text, begin);
    if (block > at) return Span{at, block};
  }
  return std::nullopt;
}

// Group 1 of `pattern` stays, and what is behind it goes to the end of the quoted text
// (its quote is the last byte of the group) or to the end of the match.
std::optional<Span> BehindGroup(const RE2& pattern, std::string_view text,
                                std::size_t from) {
  re2::StringPiece groups[2];
  const re2::StringPiece piece(text.data(), text.size());
  while (pattern.Match(piece, from, text.size(), RE2::UNANCHORED, groups, 2)) {
    const std::size_t begin =
        static_cast<std::size_t>(groups[1].data() - text.data()) + groups[1].size();
    std::size_t end =
        static_cast<std::size_t>(groups[0].data() - text.data()) + groups[0].size();
    if (groups[1][groups[1].size() - 1] == '"') {
      std::size_t backslashes = 0;
      while (text[begin - 2 - backslashes] == '\\') ++backslashes;
      end = EndOfQuoted(text, begin, '"', backslashes);
    } else if (groups[1][groups[1].size() - 1] == '{') {
      end = std::max(begin, EndOfBrackets(text, begin - 1) - 1);
    }
    from = end;
    const std::string_view value = text.substr(begin, end - begin);
    if (!value.empty() && !value.starts_with(kFiltered)) return Span{begin, end};
    if (from >= text.size()) break;
  }
  return std::nullopt;
}

// `kubectl describe`: lines "  NAME:  value" below "Environment:".
void ScrubDescribed(std::string& text) {
  std::string out;
  std::size_t done = 0, at = 0;
  while ((at = text.find("Environment:", at)) != std::string::npos) {
    const std::size_t end = EndOfBlock(text, at);
    std::size_t line = std::min(text.find('\n', at), end);
    while (line < end) {
      const std::size_t next = std::min(text.find('\n', line + 1), end);
      const std::string_view one = std::string_view(text).substr(0, next);
      const std::size_t colon = one.find(':', line + 1);
      const std::size_t value =
          colon < next ? one.find_first_not_of(" \t", colon + 1) : one.npos;
      // "<set to the key ... in secret ...>" is no value.
      if (value < next && one[value] != '<') Replace(text, {value, next}, done, out);
      line = next;
    }
    at = std::max(end, at + 1);
  }
  Finish(text, done, out);
}

// The YAML of a Secret, or of a list of them.
void ScrubSecretBlocks(std::string_view key, std::string& text) {
  ReplaceAll(text, [&](std::string_view all, std::size_t from) -> std::optional<Span> {
    for (; (from = all.find(key, from)) != std::string_view::npos; from += key.size()) {
      // Only at the beginning of its line.
      std::size_t line = from;
      while (line > 0 && (all[line - 1] == ' ' || all[line - 1] == '\t')) --line;
      if (line > 0 && all[line - 1] != '\n') continue;
      const std::size_t end = EndOfBlock(all, from);
      const std::size_t value = all.find_first_not_of(" \t\r\n", from + key.size());
      if (value < end) return Span{value, end};
    }
    return std::nullopt;
  });
}

}  // namespace

ManifestRules::ManifestRules()
    : env_json_(
          R"((\\*"name\\*"\s*:\s*\\*"[\w.-]+\\*"\s*,\s*\\*"value\\*"\s*:\s*\\*"))",
          Bytes()),
      env_yaml_(
          R"((?m)(^[ \t-]*name:[ \t]*\S+[ \t]*\r?\n[ \t]*value:[ \t]*)[^\s][^\n]*)",
          Bytes()),
      env_go_(R"((\bName:[\w.-]+,[ ]?Value:)[^,}]+)", Bytes()),
      secret_kind_(
          R"re((?m)\\*"kind\\*"\s*:\s*\\*"Secret\\*"|^[ \t-]*kind:[ \t]*Secret\s)re",
          Bytes()),
      secret_data_(R"((\\*"(?:data|stringData)\\*"\s*:\s*\{))", Bytes()) {}

void ManifestRules::Scrub(std::string& text) const {
  // Most texts are no manifests; looking for a word costs next to nothing.
  const auto holds = [&](std::string_view word) {
    return text.find(word) != std::string::npos;
  };
  const auto behind = [&](std::string_view key) {
    if (!holds(key)) return;
    ReplaceAll(text, [&](std::string_view all, std::size_t from) {
      return ValueBehind(all, key, from);
    });
  };
  const auto group = [&](const RE2& pattern) {
    ReplaceAll(text, [&](std::string_view all, std::size_t from) {
      return BehindGroup(pattern, all, from);
    });
  };
  behind("last-applied-configuration");
  behind("managedFields");
  if (holds("value")) {
    group(env_json_);
    group(env_yaml_);
  }
  if (holds("Value:")) group(env_go_);
  if (holds("Environment:")) ScrubDescribed(text);
  if (holds("Secret") && RE2::PartialMatch(text, secret_kind_)) {
    group(secret_data_);
    ScrubSecretBlocks("data:", text);
    ScrubSecretBlocks("stringData:", text);
  }
}

}  // namespace k8sentry::internal
