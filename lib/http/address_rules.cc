#include "http/address_rules.h"

#include <netinet/in.h>

#include <algorithm>
#include <cstring>
#include <optional>

namespace k8sentry::internal {
namespace {

std::optional<IpAddress> AddressOf(const sockaddr& address) {
  if (address.sa_family == AF_INET) {
    std::array<std::uint8_t, 4> v4 = {};
    const auto& in = reinterpret_cast<const sockaddr_in&>(address);
    std::memcpy(v4.data(), &in.sin_addr, v4.size());
    return IpAddressOf(v4);
  }
  if (address.sa_family == AF_INET6) {
    IpAddress v6 = {};
    const auto& in6 = reinterpret_cast<const sockaddr_in6&>(address);
    std::memcpy(v6.data(), &in6.sin6_addr, v6.size());
    return v6;
  }
  return std::nullopt;
}

}  // namespace

Result<AddressRules> AddressRules::New(const AddressPolicy& policy) {
  AddressRules rules;
  rules.allow_all_ = policy.private_addresses == AddressPolicy::Private::kAllow;
  for (const std::string& text : policy.allowed) {
    const Result<Cidr> cidr = ParseCidr(text);
    if (!cidr.ok()) return cidr.status();
    if (rules.allow_all_) continue;
    rules.allowed_.push_back(*cidr);
    rules.identity_ += text + " ";
  }
  if (!rules.allow_all_) rules.identity_ += "only";
  return rules;
}

bool AddressRules::Allow(const sockaddr& address, std::string& why) const {
  if (allow_all_) return true;
  const std::optional<IpAddress> ip = AddressOf(address);
  if (!ip) {
    why = "no IP address";
    return false;
  }
  if (IsGlobal(*ip) || std::any_of(allowed_.begin(), allowed_.end(),
                                   [&](const Cidr& c) { return c.Contains(*ip); })) {
    return true;
  }
  why = FormatIpAddress(*ip);
  return false;
}

}  // namespace k8sentry::internal
