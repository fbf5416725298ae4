#include "kube/exec_plugin.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "kube/credential.h"
#include "scripted_cluster.h"
#include "tests/authority.h"

namespace k8sentry::internal {
namespace {

constexpr char kApiVersion[] = "client.authentication.k8s.io/v1";

std::string Quoted(const std::string& text) { return "\"" + text + "\""; }

std::string Credential(const std::string& status) {
  return R"({"kind":"ExecCredential","apiVersion":")" + std::string(kApiVersion) +
         R"(","status":)" + status + "}";
}
std::string Token(const std::string& token, Time expires) {
  return Credential(R"({"token":)" + Quoted(token) + R"(,"expirationTimestamp":)" +
                    Quoted(FormatTime(expires)) + "}");
}
std::string Escaped(const std::string& pem) {
  std::string out;
  for (const char c : pem) out += c == '\n' ? "\\n" : std::string(1, c);
  return out;
}

// Programs of one test, in a folder of their own.
class ExecPluginTest : public ::testing::Test {
 protected:
  ExecPluginTest() {
    std::string pattern = ::testing::TempDir() + "k8sentry_exec_XXXXXX";
    dir_ = mkdtemp(pattern.data());
    cluster_.server = "https://cluster";
    cluster_.exec = ExecPlugin{.command = dir_ + "/plugin",
                               .api_version = kApiVersion,
                               .environment = {"PATH=/usr/bin:/bin", "DIR=" + dir_}};
  }
  ~ExecPluginTest() override {
    EXPECT_TRUE(waitpid(-1, nullptr, WNOHANG) < 0 && errno == ECHILD)
        << "somebody was not collected";
    std::filesystem::remove_all(dir_);
  }

  // A program that notes that it ran.
  void Script(const std::string& body) const {
    const std::string path = dir_ + "/plugin";
    std::ofstream(path) << "#!/bin/sh\necho x >> $DIR/runs\n" << body << "\n";
    chmod(path.c_str(), 0700);
  }
  void Print(const std::string& output) const {
    std::ofstream(dir_ + "/output") << output;
    Script("cat $DIR/output");
  }
  std::string Read(const std::string& name) const {
    std::ifstream in(dir_ + "/" + name);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  std::size_t runs() const { return Read("runs").size() / 2; }

  // Looks after the program until `done`, as a source would. Its time does not pass.
  template <typename Done>
  bool Await(ExecCredential& credential, Done done) {
    for (int i = 0; i < 4000 && !done(); ++i) {
      status_ = credential.Prepare(now_);
      if (credential.pending()) poll(nullptr, 0, 5);
    }
    return done();
  }
  // What comes of it.
  Status Run(ExecCredential& credential) {
    status_ = credential.Prepare(now_);
    EXPECT_TRUE(Await(credential, [&] { return !credential.pending(); }));
    return status_;
  }
  bool AwaitBoth(internal::Credential& one, internal::Credential& other) {
    for (int i = 0; i < 4000; ++i) {
      const bool ready = one.Prepare(now_).ok();
      if (other.Prepare(now_).ok() && ready) return true;
      poll(nullptr, 0, 5);
    }
    return false;
  }
  void Pass(Duration duration) {
    now_.steady += duration;
    now_.wall += std::chrono::duration_cast<std::chrono::microseconds>(duration);
  }

  std::string dir_;
  ClusterConfig cluster_;
  Now now_ = {SteadyTime(std::chrono::hours(1)), kStart};
  Status status_;
};

TEST_F(ExecPluginTest, KeepsATokenUntilItExpires) {
  Print(Token("first", kStart + minutes(10)));
  ExecCredential credential(cluster_);
  EXPECT_EQ(Run(credential).message(), "");
  EXPECT_EQ(credential.credential().token.Reveal(), "first");
  EXPECT_EQ(credential.NextDeadline(), SteadyTime::max());
  Print(Token("second", kStart + minutes(20)));
  Pass(minutes(10) - seconds(1));
  EXPECT_TRUE(Run(credential).ok());
  EXPECT_EQ(runs(), 1u);
  Pass(seconds(1));
  EXPECT_TRUE(Run(credential).ok());
  EXPECT_EQ(credential.credential().token.Reveal(), "second");
  EXPECT_EQ(runs(), 2u);
}

TEST_F(ExecPluginTest, RunsOnceForAllCopiesThatShareIt) {
  Print(Token("first", kStart + minutes(10)));
  ShareCredential(cluster_);
  const ClusterConfig copy = cluster_;
  internal::Credential watch(cluster_), look_up(copy);
  EXPECT_TRUE(AwaitBoth(watch, look_up));
  EXPECT_EQ(look_up.authorization().Reveal(), "Bearer first");
  EXPECT_EQ(runs(), 1u);
  // Both are told that it is refused, one of them when the other has a new one already.
  Print(Token("second", kStart + minutes(10)));
  watch.Refused();
  EXPECT_TRUE(AwaitBoth(watch, watch));
  EXPECT_EQ(watch.authorization().Reveal(), "Bearer second");
  look_up.Refused();
  Pass(minutes(1));
  EXPECT_TRUE(AwaitBoth(look_up, watch));
  EXPECT_EQ(look_up.authorization().Reveal(), "Bearer second");
  EXPECT_EQ(runs(), 2u);
}

TEST_F(ExecPluginTest, RunsForEachThatSharesNothing) {
  Print(Token("first", kStart + minutes(10)));
  internal::Credential one(cluster_), other(cluster_);
  EXPECT_TRUE(AwaitBoth(one, other));
  EXPECT_EQ(runs(), 2u);
}

TEST_F(ExecPluginTest, KeepsATokenWithoutAnEndForEver) {
  Print(Credential(R"({"token":"t","expirationTimestamp":null})"));
  ExecCredential credential(cluster_);
  EXPECT_TRUE(Run(credential).ok());
  Pass(std::chrono::hours(10000));
  EXPECT_TRUE(Run(credential).ok());
  EXPECT_EQ(runs(), 1u);
}

TEST_F(ExecPluginTest, RunsOnceForAllWhoAsk) {
  Script("read line < $DIR/fifo; echo '" + Token("t", kStart + minutes(1)) + "'");
  const std::string fifo = dir_ + "/fifo";
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  ExecCredential credential(cluster_);
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(credential.Prepare(now_).code(), StatusCode::kUnavailable);
    EXPECT_TRUE(credential.pending());
    EXPECT_EQ(credential.NextDeadline(), now_.steady + milliseconds(20));
  }
  std::ofstream(fifo) << "go\n";
  EXPECT_TRUE(Run(credential).ok());
  EXPECT_EQ(runs(), 1u);
}

