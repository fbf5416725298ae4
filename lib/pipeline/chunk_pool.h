// Memory for texts of any length, in chunks of one size that are used again and again.
//
// One size, so that what one text gives back always serves the next one: the pool grows
// to the most that was ever in use at once, and then allocates no more. A text that
// does not fit into a chunk is a chain of them.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

namespace k8sentry::internal {

struct Chunk {
  static constexpr std::size_t kBytes = 120;
  Chunk* next;
  char bytes[kBytes];
};

class ChunkPool {
 public:
  // Frees a chain; nullptr is an empty one.
  void Give(Chunk* chain);

 private:
  friend class ChunkWriter;
  Chunk* Take();
  void Grow();

  Chunk* free_ = nullptr;
  std::vector<std::unique_ptr<Chunk[]>> slabs_;
  std::size_t chunks_ = 0;
};

// Writes one text after another into a new chain.
class ChunkWriter {
 public:
  explicit ChunkWriter(ChunkPool& pool);
  void Write(std::string_view text);
  // The chain, which the caller gives back to the pool.
  Chunk* Finish();

 private:
  ChunkPool& pool_;
  Chunk* first_;
  Chunk* last_;
  std::size_t used_ = 0;  // of the last one
};

// Reads a chain from its beginning.
class ChunkReader {
 public:
  explicit ChunkReader(const Chunk* chain) : chunk_(chain) {}
  // Whether `text` comes next; goes past it if so.
  bool Skip(std::string_view text);
  // Requires: the chain has `bytes` more.
  void Read(char* to, std::size_t bytes);

 private:
  const Chunk* chunk_;
  std::size_t at_ = 0;
};

}  // namespace k8sentry::internal
