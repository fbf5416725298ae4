// What is inside of one JSON token: escapes of strings, the grammar of numbers.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace k8sentry::internal {

// Writes `raw`, what stands between the quotes of a string, without its escapes to
// `out`, which has room for raw.size() bytes, and gives the bytes written. A lone
// surrogate becomes U+FFFD. nullopt: an escape that JSON does not have.
std::optional<std::size_t> UnescapeJson(std::string_view raw, char* out);

// Whether `token` is true, false, null or a number of RFC 8259.
bool IsJsonScalar(std::string_view token);

}  // namespace k8sentry::internal
