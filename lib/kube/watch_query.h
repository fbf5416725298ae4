// How a resource that is to be watched is named: in paths, queries, marks and rules.
#pragma once

#include <string>
#include <string_view>

#include "k8sentry/resource_watcher.h"

namespace k8sentry::internal {

// For a query: everything but unreserved characters as %XX. (RFC 3986, 2.3.)
std::string PercentEncoded(std::string_view text);

// "events", or "events in NAMESPACE".
std::string WatchName(const WatchedResource& resource);
// "/apis/batch/v1/namespaces/shop/jobs".
std::string PathOf(const WatchedResource& resource);
// "&labelSelector=...&fieldSelector=..." or less.
std::string Selectors(const WatchedResource& resource);
// What a role lacks, to be appended to the server's words.
std::string RuleFor(const WatchedResource& resource);

}  // namespace k8sentry::internal
