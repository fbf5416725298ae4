#include "k8sentry/scrubber.h"

#include <re2/re2.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "sentry/scrub_keys.h"
#include "sentry/scrub_manifests.h"

namespace k8sentry {
namespace {

using internal::Finish;
using internal::Replace;
using internal::Span;

// Bytes, not characters: what is looked for is ASCII, and what is not UTF-8 is no
// reason to look away.
RE2::Options BytesOptions() {
  RE2::Options options(RE2::Latin1);
  options.set_log_errors(false);
  options.set_max_mem(1 << 20);  // of each pattern's automaton, which grows with use
  return options;
}

// Secrets that say themselves what they are. Group 1 is kept; group 2 is a scheme of
// HTTP's Authorization, and group 3 what follows it, which must look like a secret, for
// "basic authentication" is none.
constexpr char kTokens[] =
    R"(\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}\b)"                  // AWS
    R"(|\bAIza[\w-]{35}|\bya29\.[\w-]{20,}|\bGOCSPX-[\w-]{20,})"  // Google
    R"(|\bgh[pousr]_[A-Za-z0-9]{30,}|\bgithub_pat_\w{20,})"
    R"(|\bglpat-[\w-]{20,}|\bdckr_pat_[\w-]{20,})"
    R"(|\bxox[abeoprs]-[\w-]{10,}|\bxapp-[\w-]{10,})"  // Slack
    R"(|(\bhooks\.slack\.com/(?:services|workflows)/)[\w/+-]{8,})"
    R"(|\b[srp]k_(?:live|test)_\w{10,}|\bwhsec_[\w+/=]{20,})"  // Stripe
    R"(|\bnpm_[A-Za-z0-9]{36}|\bpypi-[\w-]{30,}|\bhv[sb]\.[\w-]{20,})"
    R"(|\bSG\.[\w-]{20,}\.[\w-]{30,}|\bdop_v1_[a-f0-9]{60,})"
    R"(|\bsk-(?:ant-|proj-)[\w-]{20,}|\bsk-[A-Za-z0-9]{32,})"
    R"(|\bsntr[yu]s_[\w+/=-]{20,}|\bAGE-SECRET-KEY-1[A-Z0-9]{50,})"
    R"(|\beyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*){0,3})"  // JWT, JWE
    R"(|((?i:\b(?:bearer|basic|negotiate|aws4-hmac-sha256))[ \t]+)([\w.~+/=-]{8,}))";

// Probes and hooks tell the command that failed, with its password. The group stays.
constexpr char kCommands[] =
    R"((\b(?:mysql|mariadb)[a-z-]*\b[^|;&\n]*?\s-p|\bredis-cli\b[^|;&\n]*?\s-a\s+)"
    R"(|\bcurl\b[^|;&\n]*?\s(?:-u|--user)[\s=]+[^\s:"']*:)[^\s"'-][^\s"']*)";

// Where user and password of a URL end.
constexpr std::string_view kEndsAuthority = "/?#\"'<>` \t\r\n";

// What all rules but that for tokens need: white space around the words of a command or
// before a flag's value, or a sign between a key and its value. Names of objects,
// reasons and components have none.
bool IsBareWord(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) {
    const unsigned char byte = static_cast<unsigned char>(c);
    return byte <= 0x20 || c == '=' || c == ':' || c == '>' || c == '"' || c == '\'' ||
           c == '`';
  });
}
// No token within a bare word is shorter; Slack has some of this size.
constexpr std::size_t kShortestToken = 15;

class Rules {
 public:
  Rules() : tokens_(kTokens, BytesOptions()), commands_(kCommands, BytesOptions()) {}

  void ScrubWord(std::string& text) const {
    if (text.size() >= kShortestToken) ScrubTokens(text);
  }

  void Scrub(std::string& text) const {
    manifests_.Scrub(text);
    ScrubPrivateKeys(text);
    ScrubUrls(text);
    ScrubGoAddresses("@tcp(", text);
    ScrubGoAddresses("@unix(", text);
    ScrubTokens(text);
    for (const char* command : {"mysql", "mariadb", "redis-cli", "curl"}) {
      if (text.find(command) == std::string::npos) continue;
      ScrubCommands(text);
      break;
    }
  }

