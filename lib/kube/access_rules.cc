// Rules of roles, for a line and for kubectl.
#include <cstdint>
#include <map>

#include "base/hash.h"
#include "k8sentry/cluster_check.h"
#include "k8sentry/json_writer.h"

namespace k8sentry {
namespace {

std::string Joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : ", ") + word;
  return out;
}

// A JSON string is one in YAML, too, whatever is in it.
std::string Quoted(std::string_view text) {
  std::string out;
  JsonWriter(out).String(text);
  return out;
}

std::string Quoted(const std::vector<std::string>& words) {
  std::vector<std::string> quoted;
  for (const std::string& word : words) quoted.push_back(Quoted(word));
  return "[" + Joined(quoted) + "]";
}

// The same for the same rules only, so that to apply it replaces no other role.
std::string NameOf(std::string_view rules) {
  constexpr char kHex[] = "0123456789abcdef";
  std::string name = "k8sentry-";
  std::uint64_t hash = internal::Hash(rules, 0);
  for (int i = 0; i < 8; ++i, hash >>= 4) name += kHex[hash & 15];
  return name;
}

std::string Head(const std::string& kind, const std::string& name,
                 const std::string& namespace_name) {
  std::string out = "apiVersion: rbac.authorization.k8s.io/v1\nkind: " + kind +
                    "\nmetadata:\n  name: " + name + "\n";
  if (!namespace_name.empty()) out += "  namespace: " + Quoted(namespace_name) + "\n";
  return out;
}

std::string Subject(std::string_view user) {
  // (Kubernetes docs, authenticating, service account tokens.)
  constexpr std::string_view kServiceAccount = "system:serviceaccount:";
  if (user.starts_with(kServiceAccount)) {
    const std::string_view rest = user.substr(kServiceAccount.size());
    const std::size_t colon = rest.find(':');
    if (colon != rest.npos) {
      return "- kind: ServiceAccount\n  name: " + Quoted(rest.substr(colon + 1)) +
             "\n  namespace: " + Quoted(rest.substr(0, colon)) + "\n";
    }
  }
  return "- kind: User\n  apiGroup: rbac.authorization.k8s.io\n  name: " +
         Quoted(user) + "\n";
}

std::string Role(const std::string& namespace_name, const std::string& rules,
                 std::string_view user) {
  const std::string kind = namespace_name.empty() ? "ClusterRole" : "Role";
  const std::string name = NameOf(rules);
  std::string out = Head(kind, name, namespace_name) + "rules:\n" + rules;
  if (user.empty()) return out;
  return out + "---\n" + Head(kind + "Binding", name, namespace_name) +
         "roleRef:\n  apiGroup: rbac.authorization.k8s.io\n  kind: " + kind +
         "\n  name: " + name + "\nsubjects:\n" + Subject(user);
}

}  // namespace

std::string RuleText(const AccessRule& rule) {
  std::string out = "apiGroups [" + (rule.api_group.empty() ? "\"\"" : rule.api_group) +
                    "], resources [" + Joined(rule.resources) + "], verbs [" +
                    Joined(rule.verbs) + "]";
  if (!rule.resource_names.empty()) {
    out += ", resourceNames [" + Joined(rule.resource_names) + "]";
  }
  if (!rule.namespace_.empty()) out += " in namespace " + rule.namespace_;
  return out;
}

std::string RoleYaml(std::span<const AccessRule> rules, std::string_view user) {
  std::map<std::string, std::string> by_namespace;
  for (const AccessRule& rule : rules) {
    std::string& text = by_namespace[rule.namespace_];
    text += "- apiGroups: " + Quoted(std::vector{rule.api_group}) +
            "\n  resources: " + Quoted(rule.resources) +
            "\n  verbs: " + Quoted(rule.verbs) + "\n";
    if (!rule.resource_names.empty()) {
      text += "  resourceNames: " + Quoted(rule.resource_names) + "\n";
    }
  }
  std::string out;
  for (const auto& [namespace_name, text] : by_namespace) {
    if (!out.empty()) out += "---\n";
    out += Role(namespace_name, text, user);
  }
  return out;
}

}  // namespace k8sentry
