#include "http/status_of_curl.h"

namespace k8sentry::internal {
namespace {

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
  if (detail.find(" alert ") != detail.npos &&
      (detail.find("certificate") != detail.npos ||
       detail.find("unknown ca") != detail.npos)) {
    return StatusCode::kConfiguration;
  }
  return StatusCode::kUnavailable;
}

}  // namespace

Status StatusOfCurl(CURLcode code, std::string_view detail) {
  std::string message(detail.empty() ? curl_easy_strerror(code) : detail);
  return Status(CodeOf(code, detail), std::move(message));
}

}  // namespace k8sentry::internal
