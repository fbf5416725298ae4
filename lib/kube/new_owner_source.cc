#include <unistd.h>

#include "kube/owner_source.h"

namespace k8sentry {
namespace {

Status Check(const OwnerSourceOptions& options) {
  const auto bad = [](const char* message) {
    return Status(StatusCode::kInvalidArgument, message);
  };
  const std::string& server = options.cluster.server;
  if (!server.starts_with("https://") && !server.starts_with("http://")) {
    return bad("the cluster's server must begin with https:// or http://");
  }
  if (options.max_wait < Duration::zero() || options.max_wait > std::chrono::hours(1)) {
    return bad("max_wait must be from 0 to 1h");
  }
  if (options.max_waiting_events == 0 || options.max_waiting_bytes == 0) {
    return bad("max_waiting_events and max_waiting_bytes must be at least 1");
  }
  if (options.max_objects == 0) return bad("max_objects must be at least 1");
  if (options.max_requests == 0) return bad("max_requests must be at least 1");
  return {};
}

}  // namespace

Result<std::unique_ptr<EventSource>> NewOwnerSource(EventSource& inner,
                                                    const OwnerSourceOptions& options,
                                                    HttpTransport& transport,
                                                    Logger& logger) {
  if (Status status = Check(options); !status.ok()) return status;
  // Jitter must differ from process to process, and nothing more.
  std::uint64_t seed = 0;
  if (getentropy(&seed, sizeof seed) != 0) seed = static_cast<std::uint64_t>(getpid());
  return std::unique_ptr<EventSource>(
      std::make_unique<internal::OwnerSource>(inner, options, transport, logger, seed));
}

}  // namespace k8sentry
