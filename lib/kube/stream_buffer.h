// A StreamBuffer holds the bytes of a stream that are still needed, in one piece and
// with padding behind them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <span>

#include "json/json_tokens.h"

namespace k8sentry::internal {

class StreamBuffer {
 public:
  // Room for `min_bytes` behind the held ones. These may move, and it takes at most
  // twice their space, but never more than `max_held_bytes` and a read's worth beyond
  // what is asked for.
  std::span<char> Prepare(std::size_t min_bytes, std::size_t max_held_bytes) {
    const std::size_t held = end_ - begin_;
    const std::size_t need = held + min_bytes;
    const bool wasteful = capacity_ > kReadBytes + kSpareBytes + max_held_bytes + need;
    if (end_ + min_bytes > capacity_ || wasteful) {
      if (need > capacity_ || wasteful) {
        // With room for an unfinished frame before the next read of the same size.
        Resize(std::max(need, std::min(2 * held, max_held_bytes) + kReadBytes) +
               kSpareBytes);
      } else {
        std::memmove(bytes_.get(), data(), held);
        begin_ = 0;
        end_ = held;
      }
    }
    return {bytes_.get() + end_, capacity_ - end_};
  }

  void Commit(std::size_t bytes) { end_ += bytes; }
  // The first `bytes` held ones are no longer needed. They stay where they are until
  // the next Prepare.
  void Drop(std::size_t bytes) { begin_ += bytes; }

  const char* data() const { return bytes_.get() + begin_; }
  std::size_t size() const { return end_ - begin_; }

 private:
  static constexpr std::size_t kReadBytes = 256 << 10;
  static constexpr std::size_t kSpareBytes = kReadBytes / 4;

  void Resize(std::size_t capacity) {
    // The padding is read but says nothing.
    auto bytes = std::make_unique_for_overwrite<char[]>(capacity + kJsonPadding);
    const std::size_t held = size();
    if (held > 0) std::memcpy(bytes.get(), data(), held);
    std::memset(bytes.get() + capacity, 0, kJsonPadding);
    bytes_ = std::move(bytes);
    capacity_ = capacity;
    begin_ = 0;
    end_ = held;
  }

  std::unique_ptr<char[]> bytes_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace k8sentry::internal
