// A JsonCursor walks over the tokens of a JSON text, value by value.
//
// It checks the grammar of what it walks over, and of what it skips the brackets and
// the scalars. So a document that it gets through ends where a plain count of brackets
// says it ends. No recursion: skipping is a loop, and walking goes as deep as its
// caller does.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "json/json_text.h"
#include "json/json_tokens.h"

namespace k8sentry::internal {

enum class Brackets {
  kUnknown,  // skipping also compares them, up to 60 deep; deeper is a fault
  kMatched,  // somebody did already
};

class JsonCursor {
 public:
  // Requires: `tokens` are those of the text at `text`.
  JsonCursor(const char* text, const std::uint32_t* begin, const std::uint32_t* end,
             Brackets brackets)
      : text_(text), at_(begin), end_(end), brackets_(brackets) {}

  bool done() const { return at_ == end_; }
  // The first byte of the token under the cursor.
  // Requires: !done().
  char front() const { return text_[*at_]; }
  const char* position() const { return text_ + *at_; }
  const std::uint32_t* token() const { return at_; }

  // The token under the cursor, with the quotes of a string.
  std::string_view Token() const {
    const char* const begin = text_ + *at_;
    const char* end = text_ + at_[1];
    while (IsSpace(end[-1])) --end;  // stops: a token begins with something else
    return {begin, static_cast<std::size_t>(end - begin)};
  }

  // What stands between the quotes of the string under the cursor, escapes and all.
  // Requires: front() == '"'.
  std::string_view RawString() const {
    const std::string_view token = Token();
    return token.substr(1, token.size() - 2);
  }

  void Next() { ++at_; }

  // The text of the value under this cursor, when `behind` was moved behind it.
  // Requires: the value is an object or an array.
  std::string_view TextTo(const JsonCursor& behind) const {
    const char* const end = behind.text_ + behind.at_[-1] + 1;
    return {position(), static_cast<std::size_t>(end - position())};
  }

  // Moves behind the value under the cursor; false if it is none.
  bool Skip() {
    if (done()) return false;
    switch (front()) {
      case '"':
        ++at_;
        return true;
      case '{':
      case '[':
        return SkipContainer();
      default:
        if (!IsJsonScalar(Token())) return false;
        ++at_;
        return true;
    }
  }

  // As Skip, and gives the value's text.
  bool SkipRaw(std::string_view& raw) {
    if (done()) return false;
    const JsonCursor value = *this;
    if (!Skip()) return false;
    const bool container = value.front() == '{' || value.front() == '[';
    raw = container ? value.TextTo(*this) : value.Token();
    return true;
  }

  // Walks over the object under the cursor. Calls visit(raw key) for each member, with
  // the cursor on its value; visit moves behind the value, or gives false for a fault.
  // False: a fault.
  // Requires: front() == '{'.
  template <typename Visit>
  bool VisitMembers(Visit visit) {
    ++at_;
    if (done()) return false;
    if (front() == '}') {
      ++at_;
      return true;
    }
    for (;;) {
      // A key, a colon, a value and what follows it.
      if (end_ - at_ < 4 || front() != '"' || text_[at_[1]] != ':') return false;
      const std::string_view key = RawString();
      at_ += 2;
      if (!visit(key) || done()) return false;
      const char separator = front();
      ++at_;
      if (separator == '}') return true;
      if (separator != ',') return false;
    }
  }

  // The same for the array under the cursor: calls visit() for each element.
  // Requires: front() == '['.
  template <typename Visit>
  bool VisitElements(Visit visit) {
    ++at_;
    if (done()) return false;
    if (front() == ']') {
      ++at_;
      return true;
    }
    for (;;) {
      if (done() || !visit() || done()) return false;
      const char separator = front();
      ++at_;
      if (separator == ']') return true;
      if (separator != ',') return false;
    }
  }

 private:
  static bool IsSpace(char c) {
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
  }
  bool SkipContainer();

  const char* text_;
  const std::uint32_t* at_;
  const std::uint32_t* end_;
  Brackets brackets_;
};

// Which way a token's first byte moves the depth, or kScalarToken; and which are
// square.
inline constexpr std::int8_t kScalarToken = -128;
struct TokenTables {
  std::int8_t delta[256] = {};
  std::uint8_t square[256] = {};
};
inline constexpr TokenTables kTokenTables = [] {
  TokenTables tables;
  for (std::int8_t& delta : tables.delta) delta = kScalarToken;
  tables.delta['"'] = tables.delta[':'] = tables.delta[','] = 0;
  tables.delta['{'] = tables.delta['['] = 1;
  tables.delta['}'] = tables.delta[']'] = -1;
  tables.square['['] = tables.square[']'] = 1;
  return tables;
}();

inline bool JsonCursor::SkipContainer() {
  constexpr int kMaxCompared = 60;
  int depth = 0;
  // Bit n: whether the bracket that is open at depth n is square. Closing toggles what
  // opening set, so a pair that does not match leaves a bit behind.
  std::uint64_t square = 0;
  std::uint64_t unmatched = 0;
  do {
    if (at_ == end_) return false;
    const auto c = static_cast<unsigned char>(text_[*at_]);
    const int delta = kTokenTables.delta[c];
    if (delta < -1 && !IsJsonScalar(Token())) return false;
    const int change = delta < -1 ? 0 : delta;
    if (depth > kMaxCompared) {
      if (brackets_ == Brackets::kUnknown) return false;
    } else {
      const int closes = change >> 7;  // all ones for a closing bracket
      const int level = depth + closes;
      square ^= static_cast<std::uint64_t>(kTokenTables.square[c]) << level;
      unmatched |= square >> level & static_cast<std::uint64_t>(std::int64_t{closes});
    }
    depth += change;
    ++at_;
  } while (depth > 0);
  return unmatched == 0 || brackets_ == Brackets::kMatched;
}

}  // namespace k8sentry::internal
