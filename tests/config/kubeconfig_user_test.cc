#include "k8sentry/cluster_config.h"
#include "kubeconfig_files.h"

namespace k8sentry {
namespace {

using internal::Kubeconfig;

TEST_F(Kubeconfig, ReadsWhomToActAs) {
  const std::string path = One("", R"(    token: t
    as: jane
    as-uid: "17"
    as-groups: [devs, ops]
    as-user-extra: {scopes: [view, edit], example.com/Team: [shop]}
)");
  const Result<ClusterConfig> config = LoadKubeconfig({.paths = path});
  ASSERT_TRUE(config.ok()) << config.status().message();
  const Impersonation& as = config->impersonation;
  EXPECT_EQ(as.user, "jane");
  EXPECT_EQ(as.uid, "17");
  EXPECT_EQ(as.groups, (std::vector<std::string>{"devs", "ops"}));
  ASSERT_EQ(as.extra.size(), 2u);
  EXPECT_EQ(as.extra[0].first, "scopes");
  EXPECT_EQ(as.extra[0].second, (std::vector<std::string>{"view", "edit"}));
  EXPECT_EQ(as.extra[1].first, "example.com/Team");
}

TEST_F(Kubeconfig, ActsAsSomebodyElseEvenWithoutTls) {
  const std::string path = Write("config", R"(
current-context: a
contexts: [{name: a, context: {cluster: c, user: u}}]
clusters: [{name: c, cluster: {server: "http://h"}}]
users: [{name: u, user: {as: nobody}}]
)");
  const Result<ClusterConfig> config = LoadKubeconfig({.paths = path});
  ASSERT_TRUE(config.ok()) << config.status().message();
  EXPECT_EQ(config->impersonation.user, "nobody") << "more rights than the file grants";
  EXPECT_EQ(config->warning, "");
}

constexpr char kPlugin[] = R"(    exec:
      apiVersion: client.authentication.k8s.io/v1
      command: ./bin/fetch
      args: [token, --cluster, prod]
      env:
      - {name: PROFILE, value: shop}
      installHint: get it from example.com
      provideClusterInfo: true
      interactiveMode: IfAvailable
)";
constexpr char kExtension[] = R"(    extensions:
    - {name: other, extension: 1}
    - name: client.authentication.k8s.io/exec
      extension: {region: "1", arn: a, deep: {n: 5, f: -1.5e3, t: true, no: [~, 007]}}
)";

TEST_F(Kubeconfig, ReadsAPluginWhenOneMayRun) {
  const std::string path = One(kExtension, kPlugin);
  const Result<ClusterConfig> config =
      LoadKubeconfig({.paths = path,
                      .exec_policy = ExecPolicy::kAllow,
                      .exec_environment = {"PATH=/bin"}});
  ASSERT_TRUE(config.ok()) << config.status().message();
  ASSERT_TRUE(config->exec.has_value());
  const ExecPlugin& plugin = *config->exec;
  EXPECT_EQ(plugin.command, dir_ + "/./bin/fetch") << "relative to the kubeconfig";
  EXPECT_EQ(plugin.arguments, (std::vector<std::string>{"token", "--cluster", "prod"}));
  EXPECT_EQ(plugin.api_version, "client.authentication.k8s.io/v1");
  EXPECT_EQ(plugin.environment, std::vector<std::string>{"PATH=/bin"});
  ASSERT_EQ(plugin.variables.size(), 1u);
  EXPECT_EQ(plugin.variables[0].first, "PROFILE");
  EXPECT_EQ(plugin.variables[0].second, "shop");
  EXPECT_EQ(plugin.install_hint, "get it from example.com");
  EXPECT_TRUE(plugin.provide_cluster_info);
  EXPECT_EQ(
      plugin.cluster_config,
      R"({"region":"1","arn":"a","deep":{"n":5,"f":-1.5e3,"t":true,"no":[null,"007"]}})");
  EXPECT_EQ(CredentialKind(*config), "exec plugin " + plugin.command);
}

TEST_F(Kubeconfig, RunsNoPluginUnlessTold) {
  const std::string path = One("", kPlugin);
  const Status status = LoadKubeconfig({.paths = path}).status();
  EXPECT_EQ(status.code(), StatusCode::kConfiguration);
  EXPECT_EQ(status.message(),
            path +
                ":14:7: user 'u' runs the program './bin/fetch', which is not allowed "
                "here; set KubeconfigOptions::exec_policy to kAllow, or use another "
                "user");
}

TEST_F(Kubeconfig, RefusesAPluginThatCouldNotWork) {
  const std::string v1 = "apiVersion: client.authentication.k8s.io/v1, ";
  const std::pair<std::string, const char*> kFaults[] = {
      {"[a]", "13:11: exec must be a map"},
      {v1 + "interactiveMode: Never", "13:11: exec has no command; add it"},
      {"command: a, apiVersion: client.authentication.k8s.io/v1alpha1",
       "13:36: exec needs the apiVersion client.authentication.k8s.io/v1 or v1beta1; "
       "see the plugin's manual"},
      {"command: a",
       "13:11: exec needs the apiVersion client.authentication.k8s.io/v1 or v1beta1; "
       "see the plugin's manual"},
      {v1 + "command: a",
       "13:11: exec of apiVersion v1 needs an interactiveMode; add 'interactiveMode: "
       "Never'"},
      {v1 + "command: a, interactiveMode: Always",
       "13:86: interactiveMode Always needs a terminal, which k8sentry never gives; "
       "set "
       "it to IfAvailable, or use another user"},
      {v1 + "command: a, interactiveMode: Sometimes",
       "13:86: interactiveMode must be Never, IfAvailable or Always"},
      {v1 + "command: a, args: b", "13:75: args must be a list of strings"},
      {v1 + "command: a, env: {b: c}", "13:74: env must be a list"},
      {v1 + "command: a, env: [{value: c}]",
       "13:75: every item of env needs a name without '='"},
      {v1 + "command: a, env: [{name: 'b=', value: c}]",
       "13:82: every item of env needs a name without '='"},
  };
  for (const auto& [exec, message] : kFaults) {
    const bool map = exec[0] != '[';
    const std::string path =
        One("", "    exec: " + (map ? "{" + exec + "}" : exec) + "\n");
    const Status status =
        LoadKubeconfig({.paths = path, .exec_policy = ExecPolicy::kAllow}).status();
    EXPECT_EQ(status.message(), path + ":" + message);
    EXPECT_EQ(status.code(), StatusCode::kConfiguration);
  }
}

TEST_F(Kubeconfig, TakesV1beta1WithoutAMode) {
  const std::string path = One(
      "",
      "    exec: {command: aws, apiVersion: client.authentication.k8s.io/v1beta1}\n");
  const Result<ClusterConfig> config =
      LoadKubeconfig({.paths = path, .exec_policy = ExecPolicy::kAllow});
  ASSERT_TRUE(config.ok()) << config.status().message();
  EXPECT_EQ(config->exec->command, "aws") << "to be looked up in PATH";
}

}  // namespace
}  // namespace k8sentry
