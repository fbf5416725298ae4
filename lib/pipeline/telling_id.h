// Makes the ids of tellings (docs/semantics.md 7).
#pragma once

#include "base/sha256.h"
#include "k8sentry/event.h"
#include "k8sentry/sink.h"

namespace k8sentry::internal {

class TellingIds {
 public:
  bool ok() const { return sha256_.ok(); }

  // From uid and version, or the object's bytes if it has no uid. Allocates nothing.
  TellingId Of(TellingKind kind, const Event& event);

 private:
  Sha256 sha256_;
};

}  // namespace k8sentry::internal
