#include "sentry/scrub_values.h"

#include <algorithm>
#include <array>

namespace k8sentry::internal {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLower(char c) { return c >= 'a' && c <= 'z'; }
bool IsBlank(char c) { return c == ' ' || c == '\t'; }

// Whether a comma at `at` is one between members, and not within a password.
bool PartsMembers(std::string_view text, std::size_t at) {
  ++at;
  if (at >= text.size() || IsSpace(text[at]) || IsQuote(text[at])) return true;
  const std::size_t limit = std::min(text.size(), at + 64);
  std::size_t end = at;
  while (end < limit &&
         (IsLower(text[end]) || IsUpper(text[end]) || IsDigit(text[end]) ||
          text[end] == '_' || text[end] == '-' || text[end] == '.')) {
    ++end;
  }
  return end > at && end < text.size() && (text[end] == '=' || text[end] == ':');
}

// Where a value without quotes ends that begins at `at`.
std::size_t EndOfBare(std::string_view text, std::size_t at) {
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (IsSpace(c) || IsQuote(c) ||
        std::string_view(";&<>)}|]").find(c) != std::string_view::npos) {
      return at;
    }
    if (c == ',' && PartsMembers(text, at)) return at;
    if (c == '\\' && at + 1 < text.size() &&
        std::string_view("\"'nrt\\").find(text[at + 1]) != std::string_view::npos) {
      return at;  // an escape of the text around it
    }
  }
  return at;
}

}  // namespace

void Replace(std::string_view text, Span span, std::size_t& done, std::string& out) {
  if (span.begin >= span.end || Of(text, span).starts_with(kFiltered)) return;
  out += text.substr(done, span.begin - done);
  out += kFiltered;
  done = span.end;
}

void Finish(std::string& text, std::size_t done, std::string& out) {
  if (done == 0) return;
  out += std::string_view(text).substr(done);
  text = std::move(out);
}

bool IsUpper(char c) { return c >= 'A' && c <= 'Z'; }
bool IsSpace(char c) { return IsBlank(c) || c == '\n' || c == '\r'; }
bool IsQuote(char c) { return c == '"' || c == '\'' || c == '`'; }

std::size_t SkipBlanks(std::string_view text, std::size_t at) {
  while (at < text.size() && IsBlank(text[at])) ++at;
  return at;
}

Value ReadValue(std::string_view text, std::size_t at) {
  std::size_t quote = at;
  while (quote < text.size() && text[quote] == '\\' && quote - at < 8) ++quote;
  if (quote < text.size() && IsQuote(text[quote])) {
    const std::size_t backslashes = quote - at;
    const std::size_t end = EndOfQuoted(text, quote + 1, text[quote], backslashes);
    return {{quote + 1, end}, true, std::min(text.size(), end + backslashes + 1)};
  }
  const std::size_t end = EndOfBare(text, at);
  return {{at, end}, false, end};
}

std::size_t EndOfQuoted(std::string_view text, std::size_t from, char quote,
                        std::size_t backslashes) {
  std::size_t run = 0;  // of backslashes just before
  for (std::size_t at = from; at < text.size(); ++at) {
    if (text[at] == '\\') {
      ++run;
      continue;
    }
    // More backslashes than at its beginning: a quote inside.
    if (text[at] == quote && run <= backslashes) return at - run;
    run = 0;
  }
  return text.size();
}

bool EndsClause(std::string_view text, std::size_t at) {
  at = SkipBlanks(text, at);
  return at >= text.size() || text[at] == '\n' || text[at] == '\r' ||
         std::string_view(",;})]").find(text[at]) != std::string_view::npos;
}

bool StartsClause(std::string_view text, std::size_t at) {
  while (at > 0 && IsBlank(text[at - 1])) --at;
  if (at > 1 && text[at - 1] == '-' && IsSpace(text[at - 2])) --at;
  while (at > 0 && IsBlank(text[at - 1])) --at;
  return at == 0 ||
         std::string_view("\n\r{[(,;").find(text[at - 1]) != std::string_view::npos;
}

bool SaysNothing(std::string_view value) {
  static constexpr std::array<std::string_view, 13> kWordsForNothing = {
      "yes",  "no",    "true",      "false", "null",     "nil",   "<nil>",
      "none", "empty", "undefined", "unset", "redacted", "hidden"};
  std::string lower(value.substr(0, 10));
  for (char& c : lower) {
    if (IsUpper(c)) c = static_cast<char>(c - 'A' + 'a');
  }
  if (value.empty() || value.starts_with("[Filtered") || value.starts_with("$(") ||
      value.starts_with("${") || value.starts_with("{{") ||
      value.find_first_not_of("*") == std::string_view::npos) {
    return true;
  }
  return value.size() <= 9 &&
         std::find(kWordsForNothing.begin(), kWordsForNothing.end(), lower) !=
             kWordsForNothing.end();
}

bool IsNumber(std::string_view value) {
  return value.find_first_not_of("0123456789") == std::string_view::npos;
}

bool IsTag(std::string_view value) {
  if (value == "latest" || value == "stable" || value == "main") return true;
  if (value.starts_with('v')) value.remove_prefix(1);
  return !value.empty() && IsDigit(value[0]) &&
         value.find('.') != std::string_view::npos;
}

bool IsObjectName(std::string_view value) {
  return value.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789.-/") ==
         std::string_view::npos;
}

bool LooksRandom(std::string_view value) {
  if (IsObjectName(value) && value.find_first_of(".-/") != std::string_view::npos) {
    return false;
  }
  if (IsNumber(value)) return value.size() > 3;
  bool digit = false, symbol = false, lower = false, upper = false;
  for (std::size_t i = 0; i < value.size(); ++i) {
    digit |= IsDigit(value[i]);
    lower |= IsLower(value[i]);
    upper |= i > 0 && IsUpper(value[i]);
    symbol |= std::string_view("!@#$%^&*+=?~").find(value[i]) != std::string_view::npos;
  }
  return digit || symbol || (lower && upper);
}

}  // namespace k8sentry::internal