TEST_F(ExecPluginTest, GetsItsArgumentsItsEnvironmentAndNothingElse) {
  cluster_.exec->arguments = {"a b", "$(id)", ""};
  cluster_.exec->environment.push_back("SENTRY_DSN=https://hush@host/1");
  cluster_.exec->environment.push_back("SENTRY_=hush");
  cluster_.exec->environment.push_back("PROFILE=old");
  cluster_.exec->variables = {{"PROFILE", "new"}, {"REGION", "eu"}};
  // A host's descriptor that is not close-on-exec.
  const int leak = fcntl(STDERR_FILENO, F_DUPFD, 77);
  ASSERT_GE(leak, 77);
  Script(R"(env > $DIR/env
printf '<%s>' "$@" > $DIR/arguments
cat > $DIR/input
for fd in /proc/$$/fd/*; do echo "fd ${fd##*/}."; done > $DIR/fds
ps -o pgid= -p $$ > $DIR/group 2>&1 || cut -d' ' -f5 /proc/$$/stat > $DIR/group
echo $$ > $DIR/pid
echo ')" +
         Token("t", kStart + minutes(1)) + "'");
  ExecCredential credential(cluster_);
  EXPECT_EQ(Run(credential).message(), "");
  close(leak);
  EXPECT_EQ(Read("arguments"), "<a b><$(id)><>");
  EXPECT_EQ(Read("input"), "");
  const std::string env = Read("env");
  EXPECT_EQ(env.find("SENTRY"), env.npos) << env;
  EXPECT_EQ(env.find("PROFILE=old"), env.npos);
  EXPECT_NE(env.find("PROFILE=new\n"), env.npos);
  EXPECT_NE(env.find("REGION=eu\n"), env.npos);
  EXPECT_NE(env.find("KUBERNETES_EXEC_INFO={\"kind\":\"ExecCredential\","
                     "\"apiVersion\":\"client.authentication.k8s.io/v1\","
                     "\"spec\":{\"interactive\":false}}\n"),
            env.npos);
  EXPECT_EQ(Read("fds").find("fd " + std::to_string(leak) + "."), std::string::npos);
  EXPECT_EQ(std::stol(Read("group")), std::stol(Read("pid"))) << "a group of its own";
}

