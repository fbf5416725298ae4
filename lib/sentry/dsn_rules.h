// Whether a DSN that somebody in the cluster wrote may be followed.
#pragma once

#include <string>
#include <vector>

#include "base/ip_address.h"
#include "k8sentry/sentry_clients.h"

namespace k8sentry::internal {

class DsnRules {
 public:
  // Errors: kConfiguration, naming the address that is no CIDR.
  static Result<DsnRules> New(const SentryClientsOptions& options);

  // Why not; empty: it may. Names are judged again when they are resolved.
  std::string WhyNot(const Dsn& dsn) const;
  // The options of a reporter for it.
  SentryOptions OptionsFor(const Dsn& dsn, DsnOrigin origin,
                           const SentryOptions& configured) const;

 private:
  bool HostIsListed(const Dsn& dsn) const;

  ClusterDsns follow_ = ClusterDsns::kRefuse;
  bool proxy_ = false;
  std::string own_host_;
  int own_port_ = 0;
  std::vector<std::string> hosts_;
  std::vector<std::string> addresses_;
  std::vector<Cidr> allowed_;
};

}  // namespace k8sentry::internal
