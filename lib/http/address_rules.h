// An AddressPolicy, read: which addresses a connection may be made to.
#pragma once

#include <sys/socket.h>

#include <string>
#include <vector>

#include "base/ip_address.h"
#include "k8sentry/http_request.h"

namespace k8sentry::internal {

class AddressRules {
 public:
  AddressRules() = default;  // allow all
  // Errors: kInvalidArgument, naming what is no CIDR.
  static Result<AddressRules> New(const AddressPolicy& policy);

  // Says whether a connection to it may be made; else `why` is the address.
  bool Allow(const sockaddr& address, std::string& why) const;
  bool allow_all() const { return allow_all_; }
  // The same for the same rules: connections are only shared among these.
  const std::string& identity() const { return identity_; }

 private:
  bool allow_all_ = true;
  std::vector<Cidr> allowed_;
  std::string identity_;
};

}  // namespace k8sentry::internal
