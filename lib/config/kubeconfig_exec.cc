// A kubeconfig's exec: the program that fetches a user's credential.
#include "config/kubeconfig_stanza.h"
#include "config/yaml_document.h"
#include "config/yaml_json.h"

namespace k8sentry::internal {
namespace {

constexpr char kV1[] = "client.authentication.k8s.io/v1";
constexpr char kV1Beta1[] = "client.authentication.k8s.io/v1beta1";

Status CheckApiVersion(const Stanza& exec, const std::string& version) {
  if (version == kV1 || version == kV1Beta1) return {};
  return exec.Error("apiVersion", "exec needs the apiVersion " + std::string(kV1) +
                                      " or v1beta1; see the plugin's manual");
}

// Nobody sits before an agent.
Status CheckInteractiveMode(const Stanza& exec, const std::string& version) {
  const Result<std::string> mode = exec.Text("interactiveMode");
  if (!mode.ok()) return mode.status();
  if (*mode == "Never" || *mode == "IfAvailable") return {};
  if (*mode == "Always") {
    return exec.Error("interactiveMode",
                      "interactiveMode Always needs a terminal, which k8sentry never "
                      "gives; set it to IfAvailable, or use another user");
  }
  if (mode->empty() && version == kV1Beta1) return {};
  return exec.Error("interactiveMode",
                    mode->empty() ? "exec of apiVersion v1 needs an interactiveMode; "
                                    "add 'interactiveMode: Never'"
                                  : "interactiveMode must be Never, IfAvailable or "
                                    "Always");
}

Status ReadVariables(const Stanza& exec, ExecPlugin& plugin) {
  if (!exec.Has("env")) return {};
  const YAML::Node list = exec.value["env"];
  if (!list.IsSequence()) return exec.Error("env", "env must be a list");
  for (const YAML::Node& item : list) {
    const Stanza entry = {exec.name, exec.path, item, item.Mark()};
    const Result<std::string> name = entry.Text("name"), value = entry.Text("value");
    if (!name.ok()) return name.status();
    if (!value.ok()) return value.status();
    if (name->empty() || name->find('=') != name->npos) {
      return entry.Error("name", "every item of env needs a name without '='");
    }
    plugin.variables.emplace_back(*name, *value);
  }
  return {};
}

// The cluster's extension for plugins, as JSON.
std::string ClusterConfigOf(const Stanza& cluster) {
  const YAML::Node list =
      cluster.value.IsMap() ? cluster.value["extensions"] : YAML::Node();
  if (!list.IsDefined() || !list.IsSequence()) return "";
  for (const YAML::Node& item : list) {
    if (!item.IsMap()) continue;
    const YAML::Node name = item["name"], extension = item["extension"];
    if (name.IsDefined() && name.IsScalar() && extension.IsDefined() &&
        name.Scalar() == "client.authentication.k8s.io/exec") {
      return JsonOf(extension);
    }
  }
  return "";
}

}  // namespace

Result<ExecPlugin> ReadExecPlugin(const Stanza& user, const Stanza& cluster,
                                  const KubeconfigOptions& options) {
  const Result<Stanza> exec = user.Map("exec");
  if (!exec.ok()) return exec.status();
  ExecPlugin plugin;
  Status s = Assign(exec->Text("command"), plugin.command);
  if (s.ok()) s = Assign(exec->List("args"), plugin.arguments);
  if (s.ok()) s = Assign(exec->Text("apiVersion"), plugin.api_version);
  if (s.ok()) s = Assign(exec->Text("installHint"), plugin.install_hint);
  if (s.ok()) s = Assign(exec->Bool("provideClusterInfo"), plugin.provide_cluster_info);
  if (s.ok()) s = ReadVariables(*exec, plugin);
  if (!s.ok()) return s;
  if (plugin.command.empty()) {
    return exec->Error("command", "exec has no command; add it");
  }
  if (s = CheckApiVersion(*exec, plugin.api_version); !s.ok()) return s;
  if (s = CheckInteractiveMode(*exec, plugin.api_version); !s.ok()) return s;
  if (options.exec_policy == ExecPolicy::kDeny) {
    return user.Error("exec", "user '" + user.name + "' runs the program '" +
                                  plugin.command +
                                  "', which is not allowed here; set "
                                  "KubeconfigOptions::exec_policy to kAllow, or use "
                                  "another user");
  }
  if (plugin.command.find('/') != std::string::npos) {
    plugin.command = exec->Resolve(plugin.command);
  }
  if (plugin.provide_cluster_info) plugin.cluster_config = ClusterConfigOf(cluster);
  plugin.environment = options.exec_environment;
  return plugin;
}

}  // namespace k8sentry::internal
