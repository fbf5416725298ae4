// A LineReader reads a line that holds exactly one document, fast.
//
// One pass of simdjson finds the tokens of many lines at once; each line is then walked
// over. It reads only what JsonScanner would delimit in the same way, and leaves all
// else to it: lines that are not whole, hold no document or several, are a List, are
// too long, or have any fault.
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

  // Reads the line at the beginning of `text`, which is what is there of the stream
  // from `offset` on, outside of any document. Gives the line's bytes, LF included, or
  // 0 for the scanner's lines. Requires: kJsonPadding readable bytes behind `text`.
  std::size_t Read(std::string_view text, std::uint64_t offset, std::size_t max_bytes,
                   Event& event, ObjectFacts& facts);

  // The bytes seen before may have moved.
  void Forget() { window_end_ = 0; }

 private:
  // Longer windows do not stay in the cache between the two passes.
  static constexpr std::size_t kWindowBytes = 32 << 10;

  bool Reach(std::string_view text, std::size_t line_bytes, std::uint64_t offset);
  TokensFault OpenWindow(std::string_view text, std::uint64_t offset);

  FrameReader& reader_;
  JsonTokens tokens_;
  const std::uint32_t* token_ = nullptr;  // the next one not read
  std::uint64_t window_begin_ = 0;
  std::uint64_t window_end_ = 0;
  // Lines that begin before this are the scanner's.
  std::uint64_t scanner_until_ = 0;
  // Before this the windows are single lines: one of them has a fault.
  std::uint64_t single_until_ = 0;
};

}  // namespace k8sentry::internal
