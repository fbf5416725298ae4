// JsonReader looks single values up in a JSON body: the short form for what is read
// once, such as a Status or an error body.
//
//   const JsonReader body(text);
//   body.String({"metadata", "resourceVersion"}).value_or("");
//
// A path names members of objects, from the outermost in. Of duplicate keys the last
// counts. Text that is not UTF-8 is repaired. What is absent, of another type, or
// inside of a text that cannot be read is nullopt.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "json/json_tokens.h"

namespace k8sentry::internal {

class JsonReader {
 public:
  using Path = std::initializer_list<std::string_view>;

  // Copies `json`.
  explicit JsonReader(std::string_view json);

  std::optional<std::string> String(Path path) const;
  // Integers written without fraction and exponent that fit.
  std::optional<std::int64_t> Integer(Path path) const;
  std::optional<bool> Bool(Path path) const;
  // The value's text, which lives as long as the reader.
  std::optional<std::string_view> Raw(Path path) const;
  // The texts of an array's elements, which live as long as the reader.
  std::optional<std::vector<std::string_view>> Elements(Path path) const;

 private:
  std::string text_;  // with padding
  JsonTokens tokens_;
};

// One value of a body that is not needed for anything else.
inline std::optional<std::string> JsonStringAt(std::string_view json,
                                               JsonReader::Path path) {
  return JsonReader(json).String(path);
}
inline std::optional<std::int64_t> JsonIntegerAt(std::string_view json,
                                                 JsonReader::Path path) {
  return JsonReader(json).Integer(path);
}

}  // namespace k8sentry::internal
