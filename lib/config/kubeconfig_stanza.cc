#include "config/kubeconfig_stanza.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "config/base64.h"
#include "config/yaml_document.h"

namespace k8sentry::internal {
namespace {

// `target = value` for a Result, or the error.
template <typename T, typename Target>
Status Assign(Result<T> value, Target& target) {
  if (!value.ok()) return value.status();
  target = Target(*std::move(value));
  return {};
}

bool IsProxyScheme(std::string_view url) {
  return url.starts_with("http://") || url.starts_with("https://") ||
         url.starts_with("socks5://");
}

// A server as the API client needs it: with a scheme, without query, fragment and
// slashes at its end. A path prefix (Rancher's, for one) stays.
std::string CleanServer(std::string server, bool tls_wanted) {
  if (server.find("://") == server.npos) {
    server.insert(0, tls_wanted ? "https://" : "http://");
  }
  server.resize(std::min(server.find_first_of("?#"), server.size()));
  while (server.ends_with('/')) server.pop_back();
  return server;
}

// `name` and `name-data`, of which at most one may be there.
Status ReadPem(const Stanza& stanza, const char* file_key, const char* data_key,
               std::string& file, std::string& pem) {
  if (stanza.Has(file_key) && stanza.Has(data_key)) {
    return stanza.Error(file_key, std::string(file_key) + " and " + data_key +
                                      " are both given; remove one");
  }
  if (Status s = Assign(stanza.File(file_key), file); !s.ok()) return s;
  return Assign(stanza.Data(data_key), pem);
}

}  // namespace

bool Stanza::Has(const char* key) const {
  if (!value.IsMap()) return false;
  const YAML::Node node = value[key];
  return node.IsDefined() && !node.IsNull() &&
         !(node.IsScalar() && node.Scalar().empty());
}

Status Stanza::Error(const char* key, const std::string& message) const {
  if (value.IsMap()) {
    if (const YAML::Node node = value[key]; node.IsDefined()) {
      return ErrorAt(path, node.Mark(), message);
    }
  }
  return ErrorAt(path, mark, message);
}

Result<std::string> Stanza::Text(const char* key) const {
  if (!Has(key)) return std::string();
  const YAML::Node node = value[key];
  if (!node.IsScalar()) return Error(key, std::string(key) + " must be a string");
  return node.Scalar();
}

Result<std::string> Stanza::File(const char* key) const {
  Result<std::string> file = Text(key);
  if (!file.ok() || file->empty()) return file;
  const std::size_t slash = path.rfind('/');
  if (!file->starts_with('/') && slash != path.npos) {
    file->insert(0, path.substr(0, slash + 1));
  }
  if (access(file->c_str(), R_OK) != 0) {
    return Error(key, std::string(key) + ": " + *file + ": " + std::strerror(errno));
  }
  return file;
}

Result<std::string> Stanza::Data(const char* key) const {
  Result<std::string> text = Text(key);
  if (!text.ok()) return text;
  std::optional<std::string> decoded = DecodeBase64(*text);
  if (!decoded) return Error(key, std::string(key) + " is not base64");
  return *std::move(decoded);
}

Result<bool> Stanza::Bool(const char* key) const {
  Result<std::string> text = Text(key);
  if (!text.ok()) return text.status();
  if (text->empty() || *text == "false") return false;
  if (*text == "true") return true;
  return Error(key, std::string(key) + " must be true or false");
}

Status ApplyCluster(const Stanza& cluster, ClusterConfig& config) {
  TlsOptions& tls = config.tls;
  Status s = ReadPem(cluster, "certificate-authority", "certificate-authority-data",
                     tls.ca_file, tls.ca_pem);
  if (!s.ok()) return s;
  if (s = Assign(cluster.Text("tls-server-name"), tls.server_name); !s.ok()) return s;
  Result<bool> insecure = cluster.Bool("insecure-skip-tls-verify");
  if (!insecure.ok()) return insecure.status();
  const bool has_ca = !tls.ca_file.empty() || !tls.ca_pem.empty();
  if (*insecure) {
    if (has_ca) {
      return cluster.Error(
          "insecure-skip-tls-verify",
          "a certificate authority and insecure-skip-tls-verify exclude "
          "each other; remove one");
    }
    tls.verification = TlsVerification::kInsecureSkipVerify;
  }
  if (s = Assign(cluster.Text("proxy-url"), config.proxy); !s.ok()) return s;
  if (!config.proxy.empty() && !IsProxyScheme(config.proxy)) {
    return cluster.Error("proxy-url",
                         "proxy-url must begin with http://, https:// or socks5://");
  }
  Result<std::string> server = cluster.Text("server");
  if (!server.ok()) return server.status();
  if (server->empty()) {
    return cluster.Error("server",
                         "cluster '" + cluster.name + "' has no server; add it");
  }
  config.server = CleanServer(*server, *insecure || has_ca || !tls.server_name.empty());
  if (!config.server.starts_with("https://") && !config.server.starts_with("http://")) {
    return cluster.Error("server", "server must begin with https:// or http://");
  }
  return {};
}

Status ApplyUser(const Stanza& user, ClusterConfig& config) {
  TlsOptions& tls = config.tls;
  std::string key;
  Status s = ReadPem(user, "client-certificate", "client-certificate-data",
                     tls.certificate_file, tls.certificate_pem);
  if (s.ok()) s = ReadPem(user, "client-key", "client-key-data", tls.key_file, key);
  tls.key_pem = Secret(std::move(key));
  if (s.ok()) s = Assign(user.Text("token"), config.token);
  if (s.ok()) s = Assign(user.File("tokenFile"), config.token_file);
  if (s.ok()) s = Assign(user.Text("username"), config.username);
  if (s.ok()) s = Assign(user.Text("password"), config.password);
  if (!s.ok()) return s;

  const bool has_certificate =
      !tls.certificate_file.empty() || !tls.certificate_pem.empty();
  const bool has_key = !tls.key_file.empty() || !tls.key_pem.empty();
  const bool has_token = !config.token.empty() || !config.token_file.empty();
  const bool has_basic = !config.username.empty();
  if (has_certificate != has_key) {
    const char* file = has_key ? "client-key" : "client-certificate";
    const char* data = has_key ? "client-key-data" : "client-certificate-data";
    return user.Error(user.Has(file) ? file : data,
                      "a client certificate and its key come together; one is missing");
  }
  if (has_token && has_basic) {
    return user.Error("username",
                      "a token and a username exclude each other; remove one");
  }
  for (const char* name : {"as", "as-uid", "as-groups", "as-user-extra"}) {
    // Leaving it out would act with more rights than the file grants.
    if (user.Has(name)) {
      return user.Error(name, "impersonation is not supported; remove " +
                                  std::string(name) + " or use another user");
    }
  }
  // As in client-go, a plugin is not asked when there is another credential.
  const bool has_credential = has_certificate || has_token || has_basic;
  for (const char* name : {"exec", "auth-provider"}) {
    if (user.Has(name) && !has_credential) {
      return user.Error(
          name, "user '" + user.name + "' needs " + name +
                    ", which k8sentry does not run; use a token, a tokenFile or a "
                    "client certificate (kubectl create token NAME makes one)");
    }
  }
  return {};
}

}  // namespace k8sentry::internal
