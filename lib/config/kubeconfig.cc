#include <algorithm>
#include <vector>

#include "config/kubeconfig_stanza.h"
#include "config/suggestion.h"
#include "config/yaml_document.h"
#include "k8sentry/cluster_config.h"

namespace k8sentry {
namespace {

using internal::ErrorAt;
using internal::Stanza;

// All files as one, merged as kubectl merges them: the first file that defines a name
// or the current context wins.
struct Merged {
  std::vector<Stanza> clusters, users, contexts;
  std::string current_context;
  std::string current_path;  // where it stands
  YAML::Mark current_mark;
  std::string paths;  // those that were read, for messages
};

const Stanza* Find(const std::vector<Stanza>& stanzas, const std::string& name) {
  const auto found = std::find_if(stanzas.begin(), stanzas.end(),
                                  [&](const Stanza& s) { return s.name == name; });
  return found == stanzas.end() ? nullptr : &*found;
}

std::string SuggestStanza(const std::vector<Stanza>& stanzas, const std::string& name) {
  std::vector<std::string> names;
  for (const Stanza& s : stanzas) names.push_back(s.name);
  return internal::Suggestion(name, names);
}

// The list at `list_key` ("clusters"), whose items hold a `name` and, at `key`, a map.
Status AddStanzas(const YAML::Node& root, const std::string& path, const char* list_key,
                  const char* key, std::vector<Stanza>& stanzas) {
  const YAML::Node list = root[list_key];
  if (!list.IsDefined() || list.IsNull()) return {};
  if (!list.IsSequence()) {
    return ErrorAt(path, list.Mark(), std::string(list_key) + " must be a list");
  }
  for (const YAML::Node& item : list) {
    const YAML::Node name = item.IsMap() ? item["name"] : YAML::Node();
    if (!name.IsDefined() || !name.IsScalar()) {
      return ErrorAt(path, item.Mark(),
                     "every item of " + std::string(list_key) + " needs a name");
    }
    if (Find(stanzas, name.Scalar()) != nullptr) continue;
    const YAML::Node value = item[key];
    stanzas.push_back({name.Scalar(), path,
                       value.IsDefined() ? value : YAML::Node(YAML::NodeType::Map),
                       item.Mark()});
  }
  return {};
}

Status AddFile(const YAML::Node& root, const std::string& path, Merged& merged) {
  if (root.IsNull()) return {};  // an empty file
  if (!root.IsMap()) return ErrorAt(path, root.Mark(), "is not a kubeconfig");
  if (const YAML::Node kind = root["kind"];
      kind.IsDefined() && kind.IsScalar() && kind.Scalar() != "Config") {
    return ErrorAt(path, kind.Mark(), "is a " + kind.Scalar() + ", not a kubeconfig");
  }
  Status s = AddStanzas(root, path, "clusters", "cluster", merged.clusters);
  if (s.ok()) s = AddStanzas(root, path, "users", "user", merged.users);
  if (s.ok()) s = AddStanzas(root, path, "contexts", "context", merged.contexts);
  if (!s.ok()) return s;
  const YAML::Node current = root["current-context"];
  if (merged.current_context.empty() && current.IsDefined() && current.IsScalar()) {
    merged.current_context = current.Scalar();
    merged.current_path = path;
    merged.current_mark = current.Mark();
  }
  return {};
}

std::vector<std::string> SplitPaths(std::string_view text) {
  std::vector<std::string> paths;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(':'), text.size());
    const std::string path(text.substr(0, end));
    if (!path.empty() && std::find(paths.begin(), paths.end(), path) == paths.end()) {
      paths.push_back(path);
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return paths;
}

Result<Merged> ReadAll(const std::string& text) {
  const std::vector<std::string> paths = SplitPaths(text);
  Merged merged;
  for (const std::string& path : paths) {
    Result<std::string> file = internal::ReadBoundedFile(path, internal::kMaxYamlBytes);
    if (file.status().code() == StatusCode::kNotFound) continue;
    if (!file.ok()) return file.status();
    Result<YAML::Node> root = internal::ParseYaml(*file, path);
    if (!root.ok()) return root.status();
    if (Status s = AddFile(*root, path, merged); !s.ok()) return s;
    merged.paths += (merged.paths.empty() ? "" : ":") + path;
  }
  if (merged.paths.empty()) {
    return Status(StatusCode::kNotFound,
                  paths.empty() ? "no kubeconfig was named"
                                : "no kubeconfig: " + text +
                                      " does not exist; name one with --kubeconfig");
  }
  return merged;
}

// The stanza that `context` names at `key`.
Result<const Stanza*> Follow(const Stanza& context, const char* key,
                             const std::vector<Stanza>& stanzas) {
  Result<std::string> name = context.Text(key);
  if (!name.ok()) return name.status();
  const Stanza* stanza = Find(stanzas, *name);
  if (stanza == nullptr) {
    return context.Error(key, "context '" + context.name + "' names the " + key + " '" +
                                  *name + "', which is not defined" +
                                  SuggestStanza(stanzas, *name));
  }
  return stanza;
}

Result<Stanza> ChooseContext(const Merged& merged, const KubeconfigOptions& options) {
  const std::string& wanted = options.context;
  const std::string& name = wanted.empty() ? merged.current_context : wanted;
  if (const Stanza* context = Find(merged.contexts, name)) return *context;
  const std::string rest = SuggestStanza(merged.contexts, name);
  if (name.empty()) {
    if (!options.cluster.empty()) {
      return Stanza{"", merged.paths, YAML::Node(YAML::NodeType::Map), {}};
    }
    return Status(StatusCode::kConfiguration,
                  merged.paths + ": has no current-context; name one with --context" +
                      (merged.contexts.empty() ? "" : rest));
  }
  const std::string message = "context '" + name + "' is not defined" + rest;
  if (wanted.empty()) return ErrorAt(merged.current_path, merged.current_mark, message);
  return Status(StatusCode::kConfiguration, merged.paths + ": " + message);
}

// The stanza that the caller wants by name, or else the one that `context` names.
Result<Stanza> Choose(const Merged& merged, const Stanza& context, const char* key,
                      const std::string& wanted, const std::vector<Stanza>& stanzas) {
  if (wanted.empty()) {
    const Result<const Stanza*> followed = Follow(context, key, stanzas);
    if (!followed.ok()) return followed.status();
    return **followed;
  }
  if (const Stanza* stanza = Find(stanzas, wanted)) return *stanza;
  return Status(StatusCode::kConfiguration, merged.paths + ": " + key + " '" + wanted +
                                                "' is not defined" +
                                                SuggestStanza(stanzas, wanted));
}

// What is overridden is not even read: it may be missing, as may a file that it names.
void RemoveOverridden(const ClusterOverrides& overrides, Stanza& cluster,
                      Stanza& user) {
  const auto remove = [](Stanza& stanza, std::initializer_list<const char*> keys) {
    if (!stanza.value.IsMap()) return;
    for (const char* key : keys) stanza.value.remove(key);
  };
  if (!overrides.server.empty() && cluster.value.IsMap() && !cluster.Has("server")) {
    cluster.value["server"] = overrides.server;
  }
  if (!overrides.certificate_authority.empty() || overrides.insecure_skip_tls_verify) {
    remove(cluster, {"certificate-authority", "certificate-authority-data",
                     "insecure-skip-tls-verify"});
  }
  if (!overrides.token_file.empty()) {
    remove(user,
           {"token", "tokenFile", "username", "password", "exec", "auth-provider"});
  }
}

Result<ClusterConfig> Load(const KubeconfigOptions& options) {
  Result<Merged> merged = ReadAll(options.paths);
  if (!merged.ok()) return merged.status();
  const Result<Stanza> context = ChooseContext(*merged, options);
  if (!context.ok()) return context.status();
  Result<Stanza> cluster =
      Choose(*merged, *context, "cluster", options.cluster, merged->clusters);
  if (!cluster.ok()) return cluster.status();
  Result<Stanza> user = Stanza{"", context->path, YAML::Node(YAML::NodeType::Map), {}};
  if (!options.user.empty() || context->Has("user")) {
    user = Choose(*merged, *context, "user", options.user, merged->users);
    if (!user.ok()) return user.status();
  }
  RemoveOverridden(options.overrides, *cluster, *user);

  ClusterConfig config;
  Status s = internal::ApplyCluster(*cluster, config);
  if (s.ok()) s = internal::ApplyUser(*user, *cluster, options, config);
  if (s.ok()) s = internal::Assign(context->Text("namespace"), config.namespace_);
  if (!s.ok()) return s;
  config.origin = "kubeconfig " + context->path;
  if (!context->name.empty()) config.origin += ", context " + context->name;
  if (!options.cluster.empty()) config.origin += ", cluster " + options.cluster;
  if (!options.user.empty()) config.origin += ", user " + options.user;
  if (s = Override(options.overrides, config); !s.ok()) return s;
  return config;
}

}  // namespace

Result<ClusterConfig> LoadKubeconfig(const KubeconfigOptions& options) {
  try {
    return Load(options);
  } catch (const YAML::Exception& error) {
    // ParseYaml has read it; this is a shape that no check above foresaw.
    return Status(StatusCode::kConfiguration, options.paths + ": " + error.what());
  }
}

}  // namespace k8sentry
