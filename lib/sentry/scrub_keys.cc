#include "sentry/scrub_keys.h"

#include <re2/re2.h>

#include <algorithm>
#include <array>

namespace k8sentry::internal {
namespace {

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

}  // namespace

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
