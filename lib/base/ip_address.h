// IP addresses and blocks of them, for deciding whom we may talk to.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "k8sentry/status.h"

namespace k8sentry::internal {

// Sixteen bytes in network order; an IPv4 address is the IPv6 one it is mapped to, so
// that ::ffff:127.0.0.1 is no way around a rule about 127.0.0.1.
using IpAddress = std::array<std::uint8_t, 16>;

// "10.1.2.3" or "fe80::1", without port, brackets or zone.
std::optional<IpAddress> ParseIpAddress(std::string_view text);
// The same from the bytes of an in_addr or in6_addr.
IpAddress IpAddressOf(const std::array<std::uint8_t, 4>& v4);
std::string FormatIpAddress(const IpAddress& address);

struct Cidr {
  IpAddress base = {};
  int prefix_bits = 128;

  bool Contains(const IpAddress& address) const;
};
// "10.1.0.0/16", "fd00::/8", or an address alone. Errors: kInvalidArgument.
Result<Cidr> ParseCidr(std::string_view text);

// Whether it is one of the public internet: none of the special purposes of RFC 6890
// and its registries, and no multicast. An address that carries an IPv4 one for a
// translator (NAT64) is judged by that.
bool IsGlobal(const IpAddress& address);

}  // namespace k8sentry::internal
