#include "json/json_tokens.h"

#include <simdjson.h>

#include <algorithm>
#include <bit>

namespace k8sentry::internal {
namespace {

// simdjson takes four bytes of index per byte of text. Room grows from this, twice as
// much each time, for most texts are short and read once.
constexpr std::size_t kLeastBytes = 2 << 10;
// Room for this much is kept when longer texts have been read, but texts of a usual
// length come again.
constexpr std::size_t kMostKeptBytes = 256 << 10;
constexpr std::size_t kUsualBytes = 64 << 10;

}  // namespace

// simdjson's public parsers run stage 1 and then walk one document in their own way.
// Its parser implementation, which they are made of, is what can be asked for stage 1
// alone: the same in 3.0 to 4.x, though not promised (hence this one file).
class JsonTokens::Stage1 {
 public:
  simdjson::error_code Run(std::string_view text) {
    if (!parser_) {
      const auto error =
          simdjson::get_active_implementation()->create_dom_parser_implementation(
              RoomFor(text), 1, parser_);
      if (error) return error;
    }
    const bool wasteful =
        parser_->capacity() > kMostKeptBytes && text.size() <= kUsualBytes;
    if (parser_->capacity() < text.size() || wasteful) {
      const std::size_t capacity = wasteful ? kUsualBytes : RoomFor(text);
      if (const auto error = parser_->set_capacity(capacity)) return error;
    }
    return parser_->stage1(reinterpret_cast<const std::uint8_t*>(text.data()),
                           text.size(), simdjson::stage1_mode::regular);
  }
  const std::uint32_t* begin() const { return parser_->structural_indexes.get(); }
  const std::uint32_t* end() const { return begin() + parser_->n_structural_indexes; }

 private:
  static std::size_t RoomFor(std::string_view text) {
    const std::size_t bytes = std::max(text.size(), kLeastBytes);
    return bytes > kMostKeptBytes ? bytes : std::bit_ceil(bytes);
  }

  std::unique_ptr<simdjson::internal::dom_parser_implementation> parser_;
};

JsonTokens::JsonTokens() : stage1_(std::make_unique<Stage1>()) {}
JsonTokens::~JsonTokens() = default;
JsonTokens::JsonTokens(JsonTokens&&) noexcept = default;
JsonTokens& JsonTokens::operator=(JsonTokens&&) noexcept = default;

TokensFault JsonTokens::Find(std::string_view text, Brackets brackets) {
  text_ = JsonText();
  const simdjson::error_code error = stage1_->Run(text);
  if (error == simdjson::UTF8_ERROR) return TokensFault::kUtf8;
  if (error) return TokensFault::kOther;
  text_ = {text.data(), stage1_->begin(), stage1_->end(), brackets};
  return TokensFault::kNone;
}

}  // namespace k8sentry::internal
