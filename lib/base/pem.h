// Certificates and keys as PEM: whether they can be used, before something relies on
// it.
#pragma once

#include <string_view>

#include "k8sentry/status.h"

namespace k8sentry::internal {

// `pem` holds certificates, at least one, and all can be read. Errors: kConfiguration, without any of the
// text.
Status CheckCertificates(std::string_view pem);

// The first certificate of `certificate_pem` belongs to the key in `key_pem`, which
// is not encrypted, for nobody could be asked for its password.
// Errors: kConfiguration, without any of the text.
Status CheckKeyPair(std::string_view certificate_pem, std::string_view key_pem);

}  // namespace k8sentry::internal
