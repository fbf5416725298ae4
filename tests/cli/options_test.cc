#include "cli/options.h"

#include "cli/cluster.h"

namespace k8sentry::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using namespace std::chrono_literals;

TEST(Spool, TakesAFolderASizeAndAnAge) {
  bool help = false;
  const auto options =
      ParseRun({"--spool", "/s", "--spool-size=2GiB", "--spool-age", "90m"}, help);
  ASSERT_TRUE(options.ok()) << options.status().message();
  EXPECT_EQ(options->spool.directory, "/s");
  EXPECT_EQ(options->spool.max_bytes, std::size_t{2} << 30);
  EXPECT_EQ(options->spool.max_age, std::chrono::minutes(90));
  EXPECT_TRUE(ParseRun({}, help)->spool.directory.empty());
}

TEST(Spool, RefusesWhatMakesNoSense) {
  bool help = false;
  for (const std::vector<std::string>& wrong :
       std::vector<std::vector<std::string>>{{"--spool="},
                                             {"--spool-size=1MiB"},
                                             {"--spool-age=1h"},
                                             {"--spool=/s", "--spool-size=1"},
                                             {"--spool=/s", "--spool-size=1MB"},
                                             {"--spool=/s", "--spool-size=MiB"},
                                             {"--spool=/s", "--spool-size=-1MiB"},
                                             {"--spool=/s", "--spool-size=9999999GiB"},
                                             {"--spool=/s", "--spool-age=10ms"},
                                             {"--spol=/s"}}) {
    const auto options = ParseRun(wrong, help);
    EXPECT_EQ(options.status().code(), StatusCode::kInvalidArgument) << wrong.back();
  }
}

TEST(ParseReplay, ReadsEveryFlag) {
  bool help = false;
  const auto options = ParseReplay({"--reason",
                                    "BackOff,Failed",
                                    "--reason=Killing",
                                    "--exclude-reason",
                                    "Unhealthy",
                                    "-n",
                                    "shop",
                                    "--exclude-namespace",
                                    "kube-system",
                                    "--type=Warning",
                                    "--threshold",
                                    "Unhealthy=5,BackOff=2",
                                    "--window",
                                    "1m30s",
                                    "--lookback=0",
                                    "--cluster-name",
                                    "east",
                                    "-o",
                                    "ndjson",
                                    "--color=never",
                                    "--dry-run",
                                    "--drain-timeout",
                                    "2s",
                                    "--log-level=debug",
                                    "--log-format",
                                    "json",
                                    "one",
                                    "-",
                                    "two"},
                                   help);
  ASSERT_TRUE(options.ok()) << options.status().message();
  EXPECT_FALSE(help);
  const PipelineOptions& pipeline = options->pipeline;
  EXPECT_THAT(pipeline.filter.reason.include,
              ElementsAre("BackOff", "Failed", "Killing"));
  EXPECT_THAT(pipeline.filter.reason.exclude, ElementsAre("Unhealthy"));
  EXPECT_THAT(pipeline.filter.namespace_.include, ElementsAre("shop"));
  EXPECT_THAT(pipeline.filter.namespace_.exclude, ElementsAre("kube-system"));
  EXPECT_THAT(pipeline.filter.type.include, ElementsAre("Warning"));
  EXPECT_EQ(pipeline.deduplicator.thresholds.at("Unhealthy"), 5);
  EXPECT_EQ(pipeline.deduplicator.thresholds.at("BackOff"), 2);
  EXPECT_EQ(pipeline.deduplicator.window, 90s);
  EXPECT_EQ(pipeline.lookback, 0s);
  EXPECT_EQ(pipeline.cluster_name, "east");
  EXPECT_EQ(pipeline.time, TimeSource::kEvents);
  EXPECT_EQ(options->output, OutputFormat::kNdjson);
  EXPECT_TRUE(options->dry_run);
  EXPECT_EQ(options->drain_timeout, 2s);
  EXPECT_EQ(options->log.level, "debug");
  EXPECT_THAT(options->files, ElementsAre("one", "-", "two"));
}

TEST(ParseRun, ReadsItsOwnFlags) {
  bool help = false;
  const auto options = ParseRun({"--kubeconfig", "/k", "--context=prod", "-A", "-o",
                                 "ndjson", "--no-owner-lookup", "--owner-wait", "2s"},
                                help);
  ASSERT_TRUE(options.ok()) << options.status().message();
  EXPECT_FALSE(options->owner_lookup);
  EXPECT_EQ(options->owner_wait, 2s);
  EXPECT_EQ(options->kubeconfig, "/k");
  EXPECT_EQ(options->context, "prod");
  EXPECT_EQ(options->pipeline.time, TimeSource::kCaller);
}

TEST(ParseRun, ReadsWhatKubectlReads) {
  bool help = false;
  const auto options = ParseRun({"--cluster",
                                 "c",
                                 "--user=u",
                                 "-n",
                                 "shop",
                                 "--as",
                                 "jane",
                                 "--as-group",
                                 "a,b",
                                 "--as-group=c",
                                 "--as-uid",
                                 "17",
                                 "--request-timeout",
                                 "1m30s",
                                 "--server",
                                 "https://h",
                                 "--token-file",
                                 "/t",
                                 "--certificate-authority=/ca",
                                 "--tls-server-name",
                                 "kubernetes"},
                                help);
  ASSERT_TRUE(options.ok()) << options.status().message();
  EXPECT_EQ(options->cluster, "c");
  EXPECT_EQ(options->user, "u");
  EXPECT_THAT(options->pipeline.filter.namespace_.include, ElementsAre("shop"));
  const ClusterOverrides& over = options->overrides;
  EXPECT_EQ(over.impersonation.user, "jane");
  EXPECT_EQ(over.impersonation.uid, "17");
  EXPECT_THAT(over.impersonation.groups, ElementsAre("a,b", "c"))
      << "a group's name may hold a comma";
  EXPECT_EQ(over.request_timeout, 90s);
  EXPECT_EQ(over.server, "https://h");
  EXPECT_EQ(over.token_file, "/t");
  EXPECT_EQ(over.certificate_authority, "/ca");
  EXPECT_EQ(over.tls_server_name, "kubernetes");
  EXPECT_FALSE(over.insecure_skip_tls_verify);
  EXPECT_TRUE(ParseRun({"--insecure-skip-tls-verify"}, help)
                  ->overrides.insecure_skip_tls_verify);
}

