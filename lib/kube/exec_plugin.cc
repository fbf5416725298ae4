#include "kube/exec_plugin.h"

#include <algorithm>

#include "base/base64.h"
#include "base/pem.h"
#include "json/json_reader.h"
#include "k8sentry/json_writer.h"
#include "k8sentry/text.h"
#include "kube/watched_file.h"

namespace k8sentry::internal {
namespace {

constexpr Duration kTimeout = std::chrono::seconds(30);
constexpr Duration kLookInterval = std::chrono::milliseconds(20);
constexpr Duration kMinBackoff = std::chrono::seconds(1);
constexpr Duration kMaxBackoff = std::chrono::seconds(30);
constexpr std::size_t kMaxOutputBytes = 1 << 20;

Status Bad(std::string message) {
  return Status(StatusCode::kConfiguration, std::move(message));
}

bool HasControl(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) < ' ' || c == '\x7f';
  });
}

// A later entry of the same name wins, as in Go.
void SetVariable(const std::string& name, const std::string& value,
                 std::vector<std::string>& environment) {
  const std::string begin = name + "=";
  std::erase_if(environment,
                [&](const std::string& entry) { return entry.starts_with(begin); });
  environment.push_back(begin + value);
}

std::vector<std::string> EnvironmentOf(const ClusterConfig& cluster) {
  const ExecPlugin& plugin = *cluster.exec;
  std::vector<std::string> environment;
  for (const std::string& entry : plugin.environment) {
    if (!entry.starts_with("SENTRY_")) environment.push_back(entry);
  }
  for (const auto& [name, value] : plugin.variables) {
    SetVariable(name, value, environment);
  }
  SetVariable("KUBERNETES_EXEC_INFO", ExecInfo(cluster), environment);
  return environment;
}

std::string PathOf(const std::vector<std::string>& environment) {
  for (const std::string& entry : environment) {
    if (entry.starts_with("PATH=")) return entry.substr(5);
  }
  return "";
}

// "; get it from example.com": written by whoever wrote the kubeconfig.
std::string HintOf(const ExecPlugin& plugin) {
  if (plugin.install_hint.empty()) return "";
  std::string hint = plugin.install_hint;
  for (char& c : hint) {
    if (HasControl({&c, 1})) c = ' ';
  }
  return "; " + EscapeForTerminal(TruncateUtf8(hint, 300));
}

void WriteCluster(const ClusterConfig& cluster, JsonWriter& json) {
  const TlsOptions& tls = cluster.tls;
  json.Key("cluster").BeginObject();
  json.Key("server").String(cluster.server);
  if (!tls.server_name.empty()) json.Key("tls-server-name").String(tls.server_name);
  if (tls.verification == TlsVerification::kInsecureSkipVerify) {
    json.Key("insecure-skip-tls-verify").Bool(true);
  }
  std::string authority = tls.ca_pem;
  if (authority.empty() && !tls.ca_file.empty()) {
    if (Result<std::string> text = ReadSmallFile(tls.ca_file); text.ok()) {
      authority = *std::move(text) + "\n";
    }
  }
  if (!authority.empty()) {
    json.Key("certificate-authority-data").String(EncodeBase64(authority));
  }
  if (!cluster.proxy.empty()) json.Key("proxy-url").String(cluster.proxy);
  if (cluster.disable_compression) json.Key("disable-compression").Bool(true);
  const std::string& config = cluster.exec->cluster_config;
  json.Key("config").Raw(config.empty() ? "null" : config);
  json.EndObject();
}

}  // namespace

std::string ExecInfo(const ClusterConfig& cluster) {
  std::string out;
  JsonWriter json(out);
  json.BeginObject();
  json.Key("kind").String("ExecCredential");
  json.Key("apiVersion").String(cluster.exec->api_version);
  json.Key("spec").BeginObject();
  if (cluster.exec->provide_cluster_info) WriteCluster(cluster, json);
  json.Key("interactive").Bool(false);
  json.EndObject();
  json.EndObject();
  return out;
}

