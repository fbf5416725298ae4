// A YAML document within bounds, and its places for error messages.
#pragma once

#include <yaml-cpp/yaml.h>

#include <string>
#include <string_view>

#include "k8sentry/status.h"

namespace k8sentry::internal {

inline constexpr std::size_t kMaxYamlBytes = 1 << 20;
inline constexpr int kMaxYamlDepth = 64;
inline constexpr int kMaxYamlNodes = 10000;  // with every alias followed

// The file's bytes. Errors: kNotFound; kConfiguration (unreadable, or too large).
Result<std::string> ReadBoundedFile(const std::string& path, std::size_t max_bytes);

// Errors: kConfiguration, as "path:line:col: what".
Result<YAML::Node> ParseYaml(const std::string& text, const std::string& path);

// kConfiguration with "path:line:col: " before `message`.
Status ErrorAt(const std::string& path, const YAML::Mark& mark,
               std::string_view message);

}  // namespace k8sentry::internal
