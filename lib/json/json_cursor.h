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

class JsonCursor {
 public:
  // On the first token of `text`, which outlives the cursor, or on `token`.
  explicit JsonCursor(const JsonText& text) : JsonCursor(text, text.begin) {}
  JsonCursor(const JsonText& text, const JsonToken* token)
      : text_(&text), bytes_(text.bytes), at_(token) {}

  bool done() const { return at_ == text_->end; }
  // The first byte of the token under the cursor; '\n' or '\0' behind the last one.
  char front() const { return bytes_[*at_]; }
  const char* position() const { return bytes_ + *at_; }
  const JsonToken* token() const { return at_; }

  // The token under the cursor, with the quotes of a string.
  std::string_view Token() const {
    const char* const begin = bytes_ + *at_;
    const char* end = bytes_ + at_[1];
    while (IsSpace(end[-1])) --end;  // stops: a token begins with something else
    return {begin, static_cast<std::size_t>(end - begin)};
  }

  // What stands between the quotes of the string under the cursor, escapes and all.
  // Requires: front() == '"'.
  std::string_view RawString() const {
    const char* const begin = bytes_ + *at_ + 1;
    const char* end = bytes_ + at_[1] - 1;
    while (*end != '"') --end;  // only over white space
    return {begin, static_cast<std::size_t>(end - begin)};
  }

  // The number under the cursor if it has one to nine digits and nothing else, is not
  // 0, and a separator follows at once; else 0.
  std::int32_t SmallNumber() const {
    const char* const begin = bytes_ + *at_;
    const JsonToken digits = at_[1] - at_[0];
    if (digits > 9 || *begin == '0') return 0;
    std::int32_t number = 0;
    for (JsonToken i = 0; i < digits; ++i) {
      const unsigned digit = static_cast<unsigned char>(begin[i]) - '0';
      if (digit > 9) return 0;
      number = number * 10 + static_cast<std::int32_t>(digit);
    }
    return number;
  }

  void Next() { ++at_; }
  // Moves to `token`, which a reader of a part gave; false if it gave null, a fault.
  bool MoveTo(const JsonToken* token) {
    at_ = token;
    return token != nullptr;
  }
  std::size_t left() const { return static_cast<std::size_t>(text_->end - at_); }
  const char* text_end() const { return bytes_ + *text_->end; }

  // The text of the object or array that began at `token` and ends before the cursor.
  std::string_view TextFrom(const JsonToken* token) const {
    const char* const begin = bytes_ + *token;
    const char* const end = bytes_ + at_[-1] + 1;
    return {begin, static_cast<std::size_t>(end - begin)};
  }

  // Moves behind the value under the cursor; false if it is none.
  bool Skip() {
    if (front() == '"') {
      ++at_;
      return true;
    }
    return MoveTo(SkipFrom(*text_, at_));
  }

  // As Skip, and gives the value's text.
  bool SkipRaw(std::string_view& raw) {
    const JsonToken* const begin = at_;
    const bool container = front() == '{' || front() == '[';
    if (!container) raw = done() ? std::string_view() : Token();
    if (!Skip()) return false;
    if (container) raw = TextFrom(begin);
    return true;
  }

  // Whether `text` comes next. Behind a separator of the grammar that is as good as a
  // look at each token, if `text` holds whole tokens: no string is open there.
  template <std::size_t kSize>
  bool At(const char (&text)[kSize]) const {
    static_assert(kSize - 1 <= kJsonPadding);
    return std::memcmp(position(), text, kSize - 1) == 0;
  }
  void Advance(int tokens) { at_ += tokens; }
  // Moves to the value of the member that `text` begins, such as `,"name":"`, if it
  // comes next: behind separator, key and colon.
  template <std::size_t kSize>
  bool TakeKey(const char (&text)[kSize]) {
    if (!At(text)) return false;
    at_ += 3;
    return true;
  }

  // Walks over the object under the cursor. Calls visit(raw key) for each member, with
  // the cursor on its value; visit moves behind the value, or gives false for a fault.
  // False: a fault.
  // Requires: front() == '{'.
  template <typename Visit>
  bool VisitMembers(Visit visit) {
    return VisitRest(at_, visit);
  }

  // The same for what is left of the object at `object`.
  // Requires: the cursor is on `object`, or behind a member of it.
  template <typename Visit>
  bool VisitRest(const JsonToken* object, Visit visit) {
    if (at_ == object && bytes_[at_[1]] == '}') {
      at_ += 2;
      return true;
    }
    for (char separator = at_ == object ? ',' : front();; separator = front()) {
      ++at_;
      if (separator == '}') return true;
      if (separator != ',') return false;
      if (front() != '"' || bytes_[at_[1]] != ':') return false;
      const std::string_view key = RawString();
      at_ += 2;
      if (!visit(key)) return false;
    }
  }

  // The same for the array under the cursor: calls visit() for each element.
  // Requires: front() == '['.
  template <typename Visit>
  bool VisitElements(Visit visit) {
    ++at_;
    if (front() == ']') {
      ++at_;
      return true;
    }
    for (;;) {
      if (!visit()) return false;
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
  // The token behind the value at `token`, or null. Functions that are not inlined get
  // the token alone: a cursor whose address is taken does not stay in registers.
  static const JsonToken* SkipFrom(const JsonText& text, const JsonToken* token);
  bool SkipContainer();

  const JsonText* text_;
  const char* bytes_;
  const JsonToken* at_;
};

}  // namespace k8sentry::internal
