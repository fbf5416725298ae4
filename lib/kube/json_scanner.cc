#include "kube/json_scanner.h"

#include <algorithm>
#include <cstring>

#include "json/json_text.h"

namespace k8sentry::internal {
namespace {

enum class ByteClass : std::uint8_t { kPlain, kSpace, kQuote, kOpen, kClose };

constexpr std::array<ByteClass, 256> kClasses = [] {
  std::array<ByteClass, 256> classes{};
  for (const char c : {' ', '\t', '\r', '\n'}) classes[c] = ByteClass::kSpace;
  classes['"'] = ByteClass::kQuote;
  classes['{'] = classes['['] = ByteClass::kOpen;
  classes['}'] = classes[']'] = ByteClass::kClose;
  return classes;
}();

ByteClass ClassOf(char c) { return kClasses[static_cast<unsigned char>(c)]; }

constexpr char kBom[] = "\xEF\xBB\xBF";

// The first quote, backslash or LF from p on, or `end`. Eight bytes at a time: a byte
// of `x` is zero where `word` has `c`, and the subtraction borrows from its top bit.
// Which of several is first is found byte by byte.
const char* FindStringStop(const char* p, const char* end) {
  constexpr std::uint64_t kOnes = 0x0101010101010101;
  constexpr std::uint64_t kTops = 0x8080808080808080;
  const auto has = [](std::uint64_t word, char c) {
    const std::uint64_t x = word ^ kOnes * static_cast<unsigned char>(c);
    return (x - kOnes) & ~x & kTops;
  };
  while (end - p >= 8) {
    std::uint64_t word;
    std::memcpy(&word, p, 8);
    if (has(word, '"') | has(word, '\\') | has(word, '\n')) break;
    p += 8;
  }
  while (p != end && *p != '"' && *p != '\\' && *p != '\n') ++p;
  return p;
}

}  // namespace

JsonScanner::Step JsonScanner::Scan(std::string_view bytes, std::size_t& used) {
  base_ = bytes.data();
  const char* p = base_;
  const char* const end = p + bytes.size();
  Step step = Step::kMore;
  while (step == Step::kMore && p != end) step = ScanState(p, end);
  used = static_cast<std::size_t>(p - base_);
  if (used > 0) previous_ = p[-1];
  offset_ += used;
  return step;
}

JsonScanner::Step JsonScanner::ScanState(const char*& p, const char* end) {
  switch (state_) {
    case State::kStart:
      return ScanStart(p, end);
    case State::kOutside:
      return ScanOutside(p, end);
    case State::kItems:
      return ScanItems(p, end);
    case State::kRestOfLine:
      return ScanRestOfLine(p, end);
    case State::kDocument:
    case State::kItem:
    case State::kOther:
      break;
  }
  return in_string_ ? ScanString(p, end) : ScanInside(p, end);
}

JsonScanner::Step JsonScanner::EndFile() {
  const bool open = unfinished() || state_ == State::kItems;
  if (state_ == State::kItems) start_ = offset_;
  EndWatch();
  return open ? Step::kMalformed : Step::kMore;
}

void JsonScanner::EndWatch() {
  JsonScanner next;
  next.offset_ = offset_;
  next.start_ = start_;
  next.blank_lines_ = blank_lines_;
  *this = next;
}

void JsonScanner::SkipDocument(std::size_t bytes, bool has_newline) {
  state_ = State::kOutside;
  line_is_blank_ = has_newline;
  offset_ += bytes + has_newline;
  previous_ = has_newline ? '\n' : '}';
}

JsonScanner::Step JsonScanner::ScanStart(const char*& p, const char* end) {
  start_ = offset_ - bom_bytes_ + static_cast<std::uint64_t>(p - base_);
  for (; p != end; ++p) {
    if (*p != kBom[bom_bytes_]) {
      // What began like a BOM and is none begins a malformed line.
      state_ = bom_bytes_ == 0 ? State::kOutside : State::kRestOfLine;
      break;
    }
    if (++bom_bytes_ == 3) {
      ++p;
      state_ = State::kOutside;
      break;
    }
  }
  return Step::kMore;
}

JsonScanner::Step JsonScanner::ScanOutside(const char*& p, const char* end) {
  for (; p != end; ++p) {
    if (*p == '\n') {
      if (line_is_blank_) ++blank_lines_;
      line_is_blank_ = true;
      ++p;
      return Step::kLine;
    }
    if (ClassOf(*p) == ByteClass::kSpace) continue;
    is_list_ = false;
    depth_ = 0;
    Begin(*p == '{' ? State::kDocument : State::kRestOfLine, p);
    if (state_ == State::kDocument) {
      Push('{');
      ++p;
    }
    break;
  }
  return Step::kMore;
}

JsonScanner::Step JsonScanner::ScanRestOfLine(const char*& p, const char* end) {
  p = std::find(p, end, '\n');
  if (p == end) return Step::kMore;
  ++p;
  return EndMalformed(State::kOutside);
}

JsonScanner::Step JsonScanner::ScanItems(const char*& p, const char* end) {
  while (p != end && ClassOf(*p) == ByteClass::kSpace) ++p;
  if (p == end) return Step::kMore;
  if (*p == '{' && BeginsLineWithoutReason(p)) {
    Begin(State::kItems, p);
    return EndMalformed(State::kOutside);
  }
  if (*p == ',') {
    element_due_ = true;
    last_ = ',';
    ++p;
    return Step::kMore;
  }
  if (*p == ']') {
    Begin(State::kDocument, p);
    return Close(p);
  }
  const bool item = *p == '{' && element_due_;
  element_due_ = false;
  Begin(item ? State::kItem : State::kOther, p);
  return Step::kMore;
}

JsonScanner::Step JsonScanner::ScanInside(const char*& p, const char* end) {
  while (p != end) {
    switch (ClassOf(*p)) {
      case ByteClass::kSpace:
        ++p;
        break;
      case ByteClass::kQuote:
        last_ = '"';
        in_string_ = true;
        key_bytes_ = 0;
        items_key_ = ItemsKey::kNone;
        ++p;
        return Step::kMore;
      case ByteClass::kOpen:
        if (const Step step = Open(p); step != Step::kMore) return step;
        break;
      case ByteClass::kClose:
        if (const Step step = Close(p); step != Step::kMore) return step;
        break;
      case ByteClass::kPlain:
        if (const Step step = Plain(p, end); step != Step::kMore) return step;
        break;
    }
    if (state_ == State::kItems || state_ == State::kRestOfLine) break;
  }
  return Step::kMore;
}

// Colons, commas and scalars.
JsonScanner::Step JsonScanner::Plain(const char*& p, const char* end) {
  if (state_ == State::kOther && depth_ == kItemsDepth && *p == ',') {
    return EndMalformed(State::kItems);
  }
  const bool colon = *p == ':' && items_key_ == ItemsKey::kKey;
  items_key_ = colon ? ItemsKey::kColon : ItemsKey::kNone;
  last_ = *p++;
  if (depth_ <= kItemsDepth) return Step::kMore;
  while (p != end && ClassOf(*p) == ByteClass::kPlain) last_ = *p++;
  return Step::kMore;
}

JsonScanner::Step JsonScanner::Open(const char*& p) {
  if (*p == '{' && BeginsLineWithoutReason(p)) return EndMalformed(State::kOutside);
  const char bracket = *p++;
  if (depth_ == kMaxDepth) {
    state_ = State::kRestOfLine;
    return Step::kMore;
  }
  const bool items = reads_keys() && bracket == '[' && items_key_ == ItemsKey::kColon;
  Push(bracket);
  if (!items) return Step::kMore;
  state_ = State::kItems;
  is_list_ = element_due_ = true;
  return Step::kListPart;
}

JsonScanner::Step JsonScanner::Close(const char*& p) {
  const char bracket = *p;
  if (state_ == State::kOther && depth_ == kItemsDepth && bracket == ']') {
    return EndMalformed(State::kItems);
  }
  ++p;
  if (top_is_square() != (bracket == ']')) {
    state_ = State::kRestOfLine;
    return Step::kMore;
  }
  --depth_;
  last_ = bracket;
  items_key_ = ItemsKey::kNone;
  if (state_ == State::kItem && depth_ == kItemsDepth) {
    state_ = State::kItems;
    return Step::kItem;
  }
  if (depth_ > 0) return Step::kMore;
  state_ = State::kOutside;
  line_is_blank_ = false;
  return is_list_ ? Step::kListEnd : Step::kDocument;
}

JsonScanner::Step JsonScanner::ScanString(const char*& p, const char* end) {
  const char* const begin = p;
  while (p != end) {
    if (!escaped_) p = FindStringStop(p, end);
    if (p == end) break;
    const char c = *p++;
    if (c == '\n') return EndMalformed(State::kOutside);
    if (c == '"' && !escaped_) {
      in_string_ = false;
      if (reads_keys()) {
        NoteKey(begin, p - 1);
        if (KeyIsItems()) items_key_ = ItemsKey::kKey;
      }
      return Step::kMore;
    }
    escaped_ = c == '\\' && !escaped_;
  }
  if (reads_keys()) NoteKey(begin, p);
  return Step::kMore;
}

void JsonScanner::Begin(State state, const char* p) {
  state_ = state;
  start_ = offset_ + static_cast<std::uint64_t>(p - base_);
}

JsonScanner::Step JsonScanner::EndMalformed(State next) {
  state_ = next;
  in_string_ = escaped_ = false;
  line_is_blank_ = true;
  return Step::kMalformed;
}

void JsonScanner::Push(char bracket) {
  const std::uint64_t bit = std::uint64_t{1} << depth_ % 64;
  std::uint64_t& word = square_[static_cast<std::size_t>(depth_ / 64)];
  word = bracket == '[' ? word | bit : word & ~bit;
  ++depth_;
  last_ = bracket;
  items_key_ = ItemsKey::kNone;
}

bool JsonScanner::top_is_square() const {
  const int top = depth_ - 1;
  return square_[static_cast<std::size_t>(top / 64)] >> top % 64 & 1;
}

bool JsonScanner::BeginsLineWithoutReason(const char* p) const {
  const char before = p == base_ ? previous_ : p[-1];
  if (before != '\n') return false;
  return last_ != '[' && last_ != ':' && (last_ != ',' || !top_is_square());
}

void JsonScanner::NoteKey(const char* begin, const char* end) {
  const auto bytes = static_cast<std::size_t>(end - begin);
  const std::size_t room =
      kMaxKeyBytes - std::min<std::size_t>(key_bytes_, kMaxKeyBytes);
  if (bytes > room) {
    key_bytes_ = kMaxKeyBytes + 1;
    return;
  }
  if (bytes > 0) std::memcpy(key_.data() + key_bytes_, begin, bytes);
  key_bytes_ = static_cast<std::uint8_t>(key_bytes_ + bytes);
}

bool JsonScanner::KeyIsItems() const {
  constexpr std::string_view kItems = "items";
  if (key_bytes_ < kItems.size() || key_bytes_ > kMaxKeyBytes) return false;
  char text[kMaxKeyBytes];
  const auto size = UnescapeJson({key_.data(), key_bytes_}, text);
  return size && std::string_view(text, *size) == kItems;
}

}  // namespace k8sentry::internal