TEST(ParseDoctor, ReadsWhatRunReadsOfTheCluster) {
  bool help = false;
  const auto options =
      ParseDoctor({"--context=prod", "-n", "shop,payments", "--as", "jane", "-o",
                   "json", "--no-owner-lookup", "--state-file", "/s"},
                  help);
  ASSERT_TRUE(options.ok()) << options.status().message();
  EXPECT_EQ(options->context, "prod");
  EXPECT_EQ(options->overrides.impersonation.user, "jane");
  EXPECT_THAT(options->namespaces, ElementsAre("shop", "payments"));
  EXPECT_EQ(options->output, OutputFormat::kJson);
  EXPECT_FALSE(options->owner_lookup);
  EXPECT_TRUE(options->state_file);
  EXPECT_FALSE(ParseDoctor({}, help)->state_file);
  for (const std::vector<std::string>& wrong :
       {std::vector<std::string>{"extra"}, {"-A", "-n", "shop"}, {"-o", "ndjson"}}) {
    EXPECT_EQ(ParseDoctor(wrong, help).status().code(), StatusCode::kInvalidArgument);
  }
}

TEST(WithoutUser, LeavesNoPasswordInAUrl) {
  EXPECT_EQ(WithoutUser("http://me:hush@host:1/x"), "http://***@host:1/x");
  EXPECT_EQ(WithoutUser("http://me:hu/s@h@host"), "http://***@host");
  EXPECT_EQ(WithoutUser("me:hush@host"), "***@host");
  EXPECT_EQ(WithoutUser("https://[::1]:6443/prefix"), "https://[::1]:6443/prefix");
  EXPECT_EQ(WithoutUser(""), "");
}

TEST(ParseRun, SaysInOneLineWhatIsWrong) {
  const struct {
    std::vector<std::string> arguments;
    const char* message;
  } kCases[] = {
      {{"--token", "hush"}, "did you mean '--token-file'?"},
      {{"--server="}, "--server must not be empty"},
      {{"--context", ""}, "--context must not be empty"},
      {{"--request-timeout", "30"}, "--request-timeout: "},
      {{"-A", "-n", "shop"}, "exclude each other"},
      {{"--insecure-skip-tls-verify", "--certificate-authority", "/ca"},
       "--insecure-skip-tls-verify and --certificate-authority exclude each other"},
  };
  for (const auto& c : kCases) {
    bool help = false;
    const auto options = ParseRun(c.arguments, help);
    EXPECT_EQ(options.status().code(), StatusCode::kInvalidArgument) << c.message;
    EXPECT_THAT(options.status().message(), HasSubstr(c.message));
    EXPECT_THAT(options.status().message(), ::testing::Not(HasSubstr("hush")));
  }
}

TEST(ParseRun, LooksOwnersUpUnlessToldNotTo) {
  bool help = false;
  const auto options = ParseRun({}, help);
  ASSERT_TRUE(options.ok()) << options.status().message();
  EXPECT_TRUE(options->owner_lookup);
  EXPECT_EQ(options->owner_wait, 500ms);
  EXPECT_THAT(ParseRun({"--owner-wait=2h"}, help).status().message(),
              HasSubstr("--owner-wait"));
  EXPECT_THAT(ParseRun({"--owner-wait=x"}, help).status().message(),
              HasSubstr("--owner-wait"));
}

TEST(ParseReplay, SaysInOneLineWhatIsWrong) {
  const struct {
    std::vector<std::string> arguments;
    const char* message;
  } kCases[] = {
      {{}, "FILE"},
      {{"--resaon", "x", "f"}, "did you mean '--reason'?"},
      {{"-z", "f"}, "unknown flag '-z'"},
      {{"f", "--reason"}, "--reason is missing an argument"},
      {{"--window", "5x", "f"}, "--window: '5x'"},
      {{"--window", "-5m", "f"}, "--window: '-5m'"},
      {{"--threshold", "A", "f"}, "Unhealthy=5"},
      {{"--threshold", "=3", "f"}, "'=3'"},
      {{"--threshold", "A=0", "f"}, "'A=0'"},
      {{"--threshold", "A=99999999999999999999", "f"}, "--threshold"},
      {{"-o", "jsno", "f"}, "did you mean 'json'?"},
      {{"--color", "red", "f"}, "auto, always, never"},
      {{"--\x1b[2J", "f"}, "\\x1b[2J"},
      {{"-", "-"}, "once"},
  };
  for (const auto& c : kCases) {
    bool help = false;
    const auto options = ParseReplay(c.arguments, help);
    EXPECT_EQ(options.status().code(), StatusCode::kInvalidArgument) << c.message;
    EXPECT_THAT(options.status().message(), HasSubstr(c.message));
    EXPECT_EQ(options.status().message().find('\n'), std::string::npos);
  }
}

TEST(ParseReplay, GivesHelpWhateverElseIsMissing) {
  bool help = false;
  EXPECT_TRUE(ParseReplay({"--help"}, help).ok());
  EXPECT_TRUE(help);
}

}  // namespace
}  // namespace k8sentry::cli
