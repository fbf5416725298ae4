#include "k8sentry/sink.h"

namespace k8sentry {

std::string_view TellingKindName(TellingKind kind) {
  switch (kind) {
    case TellingKind::kFirst:
      return "first";
    case TellingKind::kStillFiring:
      return "still-firing";
    case TellingKind::kEach:
      return "each";
  }
  return "unknown";
}

std::string HexId(const TellingId& id) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(id.size() * 2);
  for (const std::uint8_t byte : id) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

}  // namespace k8sentry
