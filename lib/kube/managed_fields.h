// ManagedFields moves a cursor over metadata.managedFields, which nobody needs and
// which is a third of most Events' tokens.
//
// A cluster's few writers each write one shape, in which only a time differs. A shape
// that was walked over before is recognised by its bytes, and jumped over.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "json/json_cursor.h"

namespace k8sentry::internal {

class ManagedFields {
 public:
  // The token behind the value under the cursor, or null if it is none.
  const std::uint32_t* Skip(JsonCursor cursor) {
    for (const Shape& shape : shapes_) {
      if (Matches(shape, cursor)) return cursor.token() + shape.tokens;
    }
    const JsonCursor begin = cursor;
    if (!cursor.Skip()) return nullptr;
    if (begin.front() == '[') Learn(begin, cursor);
    return cursor.token();
  }

 private:
  static constexpr std::size_t kMaxBytes = 1000;
  static constexpr std::string_view kTime = "\"time\":\"";

  struct Shape {
    std::uint32_t bytes = 0;  // 0: none
    std::uint32_t tokens = 0;
    // Where the time stands, without its quotes, and the token behind it.
    std::uint32_t time_begin = 0;
    std::uint32_t time_end = 0;
    std::uint32_t token_behind_time = 0;
    std::array<char, kMaxBytes> text;
  };

  // Equal bytes have equal tokens, and so have the strings that differ if each has its
  // one token, and the next is where it was: then nothing in them ended them early.
  static bool Matches(const Shape& shape, const JsonCursor& cursor) {
    if (cursor.left() < shape.tokens || shape.bytes == 0) return false;
    const std::uint32_t* const token = cursor.token();
    if (token[shape.tokens - 1] - token[0] != shape.bytes - 1 ||
        token[shape.token_behind_time] - token[0] != shape.time_end + 1) {
      return false;
    }
    const char* const text = cursor.position();
    return std::memcmp(text, shape.text.data(), shape.time_begin) == 0 &&
           std::memcmp(text + shape.time_end, shape.text.data() + shape.time_end,
                       shape.bytes - shape.time_end) == 0;
  }

  // Takes note of the array from `begin` to `end`.
  void Learn(const JsonCursor& begin, const JsonCursor& end) {
    const std::string_view text = begin.TextTo(end);
    const std::size_t time = text.find(kTime);
    if (text.size() > kMaxBytes || time == text.npos) return;
    const std::size_t time_begin = time + kTime.size();
    const std::size_t time_end = text.find('"', time_begin);
    const auto tokens = static_cast<std::uint32_t>(end.token() - begin.token());
    for (std::uint32_t i = 0; i < tokens; ++i) {
      if (begin.token()[i] - begin.token()[0] != time_end + 1) continue;
      Shape& shape = shapes_[next_++ % shapes_.size()];
      shape.bytes = static_cast<std::uint32_t>(text.size());
      shape.tokens = tokens;
      shape.time_begin = static_cast<std::uint32_t>(time_begin);
      shape.time_end = static_cast<std::uint32_t>(time_end);
      shape.token_behind_time = i;
      std::memcpy(shape.text.data(), text.data(), text.size());
      return;
    }
  }

  std::array<Shape, 8> shapes_;
  std::size_t next_ = 0;
};

}  // namespace k8sentry::internal
