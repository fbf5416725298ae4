// Blocks of memory that are used again and again: four sizes to each power of two, given
// back blocks kept for the next taker, so that a table in its steady state allocates
// nothing and wastes little.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace k8sentry::internal {

class BlockPool {
 public:
  BlockPool() = default;
  ~BlockPool() { ReleaseFree(); }
  BlockPool(const BlockPool&) = delete;
  BlockPool& operator=(const BlockPool&) = delete;

  // A block for at least `bytes` bytes, aligned for anything.
  char* Take(std::size_t bytes);
  // Requires: `block` came from Take of this pool and was not given back.
  void Give(char* block);
  // How many bytes `block` has.
  static std::size_t Capacity(const char* block);

 private:
  struct Header {
    Header* next;
    std::uint64_t size_class;
  };
  static constexpr std::size_t kSmallestBits = 7;
  static constexpr std::size_t kSteps = 4;  // sizes between two powers of two
  static constexpr std::size_t kClasses = 34 * kSteps;

  static std::size_t ClassOf(std::size_t bytes);
  static std::size_t CapacityOf(std::size_t size_class);

  static Header* HeaderOf(char* block) { return reinterpret_cast<Header*>(block) - 1; }
  void AddFree(std::size_t size_class);
  void ReleaseFree();

  std::array<Header*, kClasses> free_ = {};
  std::array<std::size_t, kClasses> count_ = {};  // blocks of the class, in use or free
  std::size_t free_bytes_ = 0;
  std::size_t used_bytes_ = 0;
};

}  // namespace k8sentry::internal
