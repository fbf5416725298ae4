#include "pipeline/chunk_pool.h"

#include <algorithm>
#include <cstring>

namespace k8sentry::internal {

Chunk* ChunkPool::Take() {
  if (free_ == nullptr) Grow();
  Chunk* chunk = free_;
  free_ = chunk->next;
  chunk->next = nullptr;
  return chunk;
}

// By an eighth, so that a new peak of use is seldom a new allocation.
void ChunkPool::Grow() {
  const std::size_t more = std::max<std::size_t>(256, chunks_ / 8);
  slabs_.push_back(std::make_unique_for_overwrite<Chunk[]>(more));
  for (std::size_t i = 0; i < more; ++i) {
    slabs_.back()[i].next = i + 1 < more ? &slabs_.back()[i + 1] : nullptr;
  }
  free_ = slabs_.back().get();
  chunks_ += more;
}

void ChunkPool::Give(Chunk* chain) {
  if (chain == nullptr) return;
  Chunk* last = chain;
  while (last->next != nullptr) last = last->next;
  last->next = free_;
  free_ = chain;
}

ChunkWriter::ChunkWriter(ChunkPool& pool)
    : pool_(pool), first_(pool.Take()), last_(first_) {}

void ChunkWriter::Write(std::string_view text) {
  while (!text.empty()) {
    if (used_ == Chunk::kBytes) {
      last_->next = pool_.Take();
      last_ = last_->next;
      used_ = 0;
    }
    const std::size_t n = text.copy(last_->bytes + used_, Chunk::kBytes - used_);
    used_ += n;
    text.remove_prefix(n);
  }
}

Chunk* ChunkWriter::Finish() { return first_; }

bool ChunkReader::Skip(std::string_view text) {
  while (!text.empty()) {
    if (at_ == Chunk::kBytes) {
      chunk_ = chunk_->next;
      at_ = 0;
    }
    const std::size_t n = std::min(text.size(), Chunk::kBytes - at_);
    if (std::memcmp(chunk_->bytes + at_, text.data(), n) != 0) return false;
    at_ += n;
    text.remove_prefix(n);
  }
  return true;
}

void ChunkReader::Read(char* to, std::size_t bytes) {
  while (bytes > 0) {
    if (at_ == Chunk::kBytes) {
      chunk_ = chunk_->next;
      at_ = 0;
    }
    const std::size_t n = std::min(bytes, Chunk::kBytes - at_);
    std::memcpy(to, chunk_->bytes + at_, n);
    at_ += n;
    to += n;
    bytes -= n;
  }
}

}  // namespace k8sentry::internal
