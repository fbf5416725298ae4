#include "kube/api_status.h"

#include "json/json_reader.h"
#include "k8sentry/text.h"

namespace k8sentry::internal {

ApiStatus ParseApiStatus(std::string_view body) {
  constexpr std::size_t kMaxMessageBytes = 300;
  const JsonReader json(body);
  ApiStatus status;
  const std::optional<std::string> kind = json.String({"kind"});
  if (!kind || *kind != "Status") {
    status.message = TruncateUtf8(FirstLine(body), kMaxMessageBytes);
    return status;
  }
  const std::int64_t code = json.Integer({"code"}).value_or(0);
  if (code >= 100 && code <= 999) status.code = static_cast<int>(code);
  status.reason = json.String({"reason"}).value_or("");
  const std::string message = json.String({"message"}).value_or("");
  status.message = TruncateUtf8(FirstLine(message), kMaxMessageBytes);
  const auto seconds = json.Integer({"details", "retryAfterSeconds"});
  if (seconds && *seconds > 0 && *seconds < 1000000) {
    status.retry_after = std::chrono::seconds(*seconds);
  }
  return status;
}

}  // namespace k8sentry::internal
