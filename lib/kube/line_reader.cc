#include "kube/line_reader.h"

#include <algorithm>
#include <cstring>

#include "json/json_cursor.h"

namespace k8sentry::internal {

std::size_t LineReader::Read(std::string_view text, std::uint64_t offset,
                             std::size_t max_bytes, Event& event, ObjectFacts& facts) {
  if (text.front() != '{' || offset < scanner_until_) return 0;
  const void* const newline = std::memchr(text.data(), '\n', text.size());
  const std::size_t bytes =
      newline
          ? static_cast<std::size_t>(static_cast<const char*>(newline) - text.data()) +
                1
          : text.size();
  // What follows on the same line, if this attempt fails, need not be tried again.
  scanner_until_ = offset + bytes;
  if (!newline || bytes > kWindowBytes || !Reach(text, bytes, offset)) return 0;

  JsonCursor cursor(text.data() - (offset - window_begin_), token_, tokens_.end(),
                    Brackets::kUnknown);
  if (reader_.ReadDocument(cursor, event, facts) != ReadResult::kFrame) return 0;
  const char* const line_end = text.data() + bytes;
  // cursor stands behind the closing bracket.
  const std::uint32_t* const next = cursor.token();
  const char* const base = text.data() - (offset - window_begin_);
  const char* const document_end = base + next[-1] + 1;
  if (document_end > line_end || (!cursor.done() && base + *next < line_end)) return 0;
  if (static_cast<std::size_t>(document_end - text.data()) > max_bytes) return 0;
  token_ = next;
  scanner_until_ = 0;
  return bytes;
}

// Moves token_ to the document that begins `text`; false if there is none.
bool LineReader::Reach(std::string_view text, std::size_t line_bytes,
                       std::uint64_t offset) {
  if (offset + line_bytes > window_end_) {
    // A pretty-printed document's first line, or a cut one: not worth a window.
    std::size_t last = line_bytes - 1;
    if (last > 0 && text[last - 1] == '\r') --last;
    if (last < 2 || text[last - 1] != '}') return false;
    const std::string_view head = text.substr(0, kWindowBytes);
    std::size_t window = line_bytes;
    if (offset >= single_until_) window = head.rfind('\n') + 1;
    if (OpenWindow(text.substr(0, window), offset) != TokensFault::kNone) {
      if (window == line_bytes) return false;
      single_until_ = offset + window;
      if (OpenWindow(text.substr(0, line_bytes), offset) != TokensFault::kNone) {
        return false;
      }
    }
  }
  const auto begin = static_cast<std::uint32_t>(offset - window_begin_);
  while (token_ != tokens_.end() && *token_ < begin) ++token_;
  return token_ != tokens_.end() && *token_ == begin;
}

TokensFault LineReader::OpenWindow(std::string_view text, std::uint64_t offset) {
  const TokensFault fault = tokens_.Find(text);
  window_begin_ = offset;
  window_end_ = fault == TokensFault::kNone ? offset + text.size() : 0;
  token_ = tokens_.begin();
  return fault;
}

}  // namespace k8sentry::internal
