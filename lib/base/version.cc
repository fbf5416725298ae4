#include "k8sentry/version.h"

namespace k8sentry {

std::string_view Version() { return K8SENTRY_VERSION; }

}  // namespace k8sentry
