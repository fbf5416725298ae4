// The environment, which only the command line reads.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace k8sentry::cli {

// The value of the variable `name`; empty when it is not set.
std::string Environment(const char* name);

// All of it, as "NAME=value".
std::vector<std::string> WholeEnvironment();

// The proxy that HTTPS_PROXY, HTTP_PROXY and NO_PROXY (or their lower-case forms) ask
// for to reach `url`; empty: none.
std::string ProxyFor(std::string_view url);

}  // namespace k8sentry::cli
