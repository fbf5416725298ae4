#include "sentry/dsn_rules.h"

#include <algorithm>
#include <optional>

namespace k8sentry::internal {
namespace {

std::string Lower(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

// The address that a host is, if it is one in the form that every resolver reads alike.
std::optional<IpAddress> LiteralOf(std::string_view host) {
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  }
  return ParseIpAddress(host);
}

}  // namespace

Result<DsnRules> DsnRules::New(const SentryClientsOptions& options) {
  DsnRules rules;
  rules.follow_ = options.cluster_dsns;
  rules.proxy_ = !options.sentry.proxy.empty();
  rules.own_host_ = options.sentry.dsn.host;
  rules.own_port_ = options.sentry.dsn.port;
  for (const std::string& host : options.hosts) rules.hosts_.push_back(Lower(host));
  rules.addresses_ = options.addresses;
  for (const std::string& text : options.addresses) {
    const Result<Cidr> cidr = ParseCidr(text);
    if (!cidr.ok()) {
      return Status(StatusCode::kConfiguration,
                    "addresses of cluster DSNs: " + cidr.status().message());
    }
    rules.allowed_.push_back(*cidr);
  }
  return rules;
}

// Another port of the same host is another server.
bool DsnRules::HostIsListed(const Dsn& dsn) const {
  if (dsn.host == own_host_ && dsn.port == own_port_) return true;
  const std::string with_port = dsn.host + ":" + std::to_string(dsn.port);
  return std::any_of(hosts_.begin(), hosts_.end(), [&](const std::string& host) {
    return host == with_port || (host == dsn.host && dsn.port == 443);
  });
}

std::string DsnRules::WhyNot(const Dsn& dsn) const {
  if (follow_ == ClusterDsns::kRefuse) return "DSNs of the cluster are not followed";
  if (proxy_) return "a proxy would resolve its host";
  if (dsn.scheme != "https") return "it is not https";
  if (!HostIsListed(dsn)) return "its host is not listed";
  const std::optional<IpAddress> literal = LiteralOf(dsn.host);
  if (literal && !IsGlobal(*literal) &&
      std::none_of(allowed_.begin(), allowed_.end(),
                   [&](const Cidr& cidr) { return cidr.Contains(*literal); })) {
    return "its address is not listed";
  }
  return {};
}

SentryOptions DsnRules::OptionsFor(const Dsn& dsn, DsnOrigin origin,
                                   const SentryOptions& configured) const {
  SentryOptions options = configured;
  options.dsn = dsn;
  // What only the configured one is fed with.
  options.max_breadcrumbs = 0;
  if (options.logs == SentryLogs::kAll) options.logs = SentryLogs::kOff;
  if (dsn.host != own_host_ || dsn.port != own_port_) {
    TlsOptions tls;
    tls.ca_file = configured.tls.ca_file;
    tls.ca_pem = configured.tls.ca_pem;
    if (origin == DsnOrigin::kHost) tls.verification = configured.tls.verification;
    options.tls = tls;
  }
  if (origin == DsnOrigin::kCluster) {
    options.addresses = {AddressPolicy::Private::kRefuse, addresses_};
  }
  return options;
}

}  // namespace k8sentry::internal
