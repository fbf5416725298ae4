#include "environment.h"

#include <arpa/inet.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <optional>

namespace k8sentry::cli {
namespace {

using Address = std::array<unsigned char, 16>;

struct Host {
  std::string name;  // lower case, without brackets
  std::string port;
};

std::string LowerCase(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

// Splits "host", "host:port", "[v6]:port" or a bare IPv6 address.
Host SplitHost(std::string_view text) {
  if (text.starts_with('[')) {
    const std::size_t end = std::min(text.find(']'), text.size());
    const std::string_view rest = text.substr(std::min(end + 1, text.size()));
    return {LowerCase(text.substr(1, end - 1)),
            std::string(rest.starts_with(':') ? rest.substr(1) : "")};
  }
  const std::size_t colon = text.find(':');
  if (colon == text.npos || text.find(':', colon + 1) != text.npos) {
    return {LowerCase(text), ""};
  }
  return {LowerCase(text.substr(0, colon)), std::string(text.substr(colon + 1))};
}

Host HostOfUrl(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme != url.npos) url.remove_prefix(scheme + 3);
  url = url.substr(0, url.find_first_of("/?#"));
  const std::size_t at = url.rfind('@');
  if (at != url.npos) url.remove_prefix(at + 1);
  return SplitHost(url);
}

// IPv4 addresses as ::ffff:a.b.c.d, so that there is one form.
std::optional<Address> ParseAddress(const std::string& text) {
  Address address = {};
  if (inet_pton(AF_INET6, text.c_str(), address.data()) == 1) return address;
  address = {};
  address[10] = address[11] = 0xFF;
  if (inet_pton(AF_INET, text.c_str(), address.data() + 12) == 1) return address;
  return std::nullopt;
}

bool InNetwork(const Address& address, std::string_view network) {
  const std::size_t slash = network.find('/');
  if (slash == network.npos) return false;
  const std::string base(network.substr(0, slash));
  const std::optional<Address> prefix = ParseAddress(base);
  const std::string_view length = network.substr(slash + 1);
  unsigned bits = 0;
  if (!prefix || length.empty() ||
      std::from_chars(length.data(), length.data() + length.size(), bits).ptr !=
          length.data() + length.size()) {
    return false;
  }
  if (base.find(':') == std::string::npos) bits += 96;
  if (bits > 128) return false;
  for (unsigned i = 0; i < bits; ++i) {
    const unsigned mask = 0x80u >> (i % 8);
    if ((address[i / 8] & mask) != ((*prefix)[i / 8] & mask)) return false;
  }
  return true;
}

// One entry of NO_PROXY, as Go reads it: "*", a host (with its subdomains), ".domain",
// an address, a network, each perhaps with a port.
bool Excludes(std::string_view entry, const Host& host) {
  if (entry == "*") return true;
  const std::optional<Address> address = ParseAddress(host.name);
  if (address && InNetwork(*address, entry)) return true;
  const Host rule = SplitHost(entry);
  if (!rule.port.empty() && rule.port != host.port) return false;
  std::string_view name = rule.name;
  if (name.starts_with("*.")) name.remove_prefix(1);
  if (name.empty()) return false;
  if (address) return ParseAddress(rule.name) == address;
  if (name.starts_with('.')) return host.name.ends_with(name);
  return host.name == name || host.name.ends_with("." + std::string(name));
}

bool IsLoopback(const Host& host) {
  if (host.name == "localhost" || host.name.ends_with(".localhost")) return true;
  const std::optional<Address> address = ParseAddress(host.name);
  return address &&
         (InNetwork(*address, "127.0.0.0/8") || InNetwork(*address, "::1/128"));
}

std::string EitherCase(const char* upper) {
  const std::string lower = Environment(LowerCase(upper).c_str());
  return !lower.empty() ? lower : Environment(upper);
}

}  // namespace

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::vector<std::string> WholeEnvironment() {
  std::vector<std::string> all;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    all.emplace_back(*entry);
  }
  return all;
}

std::string ProxyFor(std::string_view url) {
  const bool secure = url.starts_with("https://");
  // HTTP_PROXY in upper case can be a request's header in a CGI program, so that curl
  // ignores it; this is none.
  std::string proxy = EitherCase(secure ? "HTTPS_PROXY" : "HTTP_PROXY");
  if (proxy.empty()) return "";
  Host host = HostOfUrl(url);
  if (host.port.empty()) host.port = secure ? "443" : "80";
  if (IsLoopback(host)) return "";
  const std::string exceptions = EitherCase("NO_PROXY");
  for (std::string_view rest = exceptions; !rest.empty();) {
    const std::size_t end = std::min(rest.find_first_of(", "), rest.size());
    if (Excludes(rest.substr(0, end), host)) return "";
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  if (proxy.find("://") == std::string::npos) proxy = "http://" + proxy;
  return proxy;
}

}  // namespace k8sentry::cli
