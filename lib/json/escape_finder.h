// An EscapeFinder knows whether a string of a text holds a backslash.
//
// It remembers where the next backslash is. Strings are asked for in the order in which
// they stand, so the text is searched once, not string by string.
#pragma once

#include <cstddef>
#include <cstring>
#include <string_view>

namespace k8sentry::internal {

class EscapeFinder {
 public:
  // Whether `raw` holds a backslash. `text_end` is the end of the text it stands in.
  // Requires: `raw` stands behind all that was asked for since Forget.
  bool Find(std::string_view raw, const char* text_end) {
    const char* const begin = raw.data();
    const char* const end = begin + raw.size();
    if (end <= next_) return false;
    if (next_ == nullptr || begin > next_) {
      const void* const found =
          std::memchr(begin, '\\', static_cast<std::size_t>(text_end - begin));
      next_ = found ? static_cast<const char*>(found) : text_end;
    }
    return next_ < end;
  }

  // Another text comes, or this one again.
  void Forget() { next_ = nullptr; }

 private:
  const char* next_ = nullptr;  // the first backslash behind what was asked for
};

}  // namespace k8sentry::internal
