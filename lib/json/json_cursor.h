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
  explicit JsonCursor(const JsonText& text) : text_(&text), at_(text.begin) {}
  JsonCursor(const JsonText& text, const std::uint32_t* token)
      : text_(&text), at_(token) {}

  bool done() const { return at_ == text_->end; }
  // The first byte of the token under the cursor.
  // Requires: !done().
  char front() const { return text_->bytes[*at_]; }
  const char* position() const { return text_->bytes + *at_; }
  const std::uint32_t* token() const { return at_; }

  // The token under the cursor, with the quotes of a string.
  std::string_view Token() const {
    const char* const begin = text_->bytes + *at_;
    const char* end = text_->bytes + at_[1];
    while (IsSpace(end[-1])) --end;  // stops: a token begins with something else
    return {begin, static_cast<std::size_t>(end - begin)};
  }

  // What stands between the quotes of the string under the cursor, escapes and all.
  // Requires: front() == '"'.
  std::string_view RawString() const {
    const char* const begin = text_->bytes + *at_ + 1;
    const char* end = text_->bytes + at_[1] - 1;
    while (*end != '"') --end;  // only over white space
    return {begin, static_cast<std::size_t>(end - begin)};
  }

  void Next() { ++at_; }
  // Moves to `token`, which a reader of a part gave; false if it gave null, a fault.
  bool MoveTo(const std::uint32_t* token) {
    at_ = token;
    return token != nullptr;
  }
  std::size_t left() const { return static_cast<std::size_t>(text_->end - at_); }
  const char* text_end() const { return text_->bytes + *text_->end; }

  // The text of the value under this cursor, when `behind` was moved behind it.
  // Requires: the value is an object or an array.
  std::string_view TextTo(const JsonCursor& behind) const {
    const char* const end = behind.text_->bytes + behind.at_[-1] + 1;
    return {position(), static_cast<std::size_t>(end - position())};
  }

  // Moves behind the value under the cursor; false if it is none.
  bool Skip() {
    if (done()) return false;
    if (front() == '"') {
      ++at_;
      return true;
    }
    // By value: a cursor whose address is never taken stays in registers.
    at_ = SkipFrom(*this);
    return at_ != nullptr;
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
      if (text_->end - at_ < 4 || front() != '"' || text_->bytes[at_[1]] != ':')
        return false;
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
  // The token behind the value under `cursor`, or null.
  static const std::uint32_t* SkipFrom(JsonCursor cursor);
  bool SkipContainer();

  // Two words, so that a cursor is given to a function in registers.
  const JsonText* text_;
  const std::uint32_t* at_;
};

}  // namespace k8sentry::internal