 private:
  // To the end of the text if it was cut off.
  static void ScrubPrivateKeys(std::string& text) {
    constexpr std::string_view kBegin = "-----BEGIN ", kEnd = "-----END ";
    std::string out;
    std::size_t done = 0, at = 0;
    while ((at = text.find(kBegin, at)) != std::string::npos) {
      const std::size_t begin = at;
      at += kBegin.size();
      const std::size_t label = std::min(text.find("-----", at), text.size());
      if (std::string_view(text).substr(at, label - at).find("PRIVATE KEY") ==
          std::string_view::npos) {
        continue;
      }
      std::size_t end = text.find(kEnd, label);
      if (end != std::string::npos) end = text.find("-----", end + kEnd.size());
      at = end == std::string::npos ? text.size() : end + 5;
      Replace(text, {begin, at}, done, out);
    }
    Finish(text, done, out);
  }

  // scheme://user:password@host
  static void ScrubUrls(std::string& text) {
    std::string out;
    std::size_t done = 0, at = 0;
    while ((at = text.find("://", at)) != std::string::npos) {
      at += 3;
      const std::size_t end =
          std::min(text.find_first_of(kEndsAuthority, at), text.size());
      const std::size_t sign = std::string_view(text).substr(at, end - at).rfind('@');
      if (sign != std::string_view::npos) Replace(text, {at, at + sign}, done, out);
      at = end;
    }
    Finish(text, done, out);
  }

  // user:password@tcp(host), as Go's MySQL has it.
  static void ScrubGoAddresses(std::string_view sign, std::string& text) {
    constexpr std::string_view kBefore = " \t\r\n\"'<>`=,;";
    std::string out;
    std::size_t done = 0, at = 0, least = 0;
    while ((at = text.find(sign, at)) != std::string::npos) {
      std::size_t begin = at;
      while (begin > least && kBefore.find(text[begin - 1]) == std::string_view::npos) {
        --begin;
      }
      const std::string_view user = std::string_view(text).substr(begin, at - begin);
      if (user.find(':') != user.npos) Replace(text, {begin, at}, done, out);
      at += sign.size();
      least = at;
    }
    Finish(text, done, out);
  }

  static bool LooksLikeCredentials(std::string_view value) {
    while (value.ends_with('=')) value.remove_suffix(1);
    return value.find('=') == std::string_view::npos && internal::LooksRandom(value);
  }

  void ScrubTokens(std::string& text) const {
    std::string out;
    std::size_t done = 0, from = 0;
    re2::StringPiece groups[4];
    const re2::StringPiece piece(text.data(), text.size());
    const auto offset = [&](const re2::StringPiece& group) {
      return static_cast<std::size_t>(group.data() - text.data());
    };
    while (from < text.size() &&
           tokens_.Match(piece, from, text.size(), RE2::UNANCHORED, groups, 4)) {
      const std::size_t begin = offset(groups[0]);
      from = begin + groups[0].size();
      Span span{begin + groups[1].size(), from};
      if (!groups[2].empty()) {
        span.begin = offset(groups[3]);
        const std::string_view value(groups[3].data(), groups[3].size());
        if (!IsInHeader(text, begin) && !LooksLikeCredentials(value)) {
          from = span.begin;
          continue;
        }
      }
      Replace(text, span, done, out);
    }
    Finish(text, done, out);
  }

  void ScrubCommands(std::string& text) const {
    std::string out;
    std::size_t done = 0, from = 0;
    re2::StringPiece groups[2];
    const re2::StringPiece piece(text.data(), text.size());
    while (from < text.size() &&
           commands_.Match(piece, from, text.size(), RE2::UNANCHORED, groups, 2)) {
      const std::size_t begin =
          static_cast<std::size_t>(groups[0].data() - text.data());
      from = begin + groups[0].size();
      Replace(text, {begin + groups[1].size(), from}, done, out);
    }
    Finish(text, done, out);
  }

