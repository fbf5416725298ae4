#include "http/status_of_curl.h"

namespace k8sentry::internal {
namespace {

bool Has(std::string_view text, std::string_view part) {
  return text.find(part) != text.npos;
}

StatusCode CodeOf(CURLcode code, std::string_view detail) {
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
      return StatusCode::kDeadlineExceeded;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CRL_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
      return StatusCode::kConfiguration;
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
      return StatusCode::kInvalidArgument;
    case CURLE_OUT_OF_MEMORY:
    case CURLE_FAILED_INIT:
    case CURLE_BAD_FUNCTION_ARGUMENT:
    case CURLE_UNKNOWN_OPTION:
    case CURLE_NOT_BUILT_IN:
      return StatusCode::kInternal;
    default:
      break;
  }
  // A server that refuses our certificate says so in an alert, which TLS 1.3 delivers
  // with the first read.
  if (Has(detail, " alert ") &&
      (Has(detail, "certificate") || Has(detail, "unknown ca"))) {
    return StatusCode::kConfiguration;
  }
  // An authority of the expected name but with another key (a cluster that was built
  // anew) fails in OpenSSL's arithmetic; libcurl does not call that a verification.
  if (code == CURLE_SSL_CONNECT_ERROR &&
      (Has(detail, "asn1 encoding routines") || Has(detail, "rsa routines") ||
       Has(detail, "wrong version number"))) {
    return StatusCode::kConfiguration;
  }
  return StatusCode::kUnavailable;
}

}  // namespace

Status StatusOfCurl(CURLcode code, std::string_view detail) {
  std::string message(detail.empty() ? curl_easy_strerror(code) : detail);
  const StatusCode meaning = CodeOf(code, detail);
  if (meaning == StatusCode::kConfiguration) message.insert(0, "TLS: ");
  return Status(meaning, std::move(message));
}

}  // namespace k8sentry::internal
