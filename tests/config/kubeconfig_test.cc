#include <fstream>

#include "base/base64.h"
#include "k8sentry/cluster_config.h"
#include "kubeconfig_files.h"

namespace k8sentry {
namespace {

using internal::Kubeconfig;

TEST_F(Kubeconfig, GivesWhatTheCurrentContextNames) {
  const std::string path = Write("config", R"(
apiVersion: v1
kind: Config
preferences: {colors: true}
current-context: prod
contexts:
- name: dev
  context: {cluster: c1, user: u1}
- name: prod
  context: {cluster: c2, user: u2, namespace: shop}
clusters:
- {name: c1, cluster: {server: "https://one"}}
- name: c2
  cluster:
    server: https://two:6443/k8s/clusters/c-1/?a=b#c
    tls-server-name: kubernetes
    certificate-authority-data: )" + internal::EncodeBase64(ca().pem()) +
                                               R"(
    proxy-url: socks5://127.0.0.1:1080
    disable-compression: true
    extensions: [{name: x, extension: {a: b}}]
users:
- {name: u1, user: {token: one}}
- {name: u2, user: {token: two}}
)");
  const Result<ClusterConfig> config = LoadKubeconfig({.paths = path});
  ASSERT_TRUE(config.ok()) << config.status().message();
  EXPECT_EQ(config->server, "https://two:6443/k8s/clusters/c-1");
  EXPECT_EQ(config->tls.server_name, "kubernetes");
  EXPECT_EQ(config->tls.ca_pem, ca().pem());
  EXPECT_TRUE(config->disable_compression);
  EXPECT_EQ(config->tls.verification, TlsVerification::kVerify);
  EXPECT_EQ(config->proxy, "socks5://127.0.0.1:1080");
  EXPECT_EQ(config->token.Reveal(), "two");
  EXPECT_EQ(config->namespace_, "shop");
  EXPECT_EQ(config->origin, "kubeconfig " + path + ", context prod");

  const Result<ClusterConfig> dev = LoadKubeconfig({.paths = path, .context = "dev"});
  ASSERT_TRUE(dev.ok());
  EXPECT_EQ(dev->server, "https://one");
  EXPECT_EQ(dev->token.Reveal(), "one");
}

TEST_F(Kubeconfig, ReadsJsonToo) {
  const std::string path = Write("config", R"({
	"kind": "Config", "apiVersion": "v1", "current-context": "dev",
	"contexts": [{"name": "dev", "context": {"cluster": "c", "user": "u"}}],
	"clusters": [{"name": "c", "cluster": {"server": "https:\/\/h"}}],
	"users": [{"name": "u", "user": {"username": "me", "password": "hush"}}]})");
  const Result<ClusterConfig> config = LoadKubeconfig({.paths = path});
  ASSERT_TRUE(config.ok()) << config.status().message();
  EXPECT_EQ(config->server, "https://h");
  EXPECT_EQ(config->username, "me");
  EXPECT_EQ(config->password.Reveal(), "hush");
}

TEST_F(Kubeconfig, ResolvesPathsAgainstTheFileThatNamesThem) {
  Write("ca.crt", ca().pem());
  Write("token", "t");
  Write("me.crt", me().certificate_pem);
  const std::string key = Write("me.key", me().key_pem);
  const std::string path = One(
      "    certificate-authority: ca.crt\n",
      "    tokenFile: token\n    client-certificate: ./me.crt\n    client-key: " + key +
          "\n");
  const Result<ClusterConfig> config = LoadKubeconfig({.paths = path});
  ASSERT_TRUE(config.ok()) << config.status().message();
  EXPECT_EQ(config->tls.ca_file, dir_ + "/ca.crt");
  EXPECT_EQ(config->token_file, dir_ + "/token");
  EXPECT_EQ(config->tls.certificate_file, dir_ + "/./me.crt");
  EXPECT_EQ(config->tls.key_file, key);
}

