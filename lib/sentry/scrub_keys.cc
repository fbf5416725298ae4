#include "sentry/scrub_keys.h"

#include <re2/re2.h>

#include <algorithm>
#include <array>

namespace k8sentry::internal {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLower(char c) { return c >= 'a' && c <= 'z'; }
bool IsUpper(char c) { return c >= 'A' && c <= 'Z'; }
bool IsBlank(char c) { return c == ' ' || c == '\t'; }
bool IsSpace(char c) { return IsBlank(c) || c == '\n' || c == '\r'; }
bool IsQuote(char c) { return c == '"' || c == '\'' || c == '`'; }

// Words in a key, written so that they may be joined by `-`, `_`, `.` or a space.
constexpr std::string_view kWords =
    "pass(?:word|wd|phrase|code)|pwd|"
    "(?:api|access|secret|private|account|signing|encryption|master|shared|storage|sas)"
    "[-_. ]?key|"
    "secret|token|credential|cookie|authorization|session[-_]?id|signature|"
    "connection[-_ ]?string";
// Too short to be looked for inside of others.
constexpr std::string_view kShortWords =
    R"([\w.-]*[_-](?:pass|pw)\b|\b(?:auth|pass|sig|pw)\b)";

// These make a secret of what they are in. The others are also the names of things.
constexpr std::array<std::string_view, 17> kStrong = {
    "password",  "passwd",          "passphrase", "passcode",   "pwd",
    "apikey",    "accesskey",       "secretkey",  "privatekey", "accountkey",
    "sharedkey", "signingkey",      "storagekey", "masterkey",  "encryptionkey",
    "saskey",    "connectionstring"};
constexpr std::array<std::string_view, 7> kWeak = {
    "secret",        "token",     "credential", "cookie",
    "authorization", "sessionid", "signature"};

// A key that ends so names a secret, or says something about it.
constexpr std::array<std::string_view, 50> kHarmlessEnds = {
    "name",      "names",      "ref",       "refs",     "path",     "paths",
    "file",      "files",      "dir",       "seconds",  "ttl",      "expiry",
    "expires",   "expiration", "type",      "kind",     "count",    "version",
    "policy",    "reset",      "length",    "enabled",  "required", "mount",
    "namespace", "class",      "provider",  "endpoint", "url",      "uri",
    "size",      "limit",      "store",     "review",   "request",  "audience",
    "issuer",    "controller", "manager",   "operator", "service",  "server",
    "rotation",  "age",        "algorithm", "method",   "format",   "status",
    "error",     "id"};

// What stands for having no value, or is the name of one.
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

// "v1.2.3", "1.2.3-rc1", "latest": what stands behind the colon of an image.
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

std::size_t SkipBlanks(std::string_view text, std::size_t at) {
  while (at < text.size() && IsBlank(text[at])) ++at;
  return at;
}

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

struct Value {
  Span span;
  bool quoted = false;
  std::size_t behind = 0;  // the first byte after it and its quote
};

// The value at `at`, which may be quoted, with backslashes before the quote where JSON
// stands inside of JSON.
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

// Whether nothing but the end of a line or of a list follows.
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

std::string_view Of(std::string_view text, Span span) {
  return text.substr(span.begin, span.end - span.begin);
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

std::string KeyPattern(const std::vector<std::string>& more_keys) {
  std::string pattern = R"((?i)[\w.-]*(?:)";
  pattern += kWords;
  for (const std::string& key : more_keys) {
    if (!key.empty()) pattern += "|" + RE2::QuoteMeta(key);
  }
  pattern += R"()[\w.-]*|)";
  pattern += kShortWords;
  return pattern;
}

std::string NormalKey(std::string_view key) {
  std::string normal;
  normal.reserve(key.size());
  for (const char c : key) {
    if (c == '-' || c == '_' || c == '.' || c == ' ') continue;
    normal += IsUpper(c) ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return normal;
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

KeyRules::KeyRules(const std::vector<std::string>& more_keys) {
  for (const std::string& key : more_keys) {
    if (std::string normal = NormalKey(key); !normal.empty()) {
      more_keys_.push_back(std::move(normal));
    }
  }
}

KeyRules::Strength KeyRules::StrengthOf(std::string_view key,
                                        const std::string& normal) const {
  const auto contains = [&](std::string_view word) {
    return normal.find(word) != std::string::npos;
  };
  if (std::any_of(more_keys_.begin(), more_keys_.end(), contains)) {
    return Strength::kStrong;
  }
  // All strong words hold one of these; most keys do not.
  const bool may_be_strong =
      contains("key") || contains("pass") || contains("pwd") || contains("string");
  const bool weak = std::any_of(kWeak.begin(), kWeak.end(), contains);
  if (may_be_strong || weak) {
    const bool harmless =
        std::any_of(kHarmlessEnds.begin(), kHarmlessEnds.end(),
                    [&](std::string_view end) { return normal.ends_with(end); }) &&
        !normal.ends_with("sessionid");
    if (harmless) return Strength::kNone;
    if (std::any_of(kStrong.begin(), kStrong.end(), contains)) return Strength::kStrong;
    if (weak) return Strength::kWeak;
  }
  for (const char* word : {"auth", "pass", "sig", "pw"}) {
    if (normal == word) return Strength::kShort;
  }
  for (const char* end : {"_pass", "-pass", "_PASS", "_pw", "_PW"}) {
    if (key.ends_with(end)) return Strength::kStrong;
  }
  return Strength::kNone;
}

bool KeyRules::IsSecret(std::string_view key) const {
  key = key.substr(0, 256);
  return StrengthOf(key, NormalKey(key)) != Strength::kNone;
}

std::optional<Span> KeyRules::ValueOf(std::string_view text, Span key) const {
  const std::string normal = NormalKey(Of(text, key).substr(0, 256));
  const Strength strength = StrengthOf(Of(text, key), normal);
  if (strength == Strength::kNone) return std::nullopt;
  const char before = key.begin > 0 ? text[key.begin - 1] : '\0';

  // Behind the quote of a key there is a value only in a list of members.
  std::size_t at = key.end;
  while (at < text.size() && text[at] == '\\' && at - key.end < 8) ++at;
  if (at < text.size() && IsQuote(text[at])) {
    at = SkipBlanks(text, at + 1);
    if (at >= text.size()) return std::nullopt;
    const bool flag = text[at] == ',' && text[key.begin] == '-';
    if (text[at] != ':' && text[at] != '=' && !flag) return std::nullopt;
    while (at < text.size() && (text[at] == ':' || text[at] == '=' || text[at] == ',' ||
                                text[at] == '>' || IsSpace(text[at]))) {
      ++at;
    }
    if (at < text.size() && text[at] == '[') ++at;
    const Value value = ReadValue(text, at);
    const std::string_view bytes = Of(text, value.span);
    if (SaysNothing(bytes)) return std::nullopt;
    if (value.quoted) return value.span;
    const bool number = IsNumber(bytes) && strength == Strength::kStrong;
    return number ? std::optional(value.span) : std::nullopt;
  }
  at = key.end;

  if (before == '<' && at < text.size() && text[at] == '>') {
    const Span value{at + 1, std::min(text.find('<', at), text.size())};
    return SaysNothing(Of(text, value)) ? std::nullopt : std::optional(value);
  }

  const std::size_t separator = SkipBlanks(text, at);
  if (separator >= text.size()) return std::nullopt;
  if (text[separator] == '=' || text.substr(separator, 2) == ":=") {
    std::size_t begin = separator;
    while (begin < text.size() &&
           (text[begin] == '=' || text[begin] == ':' || text[begin] == '>')) {
      ++begin;
    }
    // "password= user=bob" has no password.
    if (separator > at) begin = SkipBlanks(text, begin);
    const Value value = ReadValue(text, begin);
    const std::string_view bytes = Of(text, value.span);
    if (SaysNothing(bytes)) return std::nullopt;
    // "auth=off", a shell's directory, counts, and klog's secret="namespace/name".
    if (normal == "auth" && !LooksRandom(bytes)) return std::nullopt;
    if (normal.ends_with("pwd") && bytes[0] == '/') return std::nullopt;
    if (IsNumber(bytes) && (strength == Strength::kShort || normal.ends_with('s'))) {
      return std::nullopt;
    }
    if ((normal == "secret" || normal == "secrets") && IsObjectName(bytes) &&
        bytes.find_first_of("-/") != std::string_view::npos) {
      return std::nullopt;
    }
    return value.span;
  }

  const bool flag = text[key.begin] == '-' && separator > at;
  if (flag && text[separator] != '-' && text[separator] != ':') {
    const Value value = ReadValue(text, separator);
    if (strength == Strength::kShort || SaysNothing(Of(text, value.span))) {
      return std::nullopt;
    }
    return value.span;
  }

  if (text[separator] != ':' || separator != at || strength == Strength::kShort) {
    return std::nullopt;
  }
  const std::size_t begin = SkipBlanks(text, at + 1);
  // Headers hold several: all of the line.
  if (normal.ends_with("cookie") && begin < text.size() &&
      text.substr(begin, 256).find('=') <
          text.substr(begin, 256).find_first_of("\r\n\"")) {
    return Span{begin, std::min(text.find_first_of("\r\n\"", begin), text.size())};
  }
  const Value value = ReadValue(text, begin);
  const std::string_view bytes = Of(text, value.span);
  if (SaysNothing(bytes)) return std::nullopt;
  const bool strong = strength == Strength::kStrong;
  const bool random = LooksRandom(bytes);
  const bool ends = EndsClause(text, value.behind);
  if (begin == at + 1) {
    // Without a space: a Go map; or the image "registry/token:1.2", or a name of AWS.
    if (before == '/' || before == '@' || before == ':' || IsTag(bytes)) {
      return std::nullopt;
    }
    if (strong || (random && bytes.size() >= 8)) return value.span;
    return std::nullopt;
  }
  if (value.quoted) {
    if (ends || (random && bytes.size() >= 8)) return value.span;
    return std::nullopt;
  }
  const bool alone = ends && StartsClause(text, key.begin);
  if (strong && (random || alone)) return value.span;
  const bool letters = bytes.find_first_not_of("0123456789") != std::string_view::npos;
  if (random && letters && bytes.size() >= (alone ? 8u : 16u)) return value.span;
  return std::nullopt;
}

}  // namespace k8sentry::internal
