// A telling as bytes, for the spool: a version, then each field in the order of
// telling_record.cc. Little-endian; text has its length before it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "k8sentry/sink.h"

namespace k8sentry::internal {

// Where a record stands in a spool: its segment, and the byte where its frame begins.
struct SpoolPlace {
  std::uint64_t segment = 0;  // 0: nowhere
  std::uint32_t offset = 0;
  explicit operator bool() const { return segment != 0; }
  friend auto operator<=>(const SpoolPlace&, const SpoolPlace&) = default;
};

// The records that another one was folded from, and which it stands for.
using Replaced = std::array<SpoolPlace, 2>;

struct TellingRecord {
  Telling telling;
  Replaced replaces;
};

// Appends to `out`.
void EncodeRecord(const Telling& telling, const Replaced& replaces, std::string& out);
// nullopt: `bytes` are no record, or one of another version.
std::optional<TellingRecord> DecodeRecord(std::string_view bytes);

// --- frames ---

// Around each record of a segment: four bytes that no UTF-8 text holds, the record's
// length, and the CRC-32 of length and record. So what follows a damaged record is
// found again, and hostile text cannot look like a record.
constexpr std::size_t kFrameHeaderBytes = 12;

// Appends `record` in its frame to `out`.
void AppendFrame(std::string_view record, std::string& out);

struct FoundFrame {
  std::size_t begin = 0, end = 0;  // of the frame
  std::string_view record;
};
// The first whole and sound frame of `text` that begins at `from` or later.
std::optional<FoundFrame> FindFrame(std::string_view text, std::size_t from);

}  // namespace k8sentry::internal
