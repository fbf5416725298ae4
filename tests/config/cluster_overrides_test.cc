#include "k8sentry/cluster_config.h"
#include "kubeconfig_files.h"

namespace k8sentry {
namespace {

class Overrides : public internal::Kubeconfig {
 protected:
  Result<ClusterConfig> Load(const std::string& path,
                             const ClusterOverrides& overrides) const {
    return LoadKubeconfig({.paths = path, .overrides = overrides});
  }
};

TEST_F(Overrides, DescribeAClusterAllAlone) {
  const std::string ca_file = Write("ca.crt", ca().pem());
  const std::string token_file = Write("token", "t");
  ClusterConfig config;
  const Status status = Override({.server = "10.0.0.1:6443/",
                                  .tls_server_name = "kubernetes",
                                  .certificate_authority = ca_file,
                                  .token_file = token_file,
                                  .request_timeout = std::chrono::seconds(5)},
                                 config);
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_EQ(config.server, "https://10.0.0.1:6443");
  EXPECT_EQ(config.tls.server_name, "kubernetes");
  EXPECT_EQ(config.tls.ca_file, ca_file);
  EXPECT_EQ(config.token_file, token_file);
  EXPECT_EQ(config.request_timeout, std::chrono::seconds(5));
  EXPECT_EQ(config.origin,
            "given explicitly: server, TLS server name, certificate authority, token "
            "file");
  EXPECT_EQ(CredentialKind(config), "token file " + token_file);
}

TEST_F(Overrides, ClearWhatTheyReplace) {
  const std::string path = One(
      "    tls-server-name: old\n    certificate-authority: not-there.crt\n",
      "    username: me\n    password: hush\n    as: jane\n    as-groups: [devs]\n");
  const std::string token_file = Write("token", "t");
  const Result<ClusterConfig> config = Load(path, {.server = "https://other",
                                                   .insecure_skip_tls_verify = true,
                                                   .token_file = token_file,
                                                   .impersonation = {.user = "joe"}});
  ASSERT_TRUE(config.ok()) << config.status().message();
  EXPECT_EQ(config->server, "https://other");
  EXPECT_EQ(config->tls.server_name, "");
  EXPECT_EQ(config->tls.ca_file, "");
  EXPECT_EQ(config->tls.verification, TlsVerification::kInsecureSkipVerify);
  EXPECT_EQ(config->token_file, token_file);
  EXPECT_EQ(config->username, "");
  EXPECT_TRUE(config->password.empty());
  EXPECT_EQ(config->impersonation.user, "joe");
  EXPECT_EQ(config->impersonation.groups, std::vector<std::string>{"devs"});
  EXPECT_EQ(config->origin, "kubeconfig " + path +
                                ", context dev; given explicitly: server, no TLS "
                                "verification, token file, impersonation");
}

TEST_F(Overrides, GiveAServerToAClusterThatHasNone) {
  const std::string path = Write("config", R"(
current-context: a
contexts: [{name: a, context: {cluster: c}}]
clusters: [{name: c, cluster: {tls-server-name: x}}]
)");
  EXPECT_EQ(Load(path, {.server = "https://h/"})->server, "https://h");
}

TEST_F(Overrides, ReplaceAPluginSoThatNoneMustBeAllowed) {
  const std::string path = One("", "    exec: {command: aws}\n");
  const Result<ClusterConfig> config = Load(path, {.token_file = Write("token", "t")});
  ASSERT_TRUE(config.ok()) << config.status().message();
  EXPECT_FALSE(config->exec.has_value());
}

TEST_F(Overrides, KeepACredentialWhoseServerHasTlsOnlyThroughThem) {
  const std::string path = Write("config", R"(
current-context: a
contexts: [{name: a, context: {cluster: c, user: u}}]
clusters: [{name: c, cluster: {server: "http://h"}}]
users: [{name: u, user: {token: t}}]
)");
  EXPECT_EQ(Load(path, {.server = "https://h"})->token.Reveal(), "t");
  ClusterConfig config = {.server = "https://h", .token = Secret("t")};
  ASSERT_TRUE(Override({.server = "http://h"}, config).ok());
  EXPECT_TRUE(config.token.empty());
  EXPECT_EQ(
      config.warning,
      "the credential (token) is not used, for http://h has no TLS; use https://");
}

TEST_F(Overrides, ChooseAClusterAndAUserByName) {
  const std::string path = Write("config", R"(
contexts: [{name: a, context: {cluster: c, user: u, namespace: shop}}]
clusters:
- {name: c, cluster: {server: "https://one"}}
- {name: d, cluster: {server: "https://two"}}
users:
- {name: u, user: {token: one}}
- {name: v, user: {token: two}}
)");
  const Result<ClusterConfig> other =
      LoadKubeconfig({.paths = path, .context = "a", .cluster = "d", .user = "v"});
  ASSERT_TRUE(other.ok()) << other.status().message();
  EXPECT_EQ(other->server, "https://two");
  EXPECT_EQ(other->token.Reveal(), "two");
  EXPECT_EQ(other->namespace_, "shop");
  EXPECT_EQ(other->origin, "kubeconfig " + path + ", context a, cluster d, user v");

  const Result<ClusterConfig> without = LoadKubeconfig({.paths = path, .cluster = "c"});
  ASSERT_TRUE(without.ok()) << without.status().message();
  EXPECT_EQ(without->server, "https://one");
  EXPECT_TRUE(without->token.empty()) << "no context, and so no user";

  EXPECT_EQ(
      LoadKubeconfig({.paths = path, .context = "a", .user = "vv"}).status().message(),
      path + ": user 'vv' is not defined; did you mean 'v'?");
}

TEST_F(Overrides, SayWhatIsWrongWithThem) {
  const std::string ca_file = Write("ca.crt", ca().pem());
  const std::string empty = Write("empty.crt", "");
  const std::string none = dir_ + "/none";
  const std::pair<ClusterOverrides, std::string> kFaults[] = {
      {{.certificate_authority = ca_file, .insecure_skip_tls_verify = true},
       "a certificate authority and insecure-skip-tls-verify exclude each other"},
      {{.certificate_authority = none}, none + ": No such file or directory"},
      {{.certificate_authority = empty}, empty + ": there is no certificate in it"},
      {{.token_file = none}, none + ": No such file or directory"},
      {{.server = "ftp://x"}, "the server must begin with https:// or http://"},
      {{.impersonation = {.groups = {"a"}}},
       "as-uid, as-groups and as-user-extra need a user to act as; add it as 'as'"},
      {{.impersonation = {.user = "a\nb"}},
       "a name to act as must not have control characters"},
  };
  for (const auto& [overrides, message] : kFaults) {
    ClusterConfig config = {.server = "https://h"};
    EXPECT_EQ(Override(overrides, config).message(), message);
  }
}

TEST(CredentialKind, NamesTheKindAndNeverAValue) {
  const std::pair<ClusterConfig, std::string> kCases[] = {
      {{}, "none"},
      {{.token = Secret("hush")}, "token"},
      {{.token = Secret("hush"), .token_file = "/t"}, "token file /t"},
      {{.username = "me", .password = Secret("hush")}, "user name and password"},
      {{.tls = {.certificate_pem = "hush", .key_pem = Secret("hush")}},
       "client certificate"},
      {{.tls = {.certificate_file = "/c", .key_file = "/k"}, .token = Secret("hush")},
       "client certificate /c and token"},
      {{.exec = ExecPlugin{.command = "aws"}}, "exec plugin aws"},
  };
  for (const auto& [config, kind] : kCases) EXPECT_EQ(CredentialKind(config), kind);
}

}  // namespace
}  // namespace k8sentry