TEST_F(Kubeconfig, MergesFilesAndTheFirstToNameSomethingWins) {
  const std::string first = Write("first", R"(
contexts: [{name: a, context: {cluster: c, user: u}}]
clusters: [{name: c, cluster: {server: "https://first"}}]
)");
  const std::string second = Write("second", R"(
current-context: a
contexts: [{name: a, context: {cluster: other, user: u}}]
clusters: [{name: c, cluster: {server: "https://second", tls-server-name: x}}]
users: [{name: u, user: {token: t}}]
)");
  const std::string empty = Write("empty", "");
  const Result<ClusterConfig> config =
      LoadKubeconfig({.paths = ":" + dir_ + "/missing:" + first + ":" + first + ":" +
                               empty + ":" + second});
  ASSERT_TRUE(config.ok()) << config.status().message();
  EXPECT_EQ(config->server, "https://first");
  EXPECT_EQ(config->tls.server_name, "") << "stanzas are not merged field by field";
  EXPECT_EQ(config->token.Reveal(), "t");
  EXPECT_EQ(config->origin, "kubeconfig " + first + ", context a");
}

TEST_F(Kubeconfig, ShowsNoCredentialToAServerWithoutTls) {
  const std::string path = Write("config", R"(
current-context: a
contexts: [{name: a, context: {cluster: c, user: u}}]
clusters: [{name: c, cluster: {server: "127.0.0.1:8080"}}]
users: [{name: u, user: {token: hush}}]
)");
  const Result<ClusterConfig> config = LoadKubeconfig({.paths = path});
  ASSERT_TRUE(config.ok()) << config.status().message();
  EXPECT_EQ(config->server, "http://127.0.0.1:8080");
  EXPECT_TRUE(config->token.empty());
  EXPECT_EQ(config->warning,
            "the credential (token) is not used, for http://127.0.0.1:8080 has no TLS; "
            "use https://");
}

TEST_F(Kubeconfig, TakesABareHostForHttpsWhenTlsIsSpokenOf) {
  const std::string path = Write("config", R"(
current-context: a
contexts: [{name: a, context: {cluster: c}}]
clusters: [{name: c, cluster: {server: "h:6443", insecure-skip-tls-verify: true}}]
)");
  const Result<ClusterConfig> config = LoadKubeconfig({.paths = path});
  ASSERT_TRUE(config.ok()) << config.status().message();
  EXPECT_EQ(config->server, "https://h:6443");
  EXPECT_EQ(config->tls.verification, TlsVerification::kInsecureSkipVerify);
}

TEST_F(Kubeconfig, IsNotFoundWhenNoFileExists) {
  for (const std::string& paths :
       {std::string(), dir_ + "/a", dir_ + "/a:" + dir_ + "/b"}) {
    EXPECT_EQ(LoadKubeconfig({.paths = paths}).status().code(), StatusCode::kNotFound);
  }
}

TEST_F(Kubeconfig, DoesNotAskAPluginWhenThereIsAToken) {
  const std::string path =
      One("", "    token: t\n    exec: {command: aws, apiVersion: v1}\n");
  const Result<ClusterConfig> config = LoadKubeconfig({.paths = path});
  ASSERT_TRUE(config.ok()) << config.status().message();
  EXPECT_EQ(config->token.Reveal(), "t");
}

struct Fault {
  std::string cluster, user;
  std::string error;  // behind "config:"
};

