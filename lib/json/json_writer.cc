#include "k8sentry/json_writer.h"

#include <charconv>
#include <cmath>
#include <cstring>

#include "base/utf8.h"
#include "k8sentry/text.h"

namespace k8sentry {
namespace {

void AppendEscape(char32_t c, std::string& out) {
  static constexpr char kHex[] = "0123456789abcdef";
  switch (c) {
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      break;
  }
  out += "\\u";
  for (int shift = 12; shift >= 0; shift -= 4) out += kHex[c >> shift & 0xF];
}

// The bytes at the beginning of `text` that need no escape: eight by eight, and then
// one by one.
std::size_t PlainBytes(std::string_view text) {
  constexpr std::uint64_t kOnes = 0x0101010101010101, kHigh = kOnes << 7;
  // Has the high bit of each byte of `v` that is below `limit`, at most 128; and
  // perhaps those of bytes behind one.
  const auto below = [](std::uint64_t v, std::uint64_t limit) {
    return (v - kOnes * limit) & ~v;
  };
  std::size_t n = 0;
  for (; n + 8 <= text.size(); n += 8) {
    std::uint64_t v = 0;
    std::memcpy(&v, text.data() + n, 8);
    const std::uint64_t not_plain = below(v, 0x20) | below(v ^ kOnes * '"', 1) |
                                    below(v ^ kOnes * '\\', 1) | v | (v + kOnes);
    if ((not_plain & kHigh) != 0) break;
  }
  while (n < text.size() && text[n] >= 0x20 && text[n] < 0x7F && text[n] != '"' &&
         text[n] != '\\') {
    ++n;
  }
  return n;
}

template <typename Value>
void AppendNumber(Value value, std::string& out) {
  char text[32];
  out.append(text, std::to_chars(text, text + sizeof text, value).ptr);
}

}  // namespace

void JsonWriter::BeforeValue() {
  if (needs_comma_) out_ += ',';
  needs_comma_ = true;
}

JsonWriter& JsonWriter::BeginObject() {
  BeforeValue();
  out_ += '{';
  needs_comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::EndObject() {
  out_ += '}';
  needs_comma_ = true;
  return *this;
}

JsonWriter& JsonWriter::BeginArray() {
  BeforeValue();
  out_ += '[';
  needs_comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::EndArray() {
  out_ += ']';
  needs_comma_ = true;
  return *this;
}

JsonWriter& JsonWriter::Key(std::string_view key) {
  String(key);
  out_ += ':';
  needs_comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::String(std::string_view value) {
  BeforeValue();
  out_ += '"';
  while (!value.empty()) {
    // Runs of plain ASCII, nearly everything, go over in one piece.
    const std::size_t n = PlainBytes(value);
    out_ += value.substr(0, n);
    value.remove_prefix(n);
    if (value.empty()) break;
    if (value[0] == '"' || value[0] == '\\') {
      out_ += '\\';
      out_ += value[0];
      value.remove_prefix(1);
      continue;
    }
    const internal::CodePoint c = internal::DecodeUtf8(value);
    if (!c.valid) {
      out_ += "\xEF\xBF\xBD";
    } else if (IsUnsafeForTerminal(c.value)) {
      AppendEscape(c.value, out_);
    } else {
      out_ += value.substr(0, c.bytes);
    }
    value.remove_prefix(c.bytes);
  }
  out_ += '"';
  return *this;
}

JsonWriter& JsonWriter::Number(std::int64_t value) {
  BeforeValue();
  AppendNumber(value, out_);
  return *this;
}

JsonWriter& JsonWriter::Number(std::uint64_t value) {
  BeforeValue();
  AppendNumber(value, out_);
  return *this;
}

JsonWriter& JsonWriter::Number(double value) {
  if (!std::isfinite(value)) return Null();
  BeforeValue();
  AppendNumber(value, out_);
  return *this;
}

JsonWriter& JsonWriter::Bool(bool value) { return Raw(value ? "true" : "false"); }

JsonWriter& JsonWriter::Null() { return Raw("null"); }

JsonWriter& JsonWriter::Raw(std::string_view json) {
  BeforeValue();
  out_ += json;
  return *this;
}

}  // namespace k8sentry
