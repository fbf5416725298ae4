// A hash index over a table of numbered slots: open addressing, linear probing, and
// deletion by shifting back, so it needs no tombstones and never rehashes for them. It
// grows with what it holds and then allocates no more.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace k8sentry::internal {

class SlotIndex {
 public:
  static constexpr std::uint32_t kNone = 0xFFFFFFFF;

  // The slot under `hash` for which `equal(slot)` holds, or kNone.
  template <typename Equal>
  std::uint32_t Find(std::uint64_t hash, Equal equal) const {
    if (cells_.empty()) return kNone;
    const std::uint32_t tag = TagOf(hash);
    for (std::size_t i = tag & mask_; cells_[i].slot != kNone; i = (i + 1) & mask_) {
      if (cells_[i].tag == tag && equal(cells_[i].slot)) return cells_[i].slot;
    }
    return kNone;
  }

  // Requires: `slot` is not in the index.
  void Insert(std::uint64_t hash, std::uint32_t slot) {
    if ((size_ + 1) * 4 > cells_.size() * 3) Grow();
    Put(TagOf(hash), slot);
    ++size_;
  }

  // Requires: `slot` is in the index under `hash`.
  void Erase(std::uint64_t hash, std::uint32_t slot) {
    std::size_t hole = TagOf(hash) & mask_;
    while (cells_[hole].slot != slot) hole = (hole + 1) & mask_;
    for (std::size_t i = (hole + 1) & mask_; cells_[i].slot != kNone;
         i = (i + 1) & mask_) {
      // A cell may move into the hole if its home does not lie behind the hole.
      const std::size_t home = cells_[i].tag & mask_;
      if (((i - home) & mask_) < ((i - hole) & mask_)) continue;
      cells_[hole] = cells_[i];
      hole = i;
    }
    cells_[hole] = {};
    --size_;
  }

  void Prefetch(std::uint64_t hash) const {
    if (!cells_.empty()) __builtin_prefetch(&cells_[TagOf(hash) & mask_]);
  }

  // The first slot whose tag fits, unverified: for prefetching what it points to.
  std::uint32_t Guess(std::uint64_t hash) const {
    return Find(hash, [](std::uint32_t) { return true; });
  }

  void Clear() {
    cells_.assign(cells_.size(), Cell{});
    size_ = 0;
  }

  std::size_t size() const { return size_; }

 private:
  struct Cell {
    std::uint32_t tag = 0;
    std::uint32_t slot = kNone;
  };

  static std::uint32_t TagOf(std::uint64_t hash) {
    return static_cast<std::uint32_t>(hash >> 32);
  }

  void Put(std::uint32_t tag, std::uint32_t slot) {
    std::size_t i = tag & mask_;
    while (cells_[i].slot != kNone) i = (i + 1) & mask_;
    cells_[i] = {tag, slot};
  }

  void Grow() {
    std::vector<Cell> old(cells_.empty() ? 64 : cells_.size() * 2);
    old.swap(cells_);
    mask_ = cells_.size() - 1;
    for (const Cell& cell : old) {
      if (cell.slot != kNone) Put(cell.tag, cell.slot);
    }
  }

  std::vector<Cell> cells_;  // a power of two, at most three quarters full
  std::size_t mask_ = 0;
  std::size_t size_ = 0;
};

}  // namespace k8sentry::internal