TEST_F(ExecPluginTest, TellsTheClusterWhenAsked) {
  std::ofstream(dir_ + "/ca") << "CA\n";
  cluster_.tls = {.ca_file = dir_ + "/ca", .server_name = "kubernetes"};
  cluster_.proxy = "http://proxy";
  cluster_.disable_compression = true;
  cluster_.exec->provide_cluster_info = true;
  cluster_.exec->cluster_config = R"({"region":"eu"})";
  EXPECT_EQ(
      ExecInfo(cluster_),
      R"({"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1",)"
      R"("spec":{"cluster":{"server":"https://cluster",)"
      R"("tls-server-name":"kubernetes","certificate-authority-data":"Q0EK",)"
      R"("proxy-url":"http://proxy","disable-compression":true,)"
      R"("config":{"region":"eu"}},"interactive":false}})");
}

TEST_F(ExecPluginTest, LeavesNoDescriptorBehind) {
  const auto count = [] {
    const std::filesystem::directory_iterator open("/proc/self/fd");
    return std::distance(begin(open), end(open));
  };
  const auto before = count();
  {
    Print(Token("t", kStart + minutes(1)));
    ExecCredential good(cluster_);
    EXPECT_TRUE(Run(good).ok());
    Script("sleep 60");
    ExecCredential interrupted(cluster_);
    EXPECT_FALSE(interrupted.Prepare(now_).ok());
    cluster_.exec->command = "/nonexistent/plugin";
    ExecCredential bad(cluster_);
    EXPECT_FALSE(Run(bad).ok());
  }
  EXPECT_EQ(count(), before);
}

TEST_F(ExecPluginTest, SaysWhatIsWrongAndNotWhatWasPrinted) {
  const Identity one = Authority().Sign("DNS:a"), two = Authority().Sign("DNS:b");
  const auto pair = [](const std::string& certificate, const std::string& key) {
    return Credential(R"({"clientCertificateData":")" + Escaped(certificate) +
                      R"(","clientKeyData":")" + Escaped(key) + "\"}");
  };
  const std::pair<std::string, const char*> kFaults[] = {
      {"", "did not print an ExecCredential"},
      {"hush", "did not print an ExecCredential"},
      {"a warning\n" + Credential(R"({"token":"hush"})"),
       "did not print an ExecCredential"},
      {R"({"kind":"Pod"})", "did not print an ExecCredential"},
      {R"({"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1beta1",)"
       R"("status":{"token":"hush"}})",
       "printed another apiVersion than client.authentication.k8s.io/v1"},
      {R"({"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1"})",
       "printed an ExecCredential without a status"},
      {Credential("null"), "printed an ExecCredential without a status"},
      {Credential("{}"), "printed neither a token nor a client certificate"},
      {Credential(R"({"token":5})"),
       "printed neither a token nor a client certificate"},
      {Credential(R"({"token":"hush\r\nX-Hush: x"})"),
       "printed a token with control characters"},
      {Credential(R"({"clientKeyData":"hush"})"),
       "printed half of a client certificate and its key"},
      {Credential(R"({"token":"t","clientCertificateData":"hush"})"),
       "printed half of a client certificate and its key"},
      {pair("hush", "hush"),
       "printed a client certificate: there is no client certificate in it, or "
       "one that cannot be read"},
      {pair(one.certificate_pem, two.key_pem),
       "printed a client certificate: the client key is not the certificate's"},
      {Credential(R"({"token":"hush","expirationTimestamp":"soon"})"),
       "printed an expirationTimestamp that is no time"},
      {Token("hush", kStart), "printed a credential that has expired already"},
  };
  for (const auto& [output, message] : kFaults) {
    Print(output);
    ExecCredential credential(cluster_);
    const Status status = Run(credential);
    EXPECT_EQ(status.message(), "exec plugin " + dir_ + "/plugin: " + message);
    EXPECT_EQ(status.code(), StatusCode::kConfiguration);
  }
}

TEST_F(ExecPluginTest, SaysHowItEnded) {
  const std::pair<const char*, const char*> kEnds[] = {
      {"echo hush; exit 3", "failed with exit code 3; its reason is on stderr"},
      {"kill -9 $$", "failed with signal 9; its reason is on stderr"},
      {"head -c 2000000 /dev/zero; sleep 60", "printed more than 1 MiB"},
  };
  for (const auto& [script, message] : kEnds) {
    Script(script);
    ExecCredential credential(cluster_);
    EXPECT_EQ(Run(credential).message(), "exec plugin " + dir_ + "/plugin: " + message);
  }
}

TEST_F(ExecPluginTest, SaysWhereToGetIt) {
  cluster_.exec->command = "kubelogin";
  cluster_.exec->install_hint = "get it\nfrom \x1b[2Jexample.com";
  ExecCredential credential(cluster_);
  EXPECT_EQ(Run(credential).message(),
            "exec plugin kubelogin: there is no such program; get it from "
            " [2Jexample.com");
}

