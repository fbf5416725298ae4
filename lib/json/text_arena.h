// A TextArena holds unescaped text until it is cleared all at once.
//
// What it gave out stays in place: it grows by blocks. Clearing keeps the first block,
// so that in steady state nothing is allocated.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

namespace k8sentry::internal {

class TextArena {
 public:
  char* Allocate(std::size_t bytes) {
    if (bytes > left_) AddBlock(bytes);
    char* const text = next_;
    next_ += bytes;
    left_ -= bytes;
    used_ += bytes;
    return text;
  }

  // Gives back the last `bytes` of the last allocation.
  void Return(std::size_t bytes) {
    next_ -= bytes;
    left_ += bytes;
    used_ -= bytes;
  }

  void Clear() {
    if (used_ == 0) return;
    blocks_.resize(1);
    next_ = blocks_[0].get();
    left_ = kBlockBytes;
    used_ = 0;
  }

  // Bytes given out since it was cleared.
  std::size_t used() const { return used_; }

 private:
  static constexpr std::size_t kBlockBytes = 64 << 10;

  void AddBlock(std::size_t bytes) {
    // The first block has the size that Clear expects, whatever is asked for.
    if (blocks_.empty() || bytes <= kBlockBytes) {
      blocks_.push_back(std::make_unique_for_overwrite<char[]>(kBlockBytes));
      next_ = blocks_.back().get();
      left_ = kBlockBytes;
    }
    if (bytes > left_) {
      blocks_.push_back(std::make_unique_for_overwrite<char[]>(bytes));
      next_ = blocks_.back().get();
      left_ = bytes;
    }
  }

  std::vector<std::unique_ptr<char[]>> blocks_;
  char* next_ = nullptr;
  std::size_t left_ = 0;
  std::size_t used_ = 0;
};

}  // namespace k8sentry::internal
