// A YAML value as JSON, as Kubernetes' own YAML reader would have it.
#pragma once

#include <yaml-cpp/yaml.h>

#include <string>

namespace k8sentry::internal {

// Plain scalars become null, booleans and numbers where they look like them; all else
// becomes strings.
// Requires: `node` came from ParseYaml, which bounds its depth and size.
std::string JsonOf(const YAML::Node& node);

}  // namespace k8sentry::internal
