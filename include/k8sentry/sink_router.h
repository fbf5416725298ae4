// A SinkRouter chooses the sink of each telling, where there are several.
//
// Each of them gets a queue, and a spool, of its own, so that one that is away or
// limited holds up none of the others. Sinks may come and go while the Runner runs.
//
// Threads: one at a time per instance, the Runner's.
#pragma once

#include "k8sentry/sink.h"

namespace k8sentry {

class SinkRouter {
 public:
  virtual ~SinkRouter() = default;
  // The sink stays valid until Retired was called for it. Two sinks that are valid at
  // one time have different spool names.
  virtual Sink& Route(const Telling& telling, Now now) = 0;
  // Whether the runner shall let go of `sink` once nothing of it waits or is under way.
  // Asked now and then, of each sink that Route has chosen.
  virtual bool retires(const Sink& sink) const = 0;
  // Nothing of `sink` waits any more, and the runner has forgotten it.
  virtual void Retired(Sink& sink) = 0;
};

}  // namespace k8sentry