TEST_F(Kubeconfig, SaysWhereAFaultIsAndWhatToDo) {
  Write("ca.crt", ca().pem());
  Write("empty.crt", " \n");
  Write("bad.crt", "hush");
  const std::string certificate =
      "    client-certificate-data: " + internal::EncodeBase64(me().certificate_pem) +
      "\n";
  const std::string other_key =
      "    client-key-data: " + internal::EncodeBase64(ca().Sign("DNS:you").key_pem) +
      "\n";
  const std::vector<Fault> faults = {
      {"    certificate-authority: none.crt\n", "",
       "9:28: certificate-authority: DIR/none.crt: No such file or directory"},
      {"    certificate-authority: empty.crt\n", "",
       "9:28: certificate-authority: DIR/empty.crt: is empty"},
      {"    certificate-authority: bad.crt\n", "",
       "9:28: certificate-authority: there is no certificate in it"},
      {"    certificate-authority: ca.crt\n    certificate-authority-data: QQ==\n", "",
       "9:28: certificate-authority and certificate-authority-data are both given; "
       "remove one"},
      {"    certificate-authority-data: '{}'\n", "",
       "9:33: certificate-authority-data is not base64"},
      {"    certificate-authority-data: ' '\n", "",
       "9:33: certificate-authority-data is empty"},
      {"    certificate-authority: ca.crt\n    insecure-skip-tls-verify: true\n", "",
       "10:31: a certificate authority and insecure-skip-tls-verify exclude each "
       "other; remove one"},
      {"    insecure-skip-tls-verify: perhaps\n", "",
       "9:31: insecure-skip-tls-verify must be true or false"},
      {"    disable-compression: 1\n", "",
       "9:26: disable-compression must be true or false"},
      {"    proxy-url: gopher://x\n", "",
       "9:16: proxy-url must begin with http://, https:// or socks5://"},
      {"    tls-server-name: [a]\n", "", "9:22: tls-server-name must be a string"},
      {"", "    client-certificate-data: QQ==\n",
       "13:30: a client certificate and its key come together; one is missing"},
      {"", "    client-key-data: QQ==\n",
       "13:22: a client certificate and its key come together; one is missing"},
      {"", certificate + other_key,
       "13:30: client-certificate-data: the client key is not the certificate's"},
      {"", certificate + "    client-key-data: aHVzaA==\n",
       "13:30: client-certificate-data: there is no private key in it, or an "
       "encrypted one"},
      {"", "    tokenFile: none\n",
       "13:16: tokenFile: DIR/none: No such file or directory"},
      {"", "    token: hush\n    username: me\n",
       "14:15: a token and a username exclude each other; remove one"},
      {"", "    token: hush\n    as-groups: [admins]\n",
       "14:16: as-uid, as-groups and as-user-extra need a user to act as; add it as "
       "'as'"},
      {"", "    as: u\n    as-groups: admins\n",
       "14:16: as-groups must be a list of strings"},
      {"", "    as: u\n    as-user-extra: [a]\n", "14:20: as-user-extra must be a map"},
      {"", "    as: u\n    as-user-extra: {a: b}\n",
       "14:24: a must be a list of strings"},
      {"", "    as: \"a\\r\\nX: y\"\n",
       "13:9: a name to act as must not have control characters"},
      {"", "    exec: {command: aws}\n    auth-provider: {name: oidc}\n",
       "14:20: exec and auth-provider exclude each other; remove auth-provider"},
      {"", "    auth-provider: {name: oidc}\n",
       "13:20: user 'u' needs auth-provider, which is gone from Kubernetes; use exec, "
       "a tokenFile or a client certificate (kubectl create token NAME makes a "
       "token)"},
      {"", "    token: [hush\n", "14:1: is not YAML: end of sequence flow not found"},
  };
  for (const Fault& fault : faults) {
    const std::string path = One(fault.cluster, fault.user);
    const Result<ClusterConfig> config = LoadKubeconfig({.paths = path});
    ASSERT_FALSE(config.ok()) << fault.error;
    std::string expected = path + ":" + fault.error;
    if (const std::size_t at = expected.find("DIR"); at != expected.npos) {
      expected.replace(at, 3, dir_);
    }
    EXPECT_EQ(config.status().message(), expected);
    EXPECT_EQ(config.status().code(), StatusCode::kConfiguration);
    EXPECT_EQ(config.status().message().find("hush"), std::string::npos);
  }
}

