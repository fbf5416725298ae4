#include "pipeline/telling_id.h"

#include <algorithm>

namespace k8sentry::internal {

TellingId TellingIds::Of(TellingKind kind, const Event& event) {
  constexpr std::string_view kNul("\0", 1);
  sha256_.Update("k8sentry/1");
  sha256_.Update(kNul);
  sha256_.Update(kind == TellingKind::kStillFiring ? "still-firing" : "sighting");
  sha256_.Update(kNul);
  if (event.uid.empty()) {
    sha256_.Update(event.raw_object);
  } else {
    sha256_.Update(event.uid);
    sha256_.Update(kNul);
    sha256_.Update(event.resource_version);
  }
  const Sha256Digest digest = sha256_.Finish();
  TellingId id;
  std::copy_n(digest.begin(), id.size(), id.begin());
  // Version 4, variant 1: Sentry and others take only UUIDs. (RFC 4122, section 4.4.)
  id[6] = static_cast<std::uint8_t>(0x40 | (id[6] & 0x0F));
  id[8] = static_cast<std::uint8_t>(0x80 | (id[8] & 0x3F));
  return id;
}

}  // namespace k8sentry::internal
