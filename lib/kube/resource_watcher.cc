#include "kube/resource_watcher.h"

#include <algorithm>

namespace k8sentry::internal {

ResourceWatcherImpl::ResourceWatcherImpl(const ResourceWatcherOptions& options,
                                         HttpTransport& transport, Logger& logger,
                                         std::uint64_t seed)
    : options_(options), api_(options_.cluster, transport) {
  Random seeds(seed);
  for (const WatchedResource& resource : options_.resources) {
    // However old an object is, it is there.
    watchers_.push_back(
        std::make_unique<ClusterWatcher>(options_.watch, resource, DecodedObjects::kAny,
                                         Duration::max(), api_, logger, seeds.Next()));
  }
}

WatchedObjects ResourceWatcherImpl::Poll(Now now) {
  objects_.clear();
  for (std::size_t i = 0; i < watchers_.size(); ++i) {
    const std::size_t resource = next_;
    next_ = (next_ + 1) % watchers_.size();
    for (const Event& object : watchers_[resource]->Poll(now)) {
      objects_.push_back({.type = object.frame_type,
                          .known = object.stale,
                          .namespace_ = object.namespace_,
                          .name = object.name,
                          .uid = object.uid,
                          .resource_version = object.resource_version,
                          .json = object.raw_object});
    }
    if (!objects_.empty()) return {resource, objects_};
  }
  return {};
}

SteadyTime ResourceWatcherImpl::NextDeadline() const {
  SteadyTime next = SteadyTime::max();
  for (const auto& watcher : watchers_) next = std::min(next, watcher->NextDeadline());
  return next;
}

bool ResourceWatcherImpl::ready() const {
  return std::any_of(watchers_.begin(), watchers_.end(),
                     [](const auto& watcher) { return watcher->ready(); });
}

}  // namespace k8sentry::internal
