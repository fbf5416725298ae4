#include "kube/checked_options.h"
#include "kube/owner_source.h"

namespace k8sentry {
namespace {

Status Check(const OwnerSourceOptions& options) {
  const auto bad = [](const char* message) {
    return Status(StatusCode::kInvalidArgument, message);
  };
  const Status server = internal::CheckServer(options.cluster.server);
  if (!server.ok()) return server;
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
  return std::unique_ptr<EventSource>(std::make_unique<internal::OwnerSource>(
      inner, options, transport, logger, internal::NewSeed()));
}

}  // namespace k8sentry