TEST_F(Kubeconfig, SuggestsTheNameThatWasMeant) {
  const std::string text = R"(
current-context: porduction
contexts:
- {name: production, context: {cluster: c}}
- {name: lost, context: {cluster: c, user: nobody}}
- {name: dev, context: {cluster: cc}}
clusters: [{name: c, cluster: {}}]
)";
  const std::string path = Write("config", text);
  const auto message = [&](const std::string& context) {
    return LoadKubeconfig({.paths = path, .context = context}).status().message();
  };
  EXPECT_EQ(
      message(""),
      path + ":2:18: context 'porduction' is not defined; did you mean 'production'?");
  EXPECT_EQ(message("staging-eu"), path +
                                       ": context 'staging-eu' is not defined; there "
                                       "is: production, lost, dev");
  EXPECT_EQ(message("dev"), path +
                                ":6:34: context 'dev' names the cluster 'cc', which is "
                                "not defined; did you mean 'c'?");
  EXPECT_EQ(message("production"), path + ":7:12: cluster 'c' has no server; add it");
  EXPECT_EQ(message("lost"), path +
                                 ":5:44: context 'lost' names the user 'nobody', "
                                 "which is not defined");
}

TEST_F(Kubeconfig, SurvivesFilesThatAreNone) {
  std::string laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 9; ++i) {
    const std::string n = std::to_string(i), last = "*a" + std::to_string(i - 1);
    laughs += "a" + n + ": &a" + n + " [" + last;
    for (int j = 0; j < 9; ++j) laughs += ", " + last;
    laughs += "]\n";
  }
  const std::vector<std::string> texts = {
      laughs,
      std::string(100000, '['),
      std::string(65, '[') + std::string(65, ']'),
      std::string(2 << 20, ' '),
      "&a [*a]",
      "{",
      "just text",
      "- a\n- b",
      "kind: Pod\napiVersion: v1\n",
      "clusters: 5",
      "clusters: [5]",
      "clusters: [{cluster: {}}]",
      "users: [{name: [a]}]",
      "contexts: {a: b}",
      "a: b: c",
      std::string("\0\1\2", 3),
      "\xFF\xFE\x00",
      "current-context: [x]",
      "? [complex, key]\n: value\n",
      "current-context: a\ncontexts: [{name: a, context: text}]",
      "current-context: a\ncontexts: [{name: a}]",
      "current-context: a\ncontexts: [{name: a, context: {cluster: c}}]\n"
      "clusters: [{name: c, cluster: text}]",
  };
  for (const std::string& text : texts) {
    const Result<ClusterConfig> config =
        LoadKubeconfig({.paths = Write("config", text)});
    EXPECT_FALSE(config.ok());
    EXPECT_EQ(config.status().code(), StatusCode::kConfiguration)
        << text.substr(0, 80) << " -> " << config.status().message();
  }
}

class InCluster : public Kubeconfig {
 protected:
  InClusterOptions Options() const {
    return {.host = "10.0.0.1", .port = "443", .service_account_dir = dir_};
  }
};

TEST_F(InCluster, ReadsWhatThePodsFileSystemHolds) {
  Write("token", "t0ken\n");
  Write("ca.crt", ca().pem());
  Write("namespace", "shop");
  const Result<ClusterConfig> config = LoadInClusterConfig(Options());
  ASSERT_TRUE(config.ok()) << config.status().message();
  EXPECT_EQ(config->server, "https://10.0.0.1:443");
  EXPECT_EQ(config->token.Reveal(), "t0ken");
  EXPECT_EQ(config->token_file, dir_ + "/token");
  EXPECT_EQ(config->tls.ca_file, dir_ + "/ca.crt");
  EXPECT_EQ(config->namespace_, "shop");
  InClusterOptions ipv6 = Options();
  ipv6.host = "fd00::1";
  EXPECT_EQ(LoadInClusterConfig(ipv6)->server, "https://[fd00::1]:443");
}

TEST_F(InCluster, IsNotFoundOutsideOfAPod) {
  EXPECT_EQ(LoadInClusterConfig({}).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(LoadInClusterConfig(Options()).status().code(), StatusCode::kNotFound);
}

TEST_F(InCluster, NeverFallsBackToTheSystemsRootsForWantOfAnAuthority) {
  Write("token", "t");
  EXPECT_EQ(LoadInClusterConfig(Options()).status().code(), StatusCode::kConfiguration);
  Write("ca.crt", "");
  EXPECT_EQ(LoadInClusterConfig(Options()).status().code(), StatusCode::kConfiguration);
}

}  // namespace
}  // namespace k8sentry
