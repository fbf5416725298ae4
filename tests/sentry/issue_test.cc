#include "k8sentry/issue.h"

#include <gtest/gtest.h>

#include "tests/sentry/stories.h"

namespace k8sentry {
namespace {

using testing::StoryNamed;
using testing::TellingOf;

TEST(Issue, HasTheLevelOfItsReason) {
  for (const char* reason :
       {"BackOff", "CrashLoopBackOff", "OOMKilled", "OOMKilling", "Failed",
        "FailedScheduling", "FailedMount", "FailedCreate", "Unhealthy", "Evicted",
        "NodeNotReady", "BackoffLimitExceeded", "DeadlineExceeded"}) {
    EXPECT_EQ(IssueOf(TellingOf(reason, "m")).level, Level::kError) << reason;
  }
  for (const char* reason :
       {"SystemOOM", "backoff", "BackOff ", "", "ProvisioningFailed"}) {
    EXPECT_EQ(IssueOf(TellingOf(reason, "m")).level, Level::kWarning) << reason;
  }
}

TEST(Issue, OfANormalEventIsInfoWhateverItsReason) {
  EXPECT_EQ(IssueOf(TellingOf("BackOff", "m", "Normal")).level, Level::kInfo);
  EXPECT_EQ(IssueOf(TellingOf("NodeNotReady", "m", "Normal")).level, Level::kInfo);
  EXPECT_EQ(IssueOf(TellingOf("BackOff", "m", "normal")).level, Level::kError);
  EXPECT_EQ(IssueOf(TellingOf("BackOff", "m", "")).level, Level::kError);
}

TEST(Issue, TakesTheReasonsOfLevelErrorFromTheOptions) {
  const IssueOptions options = {.error_reasons = {"SystemOOM"}};
  EXPECT_EQ(IssueOf(TellingOf("SystemOOM", "m"), options).level, Level::kError);
  EXPECT_EQ(IssueOf(TellingOf("BackOff", "m"), options).level, Level::kWarning);
}

TEST(Issue, NamesItsLevelsAsSentryDoes) {
  EXPECT_EQ(LevelName(Level::kFatal), "fatal");
  EXPECT_EQ(LevelName(Level::kError), "error");
  EXPECT_EQ(LevelName(Level::kWarning), "warning");
  EXPECT_EQ(LevelName(Level::kInfo), "info");
  EXPECT_EQ(LevelName(Level::kDebug), "debug");
}

TEST(Issue, TitleIsReasonAndFirstLine) {
  EXPECT_EQ(IssueOf(TellingOf("BackOff", "one\ntwo")).title, "BackOff: one");
  EXPECT_EQ(IssueOf(TellingOf("BackOff", "one\r\ntwo")).title, "BackOff: one");
  EXPECT_EQ(IssueOf(TellingOf("BackOff", "")).title, "BackOff");
}

TEST(Issue, TitleHasAtMostAHundredCharacters) {
  const std::string hundred = "R: " + std::string(97, 'x');
  EXPECT_EQ(IssueOf(TellingOf("R", std::string(97, 'x'))).title, hundred);
  EXPECT_EQ(IssueOf(TellingOf("R", std::string(98, 'x'))).title, hundred);
  std::string faces;
  for (int i = 0; i < 200; ++i) faces += "\xF0\x9F\x98\x80";
  EXPECT_EQ(IssueOf(TellingOf("R", faces)).title, "R: " + faces.substr(0, 97 * 4));
}

TEST(Issue, CulpritIsThePlaceOfTheWorkload) {
  EXPECT_EQ(IssueOf(StoryNamed("unhealthy")).culprit, "payments/Deployment/ledger");
  EXPECT_EQ(IssueOf(StoryNamed("backoff-limit-exceeded")).culprit,
            "batch-jobs/Job/import");
  EXPECT_EQ(IssueOf(StoryNamed("cluster-scoped")).culprit, "Node/localhost");
}

}  // namespace
}  // namespace k8sentry
