// A telling before anything is copied: what the inner parts of the pipeline hand on.
#pragma once

#include "k8sentry/deduplicator.h"
#include "k8sentry/sink.h"

namespace k8sentry::internal {

// Valid during the call it is handed to.
struct TellingView {
  TellingKind kind;
  const KeyView& key;
  const Event& event;
  std::int64_t sightings = 0;
  std::int64_t swallowed = 0;
  Time first_seen;
  Time last_seen;
  // The id, if it was made of the event's bytes, which are gone.
  const TellingId* id = nullptr;
};

// Must not call back into whatever calls it.
class TellingVisitor {
 public:
  virtual void OnTelling(const TellingView& telling) = 0;

 protected:
  ~TellingVisitor() = default;
};

}  // namespace k8sentry::internal
