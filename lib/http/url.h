// The few things to know about a URL before libcurl gets it.
#pragma once

#include <string>
#include <string_view>

#include "k8sentry/status.h"

namespace k8sentry::internal {

struct UrlParts {
  std::string scheme;  // "http" or "https"
  std::string host;    // IPv6 with its brackets
  std::string port;    // the scheme's, if none is written
};

// Errors: kInvalidArgument. Credentials in a URL are refused, for URLs end in logs.
Result<UrlParts> ParseUrl(const std::string& url);

// `url` with another host.
Result<std::string> WithHost(const std::string& url, const std::string& host);

bool SameHeaderName(std::string_view a, std::string_view b);

}  // namespace k8sentry::internal
