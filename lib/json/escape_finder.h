// An EscapeFinder knows whether a string of a text holds a backslash.
//
// It remembers a stretch of text that holds none. Strings are asked for in the order in
// which they stand, so the text is searched once, not string by string.
#pragma once

#include <cstddef>
#include <cstring>
#include <string_view>

namespace k8sentry::internal {

class EscapeFinder {
 public:
  // Whether `raw` holds a backslash. `text_end` is the end of the text it stands in.
  bool Find(std::string_view raw, const char* text_end) {
    const char* const begin = raw.data();
    const char* const end = begin + raw.size();
    if (begin >= from_ && end <= next_) return false;
    if (begin < from_ || begin > next_) {
      from_ = begin;
      const void* const found =
          std::memchr(begin, '\\', static_cast<std::size_t>(text_end - begin));
      next_ = found ? static_cast<const char*>(found) : text_end;
    }
    return next_ < end;
  }

  // The text has changed.
  void Forget() { from_ = next_ = nullptr; }

 private:
  // There is no backslash from from_ up to next_.
  const char* from_ = nullptr;
  const char* next_ = nullptr;
};

}  // namespace k8sentry::internal
