#include "base/ip_address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace k8sentry::internal {
namespace {

constexpr int kMappedBits = 96;

bool SharesPrefix(const IpAddress& a, const IpAddress& b, int bits) {
  const auto whole = static_cast<std::size_t>(bits / 8);
  if (std::memcmp(a.data(), b.data(), whole) != 0) return false;
  const int rest = bits % 8;
  if (rest == 0) return true;
  const int mask = 0xFF << (8 - rest) & 0xFF;
  return ((a[whole] ^ b[whole]) & mask) == 0;
}

// A block as the registries write it.
struct Block {
  std::array<std::uint8_t, 16> base;
  int bits;
};
struct Block4 {
  std::array<std::uint8_t, 4> base;
  int bits;
};

// IANA, IPv4 special-purpose address registry; and multicast.
constexpr Block4 kSpecial4[] = {
    {{0}, 8},
    {{10}, 8},
    {{100, 64}, 10},
    {{127}, 8},
    {{169, 254}, 16},
    {{172, 16}, 12},
    {{192, 0, 0}, 24},
    {{192, 0, 2}, 24},
    {{192, 88, 99}, 24},
    {{192, 168}, 16},
    {{198, 18}, 15},
    {{198, 51, 100}, 24},
    {{203, 0, 113}, 24},
    {{224}, 4},
    {{240}, 4},
};
// IPv6: of the global unicast block, what has a special purpose. 6to4 and Teredo are
// tunnels to IPv4 addresses of the name's choice.
constexpr Block kGlobalUnicast = {{0x20}, 3};
constexpr Block kSpecial6[] = {
    {{0x20, 0x01}, 23},
    {{0x20, 0x01, 0x0D, 0xB8}, 32},
    {{0x20, 0x02}, 16},
    {{0x3F, 0xFF}, 20},
};
constexpr Block kNat64 = {{0x00, 0x64, 0xFF, 0x9B}, 96};

bool In(const Block& block, const IpAddress& address) {
  return SharesPrefix(block.base, address, block.bits);
}

bool IsMapped(const IpAddress& address) {
  return SharesPrefix(address, IpAddressOf({}), kMappedBits);
}

}  // namespace

IpAddress IpAddressOf(const std::array<std::uint8_t, 4>& v4) {
  IpAddress mapped = {};
  mapped[10] = mapped[11] = 0xFF;
  std::copy(v4.begin(), v4.end(), mapped.begin() + 12);
  return mapped;
}

std::optional<IpAddress> ParseIpAddress(std::string_view text) {
  const std::string copy(text);
  if (copy.find('\0') != copy.npos) return std::nullopt;
  std::array<std::uint8_t, 4> v4 = {};
  if (inet_pton(AF_INET, copy.c_str(), v4.data()) == 1) return IpAddressOf(v4);
  IpAddress v6 = {};
  if (inet_pton(AF_INET6, copy.c_str(), v6.data()) == 1) return v6;
  return std::nullopt;
}

std::string FormatIpAddress(const IpAddress& address) {
  char text[INET6_ADDRSTRLEN] = {};
  const bool mapped = IsMapped(address);
  inet_ntop(mapped ? AF_INET : AF_INET6, address.data() + (mapped ? 12 : 0), text,
            sizeof text);
  return text;
}

bool Cidr::Contains(const IpAddress& address) const {
  return SharesPrefix(base, address, prefix_bits);
}

Result<Cidr> ParseCidr(std::string_view text) {
  const auto wrong = [&] {
    return Status(StatusCode::kInvalidArgument,
                  "\"" + std::string(text.substr(0, 64)) +
                      "\" is no block of addresses such as 10.1.0.0/16 or fd00::/8");
  };
  const std::size_t slash = text.find('/');
  const std::string_view before = text.substr(0, slash);
  const std::optional<IpAddress> base = ParseIpAddress(before);
  if (!base) return wrong();
  Cidr cidr = {*base, 128};
  if (slash == std::string_view::npos) return cidr;
  const std::string_view digits = text.substr(slash + 1);
  const bool v4 = before.find(':') == std::string_view::npos;
  int bits = 0;
  const char* end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, bits);
  if (error != std::errc() || stop != end || bits < 0 || bits > (v4 ? 32 : 128)) {
    return wrong();
  }
  cidr.prefix_bits = v4 ? kMappedBits + bits : bits;
  return cidr;
}

bool IsGlobal(const IpAddress& address) {
  if (IsMapped(address) || In(kNat64, address)) {
    IpAddress v4 = IpAddressOf({address[12], address[13], address[14], address[15]});
    return std::none_of(
        std::begin(kSpecial4), std::end(kSpecial4), [&](const Block4& block) {
          return SharesPrefix(IpAddressOf(block.base), v4, kMappedBits + block.bits);
        });
  }
  return In(kGlobalUnicast, address) &&
         std::none_of(std::begin(kSpecial6), std::end(kSpecial6),
                      [&](const Block& block) { return In(block, address); });
}

}  // namespace k8sentry::internal
