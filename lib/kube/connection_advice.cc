#include "kube/connection_advice.h"

#include <algorithm>
#include <array>

#include "kube/api_status.h"

namespace k8sentry::internal {
namespace {

bool Has(std::string_view text, std::string_view part) {
  return text.find(part) != text.npos;
}

struct Advice {
  std::array<std::string_view, 3> words;  // one of them is in the message
  std::string_view means;
  std::string_view remedy;
};

// Transports speak in words (libcurl's and OpenSSL's here); what they say otherwise
// gets the advice of the kind of failure. The first that fits counts.
constexpr Advice kTls[] = {
    {{"certificate has expired"},
     "the server's certificate has expired, or the clock here is wrong",
     "renew the certificate of the API server, or set the clock"},
    {{"not yet valid"},
     "the server's certificate is not valid yet, so one of the clocks is wrong",
     "set the clock here, or on the machine that signs certificates"},
    {{"target host name", "does not match", "mismatch"},
     "the server's certificate is for another name",
     "use a name that stands in the certificate as the server, or give it with "
     "--tls-server-name"},
    {{" alert "},
     "the server refuses our certificate",
     "use a client certificate that an authority of the cluster has signed"},
    {{"wrong version number", "unknown protocol"},
     "what answers there speaks no TLS",
     "check the port, or write http:// if there is no TLS (credentials are not sent "
     "then)"},
};
constexpr Advice kUnknownAuthority = {
    {},
    "the server's certificate is signed by an authority that is not trusted",
    "give the certificate of the cluster's authority: --certificate-authority, or "
    "certificate-authority in the kubeconfig"};
constexpr Advice kNetwork[] = {
    {{"esolve host", "esolving"},
     "the server's name is not known",
     "check the name, and the DNS of this host"},
    {{"refused"},
     "nothing listens there",
     "check address and port, and whether the API server runs"},
    {{"timed out", "timeout", "no answer"},
     "no answer comes",
     "check the address, and whether a firewall or network policy is in between"},
    {{"unreachable", "No route"},
     "there is no way to it",
     "check the address, and the network of this host"},
};
constexpr Advice kOther = {
    {}, "the connection fails", "check the address, and what is in between"};

const Advice* Find(std::string_view message, const Advice* begin, const Advice* end) {
  return std::find_if(begin, end, [&](const Advice& advice) {
    return std::any_of(
        advice.words.begin(), advice.words.end(),
        [&](std::string_view word) { return !word.empty() && Has(message, word); });
  });
}

Finding Error(std::string_view means, const std::string& detail,
              std::string_view remedy) {
  return {.level = FindingLevel::kError,
          .what = "API server",
          .detail = std::string(means) + (detail.empty() ? "" : ": " + detail),
          .remedy = std::string(remedy)};
}

}  // namespace

Finding Unreachable(const Status& status, const ClusterConfig& cluster, Time wall) {
  const std::string& message = status.message();
  if (message.starts_with("TLS: ")) {
    const Advice* advice = Find(message, std::begin(kTls), std::end(kTls));
    if (advice == std::end(kTls)) advice = &kUnknownAuthority;
    Finding finding = Error(advice->means, message, advice->remedy);
    if (Has(advice->means, "clock")) {
      finding.detail += "; the clock here says " +
                        FormatTime(std::chrono::floor<std::chrono::seconds>(wall));
    }
    return finding;
  }
  if (!cluster.proxy.empty()) {
    if (Has(message, "response 407")) {
      return Error("the proxy wants to know who asks", message,
                   "put user and password into the proxy's URL");
    }
    return Error("the proxy does not lead there", message,
                 "check proxy-url of the kubeconfig, HTTPS_PROXY and NO_PROXY");
  }
  const Advice* advice = Find(message, std::begin(kNetwork), std::end(kNetwork));
  if (advice == std::end(kNetwork)) advice = &kOther;
  return Error(advice->means, message, advice->remedy);
}

Finding NoApiServer(int status, std::string_view body, const ClusterConfig& cluster) {
  const std::string message = ParseApiStatus(body.substr(0, kMaxErrorBytes)).message;
  const std::string detail =
      "HTTP " + std::to_string(status) + (message.empty() ? "" : ": " + message);
  if (status == 429 || status >= 500) {
    return Error("the server has trouble of its own", detail,
                 "look at the API server's log; try again");
  }
  const bool plain = cluster.server.starts_with("http://");
  return Error("what answers there is no Kubernetes API server", detail,
               plain ? "check the address and its path; most servers want https://"
                     : "check the address, its path and its port");
}

Finding NotAuthenticated(std::string_view body, const ClusterConfig& cluster) {
  const std::string message = ParseApiStatus(body.substr(0, kMaxErrorBytes)).message;
  const std::string kind = CredentialKind(cluster);
  Finding finding = {.level = FindingLevel::kError,
                     .what = "user",
                     .detail = "the server does not accept the credential (" + kind +
                               "): HTTP 401" + (message.empty() ? "" : ": " + message)};
  if (kind == "none") {
    finding.remedy = "give a credential: a kubeconfig, or --token-file";
  } else if (cluster.exec) {
    finding.remedy = "log in anew with the program that the kubeconfig names";
  } else {
    finding.remedy = "renew it: it has expired, was revoked, or is another cluster's";
  }
  return finding;
}

}  // namespace k8sentry::internal