TEST_F(ExecPluginTest, LooksForProgramsInAbsoluteFoldersOnly) {
  Script("");
  std::filesystem::create_directory(dir_ + "/folder");
  std::filesystem::create_directory(dir_ + "/folder/plugin");
  EXPECT_EQ(FindProgram("plugin", dir_), dir_ + "/plugin");
  EXPECT_EQ(FindProgram("plugin", "/nonexistent::" + dir_ + "/folder:" + dir_),
            dir_ + "/plugin");
  EXPECT_EQ(FindProgram("plugin", ""), "");
  EXPECT_EQ(FindProgram(dir_ + "/plugin", ""), dir_ + "/plugin");
  EXPECT_EQ(FindProgram(dir_ + "/folder", ""), "");
  const std::filesystem::path here = std::filesystem::current_path();
  std::filesystem::current_path(dir_);
  EXPECT_EQ(FindProgram("plugin", ".::"), "");
  std::filesystem::current_path(here);
}

// "R" and so on; "" when there is no such process.
std::string StateOf(const std::string& pid) {
  std::ifstream in("/proc/" + pid + "/stat");
  std::string number, name, state;
  in >> number >> name >> state;
  return state;
}

// Dead, though its parent may not have noticed.
bool IsGone(const std::string& pid) {
  const std::string state = StateOf(pid);
  return state.empty() || state == "Z" || state == "X";
}

// Row 27
TEST_F(ExecPluginTest, EndsAHangingProgramWithAllItStarted) {
  Script("sleep 60 & echo $! > $DIR/child.new; mv $DIR/child.new $DIR/child; wait");
  ExecCredential credential(cluster_);
  ASSERT_TRUE(Await(credential, [&] { return !Read("child").empty(); }));
  Pass(seconds(29));
  EXPECT_FALSE(credential.Prepare(now_).ok());
  EXPECT_TRUE(credential.pending());
  Pass(seconds(1));
  EXPECT_EQ(Run(credential).message(),
            "exec plugin " + dir_ + "/plugin: took longer than 30s, and was ended");
  std::string child = Read("child");
  child.pop_back();
  for (int i = 0; i < 2000 && !IsGone(child); ++i) poll(nullptr, 0, 5);
  EXPECT_TRUE(IsGone(child)) << StateOf(child);
}

TEST_F(ExecPluginTest, EndsWhatRunsWhenNobodyWaitsAnyMore) {
  Script("echo $$ > $DIR/pid.new; mv $DIR/pid.new $DIR/pid; sleep 60");
  std::string pid;
  {
    ExecCredential credential(cluster_);
    ASSERT_TRUE(Await(credential, [&] { return !(pid = Read("pid")).empty(); }));
  }
  pid.pop_back();
  EXPECT_EQ(StateOf(pid), "") << "ended and collected";
}

TEST_F(ExecPluginTest, WaitsForNoProgramThatStayedBehind) {
  Script("sleep 60 2>/dev/null & echo $! > $DIR/child; echo '" +
         Token("t", kStart + minutes(1)) + "'");
  ExecCredential credential(cluster_);
  EXPECT_TRUE(Run(credential).ok());
  kill(static_cast<pid_t>(std::stol(Read("child"))), SIGKILL);
}

TEST_F(ExecPluginTest, WorksInAHostThatCollectsAllChildren) {
  Print(Token("t", kStart + minutes(1)));
  const auto before = signal(SIGCHLD, SIG_IGN);
  {
    ExecCredential credential(cluster_);
    EXPECT_EQ(Run(credential).message(), "");
  }
  signal(SIGCHLD, before);
}

TEST_F(ExecPluginTest, BacksOffUpTo30SecondsWhenItFails) {
  Script("exit 1");
  ExecCredential credential(cluster_);
  for (const int n : {1, 2, 4, 8, 16, 30, 30}) {
    const seconds wait(n);
    const std::size_t before = runs();
    EXPECT_FALSE(Run(credential).ok());
    EXPECT_EQ(runs(), before + 1);
    Pass(wait - milliseconds(1));
    EXPECT_EQ(Run(credential).message(),
              "exec plugin " + dir_ +
                  "/plugin: failed with exit code 1; its reason is on stderr");
    EXPECT_EQ(runs(), before + 1) << "too early for another run";
    Pass(milliseconds(1));
  }
  Print(Token("t", kStart + std::chrono::hours(2)));
  EXPECT_TRUE(Run(credential).ok());
}

