#include "config/kubeconfig_stanza.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/base64.h"
#include "base/pem.h"
#include "config/cluster_rules.h"
#include "config/yaml_document.h"

namespace k8sentry::internal {
namespace {

bool IsProxyScheme(std::string_view url) {
  return url.starts_with("http://") || url.starts_with("https://") ||
         url.starts_with("socks5://");
}

// A file of PEM that is empty would leave us with the system's roots, or with nothing.
Status CheckFile(const Stanza& stanza, const char* key, const std::string& file) {
  if (file.empty()) return {};
  const Result<std::string> text = ReadBoundedFile(file, kMaxYamlBytes);
  if (!text.ok()) {
    return stanza.Error(key, std::string(key) + ": " + text.status().message());
  }
  if (text->find_first_not_of(" \t\r\n") != text->npos) return {};
  return stanza.Error(key, std::string(key) + ": " + file + ": is empty");
}

// Here is where a person can be told; at the first request it would be late.
Status CheckAuthority(const Stanza& cluster, const TlsOptions& tls) {
  std::string pem = tls.ca_pem;
  if (!tls.ca_file.empty()) {
    if (Status s = Assign(ReadBoundedFile(tls.ca_file, kMaxYamlBytes), pem); !s.ok()) {
      return s;
    }
  }
  if (pem.empty()) return {};
  const Status s = CheckCertificates(pem);
  if (s.ok()) return s;
  const char* key =
      tls.ca_file.empty() ? "certificate-authority-data" : "certificate-authority";
  return cluster.Error(key, std::string(key) + ": " + s.message());
}

}  // namespace

Status ReadPem(const Stanza& stanza, const char* file_key, const char* data_key,
               std::string& file, std::string& pem) {
  if (stanza.Has(file_key) && stanza.Has(data_key)) {
    return stanza.Error(file_key, std::string(file_key) + " and " + data_key +
                                      " are both given; remove one");
  }
  if (Status s = Assign(stanza.File(file_key), file); !s.ok()) return s;
  if (Status s = CheckFile(stanza, file_key, file); !s.ok()) return s;
  if (Status s = Assign(stanza.Data(data_key), pem); !s.ok()) return s;
  if (!stanza.Has(data_key) || pem.find_first_not_of(" \t\r\n") != pem.npos) return {};
  return stanza.Error(data_key, std::string(data_key) + " is empty");
}

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

Result<std::vector<std::string>> Stanza::List(const char* key) const {
  std::vector<std::string> list;
  if (!Has(key)) return list;
  const YAML::Node node = value[key];
  bool good = node.IsSequence();
  for (std::size_t i = 0; good && i < node.size(); ++i) {
    good = node[i].IsScalar();
    if (good) list.push_back(node[i].Scalar());
  }
  if (!good) return Error(key, std::string(key) + " must be a list of strings");
  return list;
}

std::string Stanza::Resolve(const std::string& file) const {
  const std::size_t slash = path.rfind('/');
  if (file.empty() || file.starts_with('/') || slash == path.npos) return file;
  return path.substr(0, slash + 1) + file;
}

Result<std::string> Stanza::File(const char* key) const {
  Result<std::string> file = Text(key);
  if (!file.ok() || file->empty()) return file;
  *file = Resolve(*file);
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

Result<Stanza> Stanza::Map(const char* key) const {
  const YAML::Node node = value.IsMap() ? value[key] : YAML::Node();
  if (!node.IsDefined() || !node.IsMap()) {
    return Error(key, std::string(key) + " must be a map");
  }
  return Stanza{name, path, node, node.Mark()};
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
  if (s = CheckAuthority(cluster, tls); !s.ok()) return s;
  if (s = Assign(cluster.Text("proxy-url"), config.proxy); !s.ok()) return s;
  if (!config.proxy.empty() && !IsProxyScheme(config.proxy)) {
    return cluster.Error("proxy-url",
                         "proxy-url must begin with http://, https:// or socks5://");
  }
  s = Assign(cluster.Bool("disable-compression"), config.disable_compression);
  if (!s.ok()) return s;
  Result<std::string> server = cluster.Text("server");
  if (!server.ok()) return server.status();
  if (server->empty()) {
    return cluster.Error("server",
                         "cluster '" + cluster.name + "' has no server; add it");
  }
  config.server = CleanServer(*server, *insecure || has_ca || !tls.server_name.empty());
  if (!IsHttpUrl(config.server)) {
    return cluster.Error("server", "server must begin with https:// or http://");
  }
  return {};
}

}  // namespace k8sentry::internal
