// A LineReader reads documents of streams that have lines, fast.
//
// One pass of simdjson finds the tokens of many lines at once; each document is then
// walked over. It reads only what JsonScanner would delimit in the same way, and leaves
// all else to it: what is not whole, is a List, is too long, or has any fault.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "json/json_tokens.h"
#include "kube/frame_reader.h"

namespace k8sentry::internal {

class LineReader {
 public:
  // `reader` outlives the LineReader.
  explicit LineReader(FrameReader& reader) : reader_(reader) {}

  // Reads the document at the beginning of `text`, which is what is there of the stream
  // from `offset` on. Gives the document's bytes, or 0 for the scanner's documents.
  // Requires: `text` begins outside of any document, and has kJsonPadding readable
  // bytes behind it.
  std::size_t Read(std::string_view text, std::uint64_t offset, std::size_t max_bytes,
                   Event& event, ObjectFacts& facts);

  // The bytes seen before may have moved.
  void Forget() { window_end_ = 0; }

 private:
  // Longer windows do not stay in the cache between the two passes.
  static constexpr std::size_t kWindowBytes = 32 << 10;

  bool Reach(std::string_view text, std::uint64_t offset);
  bool OpenWindow(std::string_view text, std::uint64_t offset);

  FrameReader& reader_;
  JsonTokens tokens_;
  const std::uint32_t* token_ = nullptr;  // the next one not read
  std::uint64_t window_begin_ = 0;
  std::uint64_t window_end_ = 0;
  // Documents that begin before this are the scanner's. A fault makes the rest of its
  // window so: then no byte is looked at more than twice, whatever the faults are.
  std::uint64_t scanner_until_ = 0;
};

}  // namespace k8sentry::internal
