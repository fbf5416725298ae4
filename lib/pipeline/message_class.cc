#include "pipeline/message_class.h"

#include <array>
#include <cstdint>

#include "k8sentry/text.h"
#include "pipeline/key_part.h"

namespace k8sentry::internal {
namespace {

// Classes of characters, by bit.
enum : std::uint8_t { kDigit = 1, kHex = 2, kAlnum = 4, kTokenByte = 8, kAddress = 16 };

constexpr std::array<std::uint8_t, 256> MakeTable() {
  std::array<std::uint8_t, 256> table = {};
  for (int c = 0; c < 256; ++c) {
    const bool digit = c >= '0' && c <= '9';
    const bool hex = digit || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    const bool alnum = digit || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    const bool token = alnum || c == '.' || c == '_' || c == '-';
    const bool address = hex || c == ':' || c == '.';
    table[c] = (digit ? kDigit : 0) | (hex ? kHex : 0) | (alnum ? kAlnum : 0) |
               (token ? kTokenByte : 0) | (address ? kAddress : 0);
  }
  return table;
}
constexpr std::array<std::uint8_t, 256> kTable = MakeTable();

bool Is(char c, std::uint8_t what) {
  return kTable[static_cast<unsigned char>(c)] & what;
}

std::size_t RunEnd(std::string_view text, std::size_t i, std::uint8_t what) {
  while (i < text.size() && Is(text[i], what)) ++i;
  return i;
}

bool IsAddress(std::string_view text, std::size_t begin, std::size_t end) {
  if (end < text.size() && (Is(text[end], kAlnum) || text[end] == '_')) return false;
  int colons = 0;
  bool digit = false;
  for (const char c : text.substr(begin, end - begin)) {
    colons += c == ':';
    digit = digit || Is(c, kDigit);
  }
  return colons >= 2 && digit;
}

bool IsUuid(std::string_view token) {
  if (token.size() != 36) return false;
  for (std::size_t i = 0; i < 36; ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? token[i] != '-' : !Is(token[i], kHex)) return false;
  }
  return true;
}

bool IsHash(std::string_view token) {
  if (token.size() < 8) return false;
  bool digit = false;
  for (const char c : token) {
    if (!Is(c, kHex)) return false;
    digit = digit || Is(c, kDigit);
  }
  return digit;
}

bool BeginsWithNameAndDash(std::string_view token, std::string_view name) {
  return !name.empty() && token.size() > name.size() && token[name.size()] == '-' &&
         token.starts_with(name);
}

bool Varies(std::string_view token, std::string_view object,
            std::string_view workload) {
  return Is(token.front(), kDigit) || token == object ||
         BeginsWithNameAndDash(token, object) ||
         BeginsWithNameAndDash(token, workload) || IsHash(token) || IsUuid(token);
}

// What comes out, up to its bound. Leading spaces never go in.
class Output {
 public:
  explicit Output(char* buffer) : buffer_(buffer) {}

  // More than fits, so that it is known whether the last character was cut.
  bool full() const { return size_ >= kMaxClassBytes + kSlack; }

  void Add(char c) {
    if (full() || (size_ == 0 && c == ' ')) return;
    text_[size_++] = c;
  }

  std::string_view Finish() {
    std::string_view text = TruncateUtf8({text_, size_}, kMaxClassBytes);
    while (text.ends_with(' ')) text.remove_suffix(1);
    text.copy(buffer_, text.size());
    return {buffer_, text.size()};
  }

 private:
  static constexpr std::size_t kSlack = 4;
  char text_[kMaxClassBytes + kSlack];
  std::size_t size_ = 0;
  char* buffer_;
};

}  // namespace

std::string_view Mask(std::string_view text, std::string_view object,
                      std::string_view workload, char* buffer) {
  Output out(buffer);
  bool behind_token = false;
  // A run that is no address holds none further right either; it is looked at once.
  std::size_t no_address_before = 0;
  for (std::size_t i = 0; i < text.size() && !out.full();) {
    if (!behind_token && i >= no_address_before && Is(text[i], kAddress)) {
      const std::size_t end = RunEnd(text, i, kAddress);
      if (IsAddress(text, i, end)) {
        out.Add('*');
        i = end;
        continue;
      }
      no_address_before = end;
    }
    if (!behind_token && Is(text[i], kAlnum)) {
      std::size_t end = RunEnd(text, i, kTokenByte);
      while (!Is(text[end - 1], kAlnum)) --end;
      const std::string_view token = text.substr(i, end - i);
      if (Varies(token, object, workload)) {
        out.Add('*');
      } else {
        for (const char c : token.substr(0, kMaxClassBytes + 4)) out.Add(c);
      }
      i = end;
      behind_token = true;
      continue;
    }
    behind_token = false;
    if (text[i] == ' ' || text[i] == '\t') {
      out.Add(' ');
      while (i < text.size() && (text[i] == ' ' || text[i] == '\t')) ++i;
      continue;
    }
    out.Add(KeyCharacter(text[i++]));
  }
  return out.Finish();
}

namespace {

// The row of a reason, and the first of its rules that fits.
enum class Match { kAlways, kContains, kBegins, kContainsNotFound };
struct Rule {
  std::string_view reason;
  Match match;
  std::string_view text;
  std::string_view message_class;
};
constexpr Rule kRules[] = {
    {"FailedScheduling", Match::kAlways, "", "unschedulable"},
    {"FailedCreate", Match::kContains, "exceeded quota", "quota"},
    {"FailedCreate", Match::kContains, "is forbidden", "forbidden"},
    {"FailedCreate", Match::kAlways, "", "create"},
    {"FailedMount", Match::kContainsNotFound, "configmap", "configmap missing"},
    {"FailedMount", Match::kContainsNotFound, "secret", "secret missing"},
    {"FailedMount", Match::kContains, "timed out waiting", "timeout"},
    {"FailedMount", Match::kAlways, "", "mount"},
    {"FailedAttachVolume", Match::kAlways, "", "attach"},
    {"Unhealthy", Match::kBegins, "Readiness probe", "readiness"},
    {"Unhealthy", Match::kBegins, "Liveness probe", "liveness"},
    {"Unhealthy", Match::kBegins, "Startup probe", "startup"},
    {"BackOff", Match::kBegins, "Back-off pulling image", "image"},
    {"BackOff", Match::kBegins, "Back-off restarting failed", "container"},
};

bool Contains(std::string_view text, std::string_view what) {
  return text.find(what) != text.npos;
}

bool Fits(const Rule& rule, std::string_view line) {
  switch (rule.match) {
    case Match::kAlways:
      return true;
    case Match::kContains:
      return Contains(line, rule.text);
    case Match::kBegins:
      return line.starts_with(rule.text);
    case Match::kContainsNotFound:
      return Contains(line, rule.text) && Contains(line, "not found");
  }
  return false;
}

}  // namespace

MessageClass ClassOf(const Event& event, std::string_view workload, char* buffer) {
  std::string_view line = FirstLine(event.message);
  line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
  constexpr std::string_view kCombined = "(combined from similar events): ";
  if (line.starts_with(kCombined)) line.remove_prefix(kCombined.size());
  for (const Rule& rule : kRules) {
    if (rule.reason == event.reason && Fits(rule, line))
      return {rule.message_class, false};
  }
  if (event.reason == "Failed") {
    constexpr std::string_view kError = "Error: ";
    if (line.starts_with(kError)) line.remove_prefix(kError.size());
    line = line.substr(0, line.find_first_of(":\""));
  }
  return {Mask(line, event.involved_object.name, workload, buffer), true};
}

}  // namespace k8sentry::internal
