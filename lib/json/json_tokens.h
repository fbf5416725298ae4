// JsonTokens finds where the tokens of a JSON text begin.
//
// This is simdjson's first stage, the part that needs vector instructions. It also
// checks that the text is UTF-8 and that strings are closed and hold no control
// characters. A token is an opening quote, one of {}[]:, or the first byte of any other
// run of bytes. It accepts several documents in one text, so that one pass serves many
// lines. What the tokens say is JsonCursor's business.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace k8sentry::internal {

// Readable bytes that every text has behind it.
inline constexpr std::size_t kJsonPadding = 64;

enum class TokensFault {
  kNone,
  kUtf8,   // not UTF-8: worth another try with RepairUtf8
  kOther,  // an open string, a control character in one, nothing at all, no memory
};

enum class Brackets {
  // Skipping compares them, and takes deeper nesting than 60 for a fault, and a `{` at
  // the beginning of a line too: what JsonScanner could think otherwise about.
  kUnknown,
  kMatched,  // somebody did already
};

// A text with its tokens, for JsonCursor.
struct JsonText {
  const char* bytes = nullptr;
  // Offsets into the text. `*end` may be read and is the text's size.
  const std::uint32_t* begin = nullptr;
  const std::uint32_t* end = nullptr;
  Brackets brackets = Brackets::kUnknown;
};

class JsonTokens {
 public:
  JsonTokens();
  ~JsonTokens();
  JsonTokens(JsonTokens&&) noexcept;
  JsonTokens& operator=(JsonTokens&&) noexcept;

  // Reads `text`; what was found before is gone. Keeps memory for the longest text it
  // has seen, but not for much more than `kKeptBytes`.
  // Requires: kJsonPadding readable bytes behind `text`.
  TokensFault Find(std::string_view text, Brackets brackets = Brackets::kUnknown);

  // What Find found; without tokens if it had a fault.
  const JsonText& text() const { return text_; }

 private:
  class Stage1;
  std::unique_ptr<Stage1> stage1_;
  JsonText text_;
};

}  // namespace k8sentry::internal
