#include "json/json_reader.h"

#include <charconv>

#include "json/json_cursor.h"
#include "json/json_text.h"
#include "k8sentry/text.h"

namespace k8sentry::internal {
namespace {

std::optional<std::string> Unescaped(std::string_view raw) {
  std::string text(raw.size(), '\0');
  const std::optional<std::size_t> size = UnescapeJson(raw, text.data());
  if (!size) return std::nullopt;
  text.resize(*size);
  return text;
}

}  // namespace

JsonReader::JsonReader(std::string_view json) : text_(json) {
  text_.append(kJsonPadding, ' ');
  if (tokens_.Find(std::string_view(text_).substr(0, json.size())) !=
      TokensFault::kUtf8) {
    return;
  }
  text_ = RepairUtf8(json);
  const std::size_t size = text_.size();
  text_.append(kJsonPadding, ' ');
  // What is still no JSON has no tokens, and nothing is found in it.
  (void)tokens_.Find(std::string_view(text_).substr(0, size));
}

std::optional<std::string_view> JsonReader::Raw(Path path) const {
  JsonCursor cursor(tokens_.text());
  std::string_view raw;
  for (const std::string_view name : path) {
    if (cursor.done() || cursor.front() != '{') return std::nullopt;
    std::optional<JsonCursor> found;
    const bool whole = cursor.VisitMembers([&](std::string_view key) {
      if (key == name || Unescaped(key) == name) found = cursor;
      return cursor.Skip();
    });
    if (!whole || !found) return std::nullopt;
    cursor = *found;
  }
  if (!cursor.SkipRaw(raw)) return std::nullopt;
  return raw;
}

std::optional<std::string> JsonReader::String(Path path) const {
  const std::optional<std::string_view> raw = Raw(path);
  if (!raw || raw->front() != '"') return std::nullopt;
  return Unescaped(raw->substr(1, raw->size() - 2));
}

std::optional<std::int64_t> JsonReader::Integer(Path path) const {
  const std::optional<std::string_view> raw = Raw(path);
  if (!raw) return std::nullopt;
  std::int64_t value = 0;
  const char* const end = raw->data() + raw->size();
  const auto [stop, error] = std::from_chars(raw->data(), end, value);
  if (error != std::errc() || stop != end) return std::nullopt;
  return value;
}

std::optional<bool> JsonReader::Bool(Path path) const {
  const std::optional<std::string_view> raw = Raw(path);
  if (raw == "true") return true;
  if (raw == "false") return false;
  return std::nullopt;
}

std::optional<std::vector<std::string_view>> JsonReader::Elements(Path path) const {
  const std::optional<std::string_view> raw = Raw(path);
  if (!raw || raw->front() != '[') return std::nullopt;
  // The tokens from the array's on; `raw` lies in text_.
  const auto offset = static_cast<std::uint32_t>(raw->data() - text_.data());
  const std::uint32_t* first = tokens_.text().begin;
  while (*first != offset) ++first;
  JsonCursor cursor(tokens_.text(), first);
  std::vector<std::string_view> elements;
  const bool whole =
      cursor.VisitElements([&] { return cursor.SkipRaw(elements.emplace_back()); });
  if (!whole) return std::nullopt;
  return elements;
}

}  // namespace k8sentry::internal
