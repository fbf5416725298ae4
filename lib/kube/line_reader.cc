#include "kube/line_reader.h"

#include <algorithm>
#include <cstring>

namespace k8sentry::internal {

std::size_t LineReader::Read(std::string_view text, std::uint64_t offset,
                             std::size_t max_bytes, Event& event, ObjectFacts& facts) {
  if (text.front() != '{' || offset < scanner_until_) return 0;
  if (!Reach(text, offset)) {
    scanner_until_ = std::max(scanner_until_, window_end_);
    return 0;
  }
  const JsonToken* const begin = token_;
  if (reader_.ReadDocument(tokens_.text(), token_, event, facts)) {
    const std::size_t bytes = token_[-1] + 1 - *begin;
    if (bytes <= max_bytes) return bytes;
  }
  scanner_until_ = window_end_;
  return 0;
}

// Moves token_ to the document that begins `text`; false if there is none.
bool LineReader::Reach(std::string_view text, std::uint64_t offset) {
  if (offset >= window_end_ && !OpenWindow(text.substr(0, kWindowBytes), offset)) {
    return false;
  }
  const auto begin = static_cast<std::uint32_t>(offset - window_begin_);
  const JsonToken* const end = tokens_.text().end;
  while (token_ != end && *token_ < begin) ++token_;
  return token_ != end && *token_ == begin;
}

// Finds the tokens of the lines that are whole.
bool LineReader::OpenWindow(std::string_view text, std::uint64_t offset) {
  const std::size_t bytes = text.rfind('\n') + 1;
  reader_.Forget();
  if (bytes == 0 || tokens_.Find(text.substr(0, bytes - 1)) != TokensFault::kNone) {
    scanner_until_ = offset + (bytes == 0 ? text.size() : bytes);
    return false;
  }
  window_begin_ = offset;
  window_end_ = offset + bytes;
  token_ = tokens_.text().begin;
  return true;
}

}  // namespace k8sentry::internal