// Row 18
TEST_F(ExecPluginTest, RunsOnceMoreWhenTheServerRefuses) {
  Print(Token("first", kStart + minutes(10)));
  ExecCredential credential(cluster_);
  EXPECT_TRUE(Run(credential).ok());
  Print(Token("second", kStart + minutes(10)));
  credential.Refused();
  EXPECT_TRUE(Run(credential).ok());
  EXPECT_EQ(credential.credential().token.Reveal(), "second");
  credential.Refused();
  EXPECT_TRUE(Run(credential).ok());
  EXPECT_EQ(runs(), 2u) << "not as fast as a server refuses";
  Pass(seconds(1));
  EXPECT_TRUE(Run(credential).ok());
  EXPECT_EQ(runs(), 3u);
}

TEST_F(ExecPluginTest, KeepsTheOldUntilItExpiresWhenItFails) {
  Print(Token("first", kStart + minutes(1)));
  ExecCredential credential(cluster_);
  EXPECT_TRUE(Run(credential).ok());
  Script("exit 1");
  credential.Refused();
  EXPECT_TRUE(Run(credential).ok());
  EXPECT_EQ(runs(), 2u);
  EXPECT_EQ(credential.failures(), 1u);
  EXPECT_EQ(credential.credential().token.Reveal(), "first");
  Pass(minutes(1));
  EXPECT_FALSE(Run(credential).ok());
}

// A source with a plugin, and a server that is a script.
class PluginInSource : public ExecPluginTest {
 protected:
  void Poll(ClusterSource& source, std::size_t requests) {
    for (int i = 0; i < 4000; ++i) {
      source.Poll(now_);
      http_.Poll(now_.steady);
      if (http_.requests().size() >= requests) return;
      EXPECT_GE(source.NextDeadline(), now_.steady) << "it does not spin";
      poll(nullptr, 0, 5);
      Pass(milliseconds(20));
    }
    FAIL() << "no request " << requests;
  }
  testing::FakeHttpTransport http_{[](const HttpRequest&) { return OpenStream(); }};
};

TEST_F(PluginInSource, AsksNothingBeforeThereIsACredentialAndAnewAfter401) {
  Print(Token("first", kStart + minutes(10)));
  ClusterSource source({.cluster = cluster_}, http_, NullLogger(), 1);
  http_.Answer(Denied(401, "Unauthorized"));
  source.Poll(now_);
  EXPECT_EQ(http_.requests().size(), 0u);
  EXPECT_EQ(source.NextDeadline(), now_.steady + milliseconds(20));
  Poll(source, 1);
  EXPECT_EQ(http_.requests()[0].auth_header_value.Reveal(), "Bearer first");
  EXPECT_EQ(runs(), 1u);
  Print(Token("second", kStart + minutes(10)));
  Poll(source, 2);
  EXPECT_EQ(http_.requests()[1].auth_header_value.Reveal(), "Bearer second");
  EXPECT_EQ(runs(), 2u);
}

TEST_F(PluginInSource, ShowsTheCertificateThatWasFetched) {
  const Identity me = Authority().Sign("DNS:me");
  Print(Credential(R"({"clientCertificateData":")" + Escaped(me.certificate_pem) +
                   R"(","clientKeyData":")" + Escaped(me.key_pem) + "\"}"));
  ClusterSource source({.cluster = cluster_}, http_, NullLogger(), 1);
  Poll(source, 1);
  EXPECT_EQ(http_.requests()[0].tls.certificate_pem, me.certificate_pem);
  EXPECT_EQ(http_.requests()[0].tls.key_pem.Reveal(), me.key_pem);
  EXPECT_EQ(http_.requests()[0].auth_header_name, "");
}

TEST_F(PluginInSource, SaysWhyThereIsNoCredential) {
  cluster_.exec->command = "/nonexistent/aws";
  std::string detail;
  ClusterSource source(
      {.cluster = cluster_,
       .watch = {.on_status =
                     [&](const WatchStatus& status) { detail = status.detail; }}},
      http_, NullLogger(), 1);
  source.Poll(now_);
  EXPECT_EQ(detail, "exec plugin /nonexistent/aws: there is no such program");
  EXPECT_GT(source.NextDeadline(), now_.steady);
}

TEST_F(PluginInSource, RunsNoneWhenThereIsAnotherCredential) {
  Print(Token("t", kStart + minutes(10)));
  cluster_.token = Secret("mine");
  ClusterSource source({.cluster = cluster_}, http_, NullLogger(), 1);
  Poll(source, 1);
  EXPECT_EQ(http_.requests()[0].auth_header_value.Reveal(), "Bearer mine");
  EXPECT_EQ(runs(), 0u);
}

}  // namespace
}  // namespace k8sentry::internal
