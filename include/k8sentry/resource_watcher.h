// A ResourceWatcher lists and watches any resources of a cluster: Pods, Jobs, whatever
// has a path below /api or /apis.
//
// It is the machinery of NewClusterSource without what is special about Events: pages,
// marks, 410 Gone, rotation, backoff and credentials are taken care of, and what comes
// out are objects as JSON. (Kubernetes API concepts, efficient detection of changes.)
//
//   auto watcher = k8sentry::NewResourceWatcher(
//       {.cluster = cluster, .resources = {{.resource = "pods", .namespace_ =
//       "shop"}}}, transport);
//   for (const auto& object : (*watcher)->Poll(now).objects) ...
//
// Threads: one at a time per instance, the one that polls `transport`.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "k8sentry/cluster_config.h"
#include "k8sentry/event.h"
#include "k8sentry/logger.h"
#include "k8sentry/watch.h"

namespace k8sentry {

struct WatchedResource {
  std::string api_version = "v1";  // "v1", "apps/v1"
  std::string resource = {};       // the plural, as in paths: "pods"
  std::string namespace_ = {};     // empty: all
  std::string label_selector = {};
  std::string field_selector = {};
};

// One object as one frame showed it.
struct WatchedObject {
  FrameType type = FrameType::kAdded;  // kAdded, kModified, kDeleted or kListItem
  // It lies at or below the mark: a list shows it again, or a proxy did.
  bool known = false;
  std::string_view namespace_, name, uid, resource_version;
  std::string_view json;  // from `{` to `}`
};

struct WatchedObjects {
  std::size_t resource = 0;  // its index among the options' `resources`
  // At most 64; empty: nothing now. All views are valid until the next Poll.
  std::span<const WatchedObject> objects;
};

struct ResourceWatcherOptions {
  ClusterConfig cluster = {};
  std::vector<WatchedResource> resources = {};
  WatchOptions watch = {};
};

class ResourceWatcher {
 public:
  virtual ~ResourceWatcher() = default;

  virtual WatchedObjects Poll(Now now) = 0;
  // When Poll has something to do although nothing arrives.
  virtual SteadyTime NextDeadline() const = 0;
  // Whether Poll has something now.
  virtual bool ready() const = 0;
  // Where the watch of a resource stands. After kListing or kRelisting, kWatching says
  // that a list was read to its end: what it did not show is gone.
  virtual const WatchStatus& status(std::size_t resource) const = 0;
};

// `transport` and `logger` must outlive the watcher.
// Errors: kInvalidArgument (a server, path or option that cannot be used).
Result<std::unique_ptr<ResourceWatcher>> NewResourceWatcher(
    const ResourceWatcherOptions& options, HttpTransport& transport,
    Logger& logger = NullLogger());

}  // namespace k8sentry
