// A JsonScanner finds where documents and items of Lists begin and end in a stream.
//
// It reads bytes as they come, in pieces of any size, and keeps nothing but a stack of
// brackets: `docs/semantics.md` 13 is its law. Whether a document is JSON is not its
// business; what it calls malformed could not even be delimited.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace k8sentry::internal {

class JsonScanner {
 public:
  // What ended behind the last byte read. It began at start().
  enum class Step {
    kMore,       // nothing: all bytes were read
    kLine,       // a line outside of documents
    kDocument,   // a document that is no List, from `{` to `}`
    kMalformed,  // what cannot be delimited, or stands in place of an item
    kListPart,   // a part of a List, from `{` or `]` to the `[` of its items
    kItem,       // an item of a List, from `{` to `}`
    kListEnd,    // the last part of a List, from `]` to `}`
  };

  // Reads `bytes` up to the end of something. `used` is how many were read; go on with
  // the others.
  Step Scan(std::string_view bytes, std::size_t& used);

  // The stream ends here, and another may begin. A file's rest is malformed (kMore:
  // there is none), that of a watch is discarded.
  Step EndFile();
  void EndWatch();

  // Where the last step's text, or the unfinished one, began: bytes since the scanner
  // was made.
  std::uint64_t start() const { return start_; }
  std::uint64_t offset() const { return offset_; }
  // Whether the bytes since start() belong to something unfinished.
  bool unfinished() const {
    return state_ == State::kStart
               ? bom_bytes_ > 0
               : state_ != State::kOutside && state_ != State::kItems;
  }
  // Whether a document may begin here.
  bool outside() const {
    return state_ == State::kOutside || (state_ == State::kStart && bom_bytes_ == 0);
  }
  std::uint64_t blank_lines() const { return blank_lines_; }

  // Takes note of a document of `bytes` bytes that was read by other means, and of the
  // LF behind it, if `has_newline`.
  // Requires: outside().
  void SkipDocument(std::size_t bytes, bool has_newline);

 private:
  enum class State : std::uint8_t {
    kStart,  // of the stream; a BOM may come
    kOutside,
    kDocument,  // of a List, what is outside of its items
    kItems,     // between the items
    kItem,
    kOther,       // what stands in place of an item, up to the separator
    kRestOfLine,  // malformed up to the LF
  };
  // How much of `"items":` stands before the next token at depth 1.
  enum class ItemsKey : std::uint8_t { kNone, kKey, kColon };
  static constexpr int kMaxDepth = 1024;
  static constexpr int kItemsDepth = 2;
  static constexpr std::size_t kMaxKeyBytes = 30;  // "items", six bytes a letter

  // Each reads on from p and moves it. kMore: at `end`, or another state goes on.
  Step ScanState(const char*& p, const char* end);
  Step ScanStart(const char*& p, const char* end);
  Step ScanOutside(const char*& p, const char* end);
  Step ScanItems(const char*& p, const char* end);
  Step ScanRestOfLine(const char*& p, const char* end);
  Step ScanInside(const char*& p, const char* end);
  Step ScanString(const char*& p, const char* end);
  Step Plain(const char*& p, const char* end);
  Step Open(const char*& p);
  Step Close(const char*& p);

  void Begin(State state, const char* p);
  Step EndMalformed(State next);
  void Push(char bracket);
  bool top_is_square() const;
  // Semantics 13, fault 3.
  bool BeginsLineWithoutReason(const char* p) const;
  bool reads_keys() const { return depth_ == 1 && state_ == State::kDocument; }
  void NoteKey(const char* begin, const char* end);
  bool KeyIsItems() const;

  const char* base_ = nullptr;  // the byte at offset_, during Scan
  std::uint64_t offset_ = 0;
  std::uint64_t start_ = 0;
  std::uint64_t blank_lines_ = 0;
  std::array<std::uint64_t, kMaxDepth / 64> square_ = {};  // a bit per open bracket
  int depth_ = 0;
  State state_ = State::kStart;
  ItemsKey items_key_ = ItemsKey::kNone;
  std::uint8_t bom_bytes_ = 0;  // read at the start
  bool line_is_blank_ = true;   // outside: nothing but white space in this line yet
  bool in_string_ = false;
  bool escaped_ = false;        // a backslash stands before the next byte
  bool is_list_ = false;        // the document has had items
  bool element_due_ = false;    // items: behind a comma or the `[`
  char previous_ = 0;           // the last byte of the last Scan
  char last_ = 0;               // inside: the last byte that was not white space
  std::uint8_t key_bytes_ = 0;  // more than kMaxKeyBytes: too long
  std::array<char, kMaxKeyBytes> key_ = {};
};

}  // namespace k8sentry::internal