  // Whether what stands at `at` follows "Authorization:" in one of its spellings.
  static bool IsInHeader(std::string_view text, std::size_t at) {
    std::size_t end = at;
    while (end > 0 && at - end < 8 &&
           std::string_view(":=[\"'\\ ").find(text[end - 1]) !=
               std::string_view::npos) {
      --end;
    }
    return end < at && internal::NormalKey(text.substr(
                           end < 13 ? 0 : end - 13, std::min<std::size_t>(end, 13))) ==
                           "authorization";
  }

  const internal::ManifestRules manifests_;
  const RE2 tokens_, commands_;
};

}  // namespace

class Scrubber::Impl {
 public:
  explicit Impl(const ScrubOptions& options)
      : on_(options.scrubbing == Scrubbing::kOn),
        keys_(options.more_keys),
        key_(internal::KeyPattern(options.more_keys), BytesOptions()) {
    for (const std::string& pattern : options.more_patterns) {
      RE2::Options re2_options;
      re2_options.set_log_errors(false);
      more_.push_back(std::make_unique<RE2>(pattern, re2_options));
    }
  }

  // What RE2 says of the first pattern that it refuses.
  Status status() const {
    if (!key_.ok()) {
      return Status(StatusCode::kInvalidArgument, "scrub keys: " + key_.error());
    }
    for (const auto& pattern : more_) {
      if (pattern->ok()) continue;
      return Status(
          StatusCode::kInvalidArgument,
          "scrub pattern \"" + pattern->pattern() + "\": " + pattern->error());
    }
    return {};
  }

  bool on() const { return on_; }
  const internal::KeyRules& keys() const { return keys_; }

  void Scrub(std::string& text) const {
    if (IsBareWord(text)) {
      rules_.ScrubWord(text);
    } else {
      rules_.Scrub(text);
      ScrubKeys(text);
    }
    for (const auto& pattern : more_) ScrubPattern(*pattern, text);
  }

 private:
  void ScrubKeys(std::string& text) const {
    std::string out;
    std::size_t done = 0, from = 0;
    re2::StringPiece key;
    const re2::StringPiece piece(text.data(), text.size());
    while (from < text.size() &&
           key_.Match(piece, from, text.size(), RE2::UNANCHORED, &key, 1)) {
      const std::size_t begin = static_cast<std::size_t>(key.data() - text.data());
      from = begin + key.size();
      const std::optional<Span> value = keys_.ValueOf(text, {begin, from});
      if (!value) continue;
      Replace(text, *value, done, out);
      from = value->end;
    }
    Finish(text, done, out);
  }

  static void ScrubPattern(const RE2& pattern, std::string& text) {
    std::string out;
    std::size_t done = 0, from = 0;
    re2::StringPiece match;
    const re2::StringPiece piece(text.data(), text.size());
    while (from < text.size() &&
           pattern.Match(piece, from, text.size(), RE2::UNANCHORED, &match, 1)) {
      const std::size_t begin = static_cast<std::size_t>(match.data() - text.data());
      from = begin + match.size();
      if (match.empty()) {
        from = begin + 1;  // an empty match is no secret
      } else {
        Replace(text, {begin, from}, done, out);
      }
    }
    Finish(text, done, out);
  }

  const bool on_;
  const Rules rules_;
  const internal::KeyRules keys_;
  const RE2 key_;
  std::vector<std::unique_ptr<RE2>> more_;
};

Scrubber::Scrubber() : impl_(std::make_unique<Impl>(ScrubOptions())) {}
Scrubber::~Scrubber() = default;
Scrubber::Scrubber(Scrubber&&) noexcept = default;
Scrubber& Scrubber::operator=(Scrubber&&) noexcept = default;

std::string Scrubber::Scrub(std::string_view text) const {
  std::string scrubbed(text);
  if (impl_->on()) impl_->Scrub(scrubbed);
  return scrubbed;
}

bool Scrubber::IsSecretKey(std::string_view key) const {
  return impl_->on() && impl_->keys().IsSecret(key);
}

Result<Scrubber> NewScrubber(const ScrubOptions& options) {
  auto impl = std::make_unique<Scrubber::Impl>(options);
  if (Status status = impl->status(); !status.ok()) return status;
  Scrubber scrubber;
  scrubber.impl_ = std::move(impl);
  return scrubber;
}

}  // namespace k8sentry
