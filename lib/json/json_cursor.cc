#include "json/json_cursor.h"

namespace k8sentry::internal {
namespace {

// Which way a token's first byte moves the depth, or kScalarToken; and which are
// square.
constexpr std::int8_t kScalarToken = -128;
struct TokenTables {
  std::int8_t delta[256] = {};
  std::uint8_t square[256] = {};
};
constexpr TokenTables kTokenTables = [] {
  TokenTables tables;
  for (std::int8_t& delta : tables.delta) delta = kScalarToken;
  tables.delta['"'] = tables.delta[':'] = tables.delta[','] = 0;
  tables.delta['{'] = tables.delta['['] = 1;
  tables.delta['}'] = tables.delta[']'] = -1;
  tables.square['['] = tables.square[']'] = 1;
  return tables;
}();

}  // namespace

const std::uint32_t* JsonCursor::SkipFrom(JsonCursor cursor) {
  if (cursor.front() == '{' || cursor.front() == '[') {
    return cursor.SkipContainer() ? cursor.at_ : nullptr;
  }
  return IsJsonScalar(cursor.Token()) ? cursor.at_ + 1 : nullptr;
}

bool JsonCursor::SkipContainer() {
  constexpr int kMaxCompared = 60;
  int depth = 0;
  // Bit n: whether the bracket that is open at depth n is square. Closing toggles what
  // opening set, so a pair that does not match leaves a bit behind.
  std::uint64_t square = 0;
  std::uint64_t unmatched = 0;
  bool line_begins = false;
  do {
    if (done()) return false;
    const auto c = static_cast<unsigned char>(front());
    const int delta = kTokenTables.delta[c];
    if (delta < -1 && !IsJsonScalar(Token())) return false;
    const int change = delta < -1 ? 0 : delta;
    // At depth 0 it is a member's value, and may be the text's first byte.
    line_begins |= (c == '{') & (position()[depth > 0 ? -1 : 0] == '\n');
    if (depth > kMaxCompared) {
      if (text_->brackets == Brackets::kUnknown) return false;
    } else {
      const int closes = change >> 7;  // all ones for a closing bracket
      const int level = depth + closes;
      square ^= static_cast<std::uint64_t>(kTokenTables.square[c]) << level;
      unmatched |= square >> level & static_cast<std::uint64_t>(std::int64_t{closes});
    }
    depth += change;
    ++at_;
  } while (depth > 0);
  return (unmatched == 0 && !line_begins) || text_->brackets == Brackets::kMatched;
}

}  // namespace k8sentry::internal
