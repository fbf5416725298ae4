#include "pipeline/block_pool.h"

#include <algorithm>
#include <bit>
#include <new>

namespace k8sentry::internal {
namespace {

// Free memory that may lie about before a new block is bought instead of a fitting one.
constexpr std::size_t kFreeBytes = 1 << 20;

}  // namespace

// Class 0 has the smallest blocks; the next four divide the way to twice that, and so on.
std::size_t BlockPool::ClassOf(std::size_t bytes) {
  if (bytes <= std::size_t{1} << kSmallestBits) return 0;
  const std::size_t bits = std::bit_width(bytes - 1);
  const std::size_t step = (bytes - 1) >> (bits - 3) & (kSteps - 1);
  return 1 + (bits - 1 - kSmallestBits) * kSteps + step;
}

std::size_t BlockPool::CapacityOf(std::size_t size_class) {
  if (size_class == 0) return std::size_t{1} << kSmallestBits;
  const std::size_t power = kSmallestBits + (size_class - 1) / kSteps;
  const std::size_t step = (size_class - 1) % kSteps + 1;
  return (std::size_t{1} << power) + step * (std::size_t{1} << power) / kSteps;
}

std::size_t BlockPool::Capacity(const char* block) {
  return CapacityOf((reinterpret_cast<const Header*>(block) - 1)->size_class);
}

char* BlockPool::Take(std::size_t bytes) {
  const std::size_t size_class = ClassOf(bytes);
  std::size_t from = size_class;
  // A block of up to twice the size is better than another one.
  while (free_[from] == nullptr && from < size_class + kSteps) ++from;
  if (free_[from] == nullptr) AddFree(from = size_class);
  Header* header = free_[from];
  free_[from] = header->next;
  char* block = reinterpret_cast<char*>(header + 1);
  free_bytes_ -= Capacity(block);
  used_bytes_ += Capacity(block);
  return block;
}

void BlockPool::Give(char* block) {
  Header* header = HeaderOf(block);
  header->next = free_[header->size_class];
  free_[header->size_class] = header;
  free_bytes_ += Capacity(block);
  used_bytes_ -= Capacity(block);
}

// Adds a quarter to the class, so that a new peak of use is seldom a new allocation.
void BlockPool::AddFree(std::size_t size_class) {
  if (free_bytes_ > kFreeBytes + used_bytes_) ReleaseFree();
  const std::size_t capacity = CapacityOf(size_class);
  const std::size_t more = capacity > 4096 ? 1 : count_[size_class] / 4 + 4;
  for (std::size_t i = 0; i < more; ++i) {
    void* memory = ::operator new(sizeof(Header) + capacity);
    auto* header = new (memory) Header{free_[size_class], size_class};
    free_[size_class] = header;
    free_bytes_ += capacity;
    ++count_[size_class];
  }
}

void BlockPool::ReleaseFree() {
  for (std::size_t i = 0; i < kClasses; ++i) {
    while (Header* header = free_[i]) {
      free_[i] = header->next;
      --count_[i];
      ::operator delete(header);
    }
  }
  free_bytes_ = 0;
}

}  // namespace k8sentry::internal
