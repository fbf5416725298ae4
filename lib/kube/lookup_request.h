// One GET of an OwnerLookup: takes notes of the answer until the lookup reads them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/hash.h"
#include "k8sentry/http_transport.h"

namespace k8sentry::internal {

struct LookupRequest final : HttpHandler {
  // Metadata has a few kilobytes; whole objects, from servers that send those, more.
  static constexpr std::size_t kMaxBody = 256 << 10;

  void OnHead(const HttpResponseHead& head) override {
    status = head.status;
    retry_after = head.header("Retry-After");
  }
  BodyFlow OnBody(std::string_view bytes) override {
    if (bytes.size() > kMaxBody - body.size()) {
      too_long = true;
      return BodyFlow::kPause;
    }
    body.append(bytes);
    return BodyFlow::kContinue;
  }
  void OnDone(const Status& end) override { done = end; }

  bool busy = false;
  HttpRequestId id = 0;
  SteadyTime started;
  int refusals = 0;  // of the credential, when it was sent
  // What it asks for: an object, or what kinds this apiVersion has.
  Hash128 object;
  std::string discovery;
  std::string group, plural, namespace_;  // of the object

  int status = 0;
  std::string retry_after;
  std::string body;
  bool too_long = false;
  std::optional<Status> done;
  bool over() const { return busy && (done || too_long); }
};

}  // namespace k8sentry::internal