Result<FetchedCredential> ParseExecCredential(std::string_view output,
                                              std::string_view api_version) {
  const JsonReader json(output);
  if (json.String({"kind"}).value_or("") != "ExecCredential") {
    return Bad("did not print an ExecCredential");
  }
  if (json.String({"apiVersion"}).value_or("") != api_version) {
    return Bad("printed another apiVersion than " + std::string(api_version));
  }
  if (json.Raw({"status"}).value_or("null") == "null") {
    return Bad("printed an ExecCredential without a status");
  }
  FetchedCredential fetched;
  fetched.token = Secret(json.String({"status", "token"}).value_or(""));
  fetched.certificate_pem =
      json.String({"status", "clientCertificateData"}).value_or("");
  fetched.key_pem = Secret(json.String({"status", "clientKeyData"}).value_or(""));
  if (fetched.certificate_pem.empty() != fetched.key_pem.empty()) {
    return Bad("printed half of a client certificate and its key");
  }
  if (fetched.certificate_pem.empty() && fetched.token.empty()) {
    return Bad("printed neither a token nor a client certificate");
  }
  if (HasControl(fetched.token.Reveal())) {
    return Bad("printed a token with control characters");
  }
  if (!fetched.certificate_pem.empty()) {
    const Status pair = CheckKeyPair(fetched.certificate_pem, fetched.key_pem.Reveal());
    if (!pair.ok()) return Bad("printed a client certificate: " + pair.message());
  }
  const std::string_view expiration =
      json.Raw({"status", "expirationTimestamp"}).value_or("null");
  if (expiration != "null") {
    fetched.expires =
        ParseTime(json.String({"status", "expirationTimestamp"}).value_or(""));
    if (!fetched.expires) return Bad("printed an expirationTimestamp that is no time");
  }
  return fetched;
}

bool ExecCredential::Usable(Now now) const {
  return credential_ && (!credential_->expires || now.wall < *credential_->expires);
}

Status ExecCredential::Prepare(Now now) {
  if (process_.running()) {
    process_.Poll(kMaxOutputBytes);
    if (!process_.running()) return Finish(now);
    if (!timed_out_ && now.steady - started_ >= kTimeout) {
      timed_out_ = true;
      process_.Kill();
    }
    next_look_ = now.steady + kLookInterval;
    return Status(StatusCode::kUnavailable, "the exec plugin is running");
  }
  const bool usable = Usable(now);
  if (usable && !refused_) return {};
  if (now.steady < not_before_) return usable ? Status() : last_failure_;
  return Start(now);
}

Status ExecCredential::Start(Now now) {
  const ExecPlugin& plugin = *cluster_.exec;
  const std::vector<std::string> environment = EnvironmentOf(cluster_);
  const std::string path = FindProgram(plugin.command, PathOf(environment));
  std::vector<std::string> arguments = {plugin.command};
  arguments.insert(arguments.end(), plugin.arguments.begin(), plugin.arguments.end());
  const Status status = path.empty() ? Status(StatusCode::kNotFound, "")
                                     : process_.Start(path, arguments, environment);
  if (status.code() == StatusCode::kNotFound) {
    return Fail(now, Bad("there is no such program" + HintOf(plugin)));
  }
  if (!status.ok()) return Fail(now, status);
  started_ = now.steady;
  timed_out_ = false;
  next_look_ = now.steady + kLookInterval;
  return Status(StatusCode::kUnavailable, "the exec plugin is running");
}

Status ExecCredential::Finish(Now now) {
  next_look_ = SteadyTime::max();
  const std::string output = std::move(process_.output());
  process_.output().clear();
  if (timed_out_) return Fail(now, Bad("took longer than 30s, and was ended"));
  if (process_.output_too_long()) return Fail(now, Bad("printed more than 1 MiB"));
  if (!process_.failure().empty()) {
    return Fail(now,
                Bad("failed with " + process_.failure() + "; its reason is on stderr"));
  }
  Result<FetchedCredential> fetched =
      ParseExecCredential(output, cluster_.exec->api_version);
  if (!fetched.ok()) return Fail(now, fetched.status());
  // client-go would run it before every single request.
  if (fetched->expires && *fetched->expires <= now.wall) {
    return Fail(now, Bad("printed a credential that has expired already"));
  }
  credential_ = *std::move(fetched);
  ++generation_;
  // What was fetched because the server refused the last one may be refused again; a
  // program must not run as fast as servers answer.
  if (std::exchange(refused_, false)) {
    BackOff(now);
  } else {
    failures_ = 0;
  }
  return {};
}

Status ExecCredential::Fail(Now now, const Status& why) {
  refused_ = false;
  ++all_failures_;
  last_failure_ = why.WithContext("exec plugin " + cluster_.exec->command);
  BackOff(now);
  return Usable(now) ? Status() : last_failure_;
}

void ExecCredential::BackOff(Now now) {
  // Long after the last trouble this is another one.
  if (now.steady - not_before_ > 2 * kMaxBackoff) failures_ = 0;
  Duration delay = kMinBackoff;
  for (int i = 0; i < failures_ && delay < kMaxBackoff; ++i) delay *= 2;
  not_before_ = now.steady + std::min(delay, kMaxBackoff);
  ++failures_;
}

}  // namespace k8sentry::internal
