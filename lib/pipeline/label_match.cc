#include "pipeline/label_match.h"

#include <bit>
#include <charconv>
#include <cstdint>
#include <optional>

namespace k8sentry::internal {
namespace {

// A JSON string between its quotes, read character by character.
class StringReader {
 public:
  explicit StringReader(std::string_view raw) : raw_(raw) {}

  // Whether the rest reads as `text` once its escapes are resolved.
  bool Equals(std::string_view text) {
    while (!raw_.empty()) {
      char bytes[4];
      const std::size_t n = Next(bytes);
      if (!text.starts_with(std::string_view(bytes, n))) return false;
      text.remove_prefix(n);
    }
    return text.empty();
  }

 private:
  // Takes one byte or one escape, and gives its one to four bytes.
  std::size_t Next(char* bytes) {
    bytes[0] = raw_.front();
    raw_.remove_prefix(1);
    if (bytes[0] != '\\' || raw_.empty()) return 1;
    const char escape = raw_.front();
    raw_.remove_prefix(1);
    switch (escape) {
      case 'b':
        bytes[0] = '\b';
        return 1;
      case 'f':
        bytes[0] = '\f';
        return 1;
      case 'n':
        bytes[0] = '\n';
        return 1;
      case 'r':
        bytes[0] = '\r';
        return 1;
      case 't':
        bytes[0] = '\t';
        return 1;
      case 'u':
        return Encode(CodePoint(), bytes);
      default:
        bytes[0] = escape;
        return 1;
    }
  }

  std::optional<std::uint32_t> Unit() const {
    std::uint32_t unit = 0;
    if (raw_.size() < 4) return std::nullopt;
    const auto [end, error] = std::from_chars(raw_.data(), raw_.data() + 4, unit, 16);
    if (error != std::errc() || end != raw_.data() + 4) return std::nullopt;
    return unit;
  }

  // Behind "\u". A lone surrogate is U+FFFD.
  std::uint32_t CodePoint() {
    const std::uint32_t first = Unit().value_or(0xFFFD);
    raw_.remove_prefix(std::min<std::size_t>(4, raw_.size()));
    if (first < 0xD800 || first > 0xDFFF) return first;
    if (first > 0xDBFF || !raw_.starts_with("\\u")) return 0xFFFD;
    const std::string_view before = raw_;
    raw_.remove_prefix(2);
    const std::uint32_t second = Unit().value_or(0);
    if (second < 0xDC00 || second > 0xDFFF) {
      raw_ = before;
      return 0xFFFD;
    }
    raw_.remove_prefix(4);
    return 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
  }

  static std::size_t Encode(std::uint32_t c, char* bytes) {
    if (c < 0x80) {
      bytes[0] = static_cast<char>(c);
      return 1;
    }
    const std::size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (std::size_t i = n - 1; i > 0; --i, c >>= 6) {
      bytes[i] = static_cast<char>(0x80 | (c & 0x3F));
    }
    bytes[0] = static_cast<char>((0xF00 >> n & 0xFF) | c);
    return n;
  }

  std::string_view raw_;
};

// Steps through the object's text.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  bool Take(char c) {
    Skip();
    if (i_ >= text_.size() || text_[i_] != c) return false;
    ++i_;
    return true;
  }

  // The string that begins here, without its quotes.
  std::optional<std::string_view> String() {
    if (!Take('"')) return std::nullopt;
    const std::size_t begin = i_;
    for (; i_ < text_.size() && text_[i_] != '"'; ++i_) {
      if (text_[i_] == '\\') ++i_;
    }
    if (i_ >= text_.size()) return std::nullopt;
    return text_.substr(begin, i_++ - begin);
  }

  // Passes over a value of any kind; false at the text's end.
  bool SkipValue() {
    for (int depth = 0; i_ < text_.size();) {
      const char c = text_[i_];
      if (depth == 0 && (c == ',' || c == '}')) return true;
      if (c == '"') {
        if (!String()) return false;
        continue;
      }
      depth += (c == '{' || c == '[') - (c == '}' || c == ']');
      ++i_;
    }
    return false;
  }

 private:
  void Skip() {
    while (i_ < text_.size() && (text_[i_] == ' ' || text_[i_] == '\t' ||
                                 text_[i_] == '\r' || text_[i_] == '\n')) {
      ++i_;
    }
  }

  std::string_view text_;
  std::size_t i_ = 0;
};

}  // namespace

std::size_t CountLabels(std::string_view labels, const std::vector<Label>& wanted) {
  Scanner scanner(labels);
  std::uint64_t found = 0;
  if (!scanner.Take('{')) return 0;
  do {
    const std::optional<std::string_view> key = scanner.String();
    if (!key || !scanner.Take(':')) break;
    const std::optional<std::string_view> value = scanner.String();
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      if (!StringReader(*key).Equals(wanted[i].key)) continue;
      const bool equal = value && StringReader(*value).Equals(wanted[i].value);
      found = equal ? found | 1ull << i : found & ~(1ull << i);
    }
    if (!value && !scanner.SkipValue()) break;
  } while (scanner.Take(','));
  return static_cast<std::size_t>(std::popcount(found));
}

}  // namespace k8sentry::internal
