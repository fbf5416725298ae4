// Cutting text to what Sentry takes.
//
// Relay trims what is longer and marks the item as damaged; we trim ourselves, so that
// nothing is ever marked and memory stays bounded.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "k8sentry/json_writer.h"
#include "k8sentry/time.h"

namespace k8sentry::internal {

// Sentry's limits, in characters.
inline constexpr std::size_t kMaxExceptionType = 128;
inline constexpr std::size_t kMaxMessage = 8192;
inline constexpr std::size_t kMaxTransaction = 200;
inline constexpr std::size_t kMaxTagKey = 200;
inline constexpr std::size_t kMaxTagValue = 200;
inline constexpr std::size_t kMaxLogger = 64;
inline constexpr std::size_t kMaxServerName = 200;  // it becomes a tag
inline constexpr std::size_t kMaxRelease = 200;
inline constexpr std::size_t kMaxEnvironment = 64;
inline constexpr std::size_t kMaxBreadcrumbWord = 128;  // type and category
inline constexpr std::size_t kMaxSlug = 50;
// Of a value inside a context. A context may have 8 KiB: its at most 12 values of 100
// characters and a name stay below that even if every character has four bytes.
inline constexpr std::size_t kMaxContextValue = 100;
// A name has up to 253 characters; contexts have at most three of these.
inline constexpr std::size_t kMaxContextName = 256;
// An event item may have 1 MiB, and so may a container of 100 logs (docs; Relay takes
// more). What is below is ours, to stay there.
inline constexpr std::size_t kMaxBreadcrumbs = 100;
inline constexpr std::size_t kMaxBreadcrumbsBytes = 400 << 10;  // as JSON
inline constexpr std::size_t kMaxBreadcrumbDataBytes = 2 << 10;
inline constexpr std::size_t kMaxFingerprintBytes = 64 << 10;
inline constexpr std::size_t kMaxTags = 100;
inline constexpr std::size_t kMaxLogAttributes = 64;
inline constexpr std::size_t kMaxAttributeName = 200;
inline constexpr std::size_t kMaxAttributeValue = 1000;
inline constexpr std::size_t kMaxAttachments = 30;
inline constexpr std::size_t kMaxAttachmentsBytes = 20 << 20;  // of one issue together
inline constexpr std::size_t kMaxFilename = 128;
inline constexpr std::size_t kMaxContentType = 128;

// At most `max_characters` of `text`; what was cut ends in "...", as Relay cuts.
std::string Trimmed(std::string_view text, std::size_t max_characters);
// The same in place.
void Trim(std::string& text, std::size_t max_characters);

// As Trimmed, on one line without control characters and surrounding spaces: Sentry
// refuses a newline in a tag, a logger or a transaction.
std::string TrimmedLine(std::string_view text, std::size_t max_characters);

// The same without a copy of what is such a line already, as nearly all text is. Of
// that only a view is kept.
class Line {
 public:
  Line(std::string_view text, std::size_t max_characters);
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;

  std::string_view view() const { return view_; }
  bool empty() const { return view_.empty(); }

 private:
  std::string own_;
  std::string_view view_;
};

// What has to be looked at to get `max_characters` of text without its secrets: enough
// that no secret is cut in two where it would still be seen.
std::string_view Head(std::string_view text, std::size_t max_characters);

// Writes the member if, as one line, it says anything.
void WriteLine(JsonWriter& json, std::string_view key, std::string_view value,
               std::size_t max_characters);

// Writes the member, trimmed.
void WriteText(JsonWriter& json, std::string_view key, std::string_view value,
               std::size_t max_characters);

// Seconds with microseconds, written out in full: a double's shortest form could come
// as 1.8e+09.
std::string SecondsOf(Time time);

std::string Hex(const std::uint8_t* bytes, std::size_t size);

// 16 bytes that are zero mean that there is none.
bool IsNone(const std::array<std::uint8_t, 16>& id);

}  // namespace k8sentry::internal
