// The golden envelopes: what goes to Sentry, byte for byte, for more than thirty
// stories. Foreign parsers judge the same files (tests/foreign).
// K8SENTRY_UPDATE_GOLDEN=1 writes them anew.
#include <gmock/gmock.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "k8sentry/testing/fake_sentry.h"
#include "tests/sentry/stories.h"

namespace k8sentry {
namespace {

using testing::GoldenEnvelope;
using testing::GoldenEnvelopes;

std::filesystem::path PathOf(const std::string& story) {
  return std::filesystem::path(K8SENTRY_GOLDEN) / (story + ".envelope");
}

bool UpdatesGolden() {
  const char* value = std::getenv("K8SENTRY_UPDATE_GOLDEN");
  return value != nullptr && std::string_view(value) == "1";
}

TEST(GoldenEnvelopes, AreWhatIsSent) {
  for (const GoldenEnvelope& envelope : GoldenEnvelopes()) {
    const std::filesystem::path path = PathOf(envelope.name);
    if (UpdatesGolden()) {
      std::filesystem::create_directories(path.parent_path());
      std::ofstream(path, std::ios::binary) << envelope.bytes;
    }
    std::ostringstream golden;
    golden << std::ifstream(path, std::ios::binary).rdbuf();
    EXPECT_EQ(envelope.bytes, golden.str())
        << envelope.name
        << ": if that is meant, run again with K8SENTRY_UPDATE_GOLDEN=1";
  }
}

TEST(GoldenEnvelopes, AreAllOfAStory) {
  std::set<std::filesystem::path> known;
  for (const GoldenEnvelope& envelope : GoldenEnvelopes()) {
    EXPECT_TRUE(known.insert(PathOf(envelope.name)).second) << envelope.name;
  }
  EXPECT_GE(known.size(), 30u);
  for (const auto& entry : std::filesystem::directory_iterator(K8SENTRY_GOLDEN)) {
    if (entry.path().extension() != ".envelope") continue;
    EXPECT_TRUE(known.contains(entry.path())) << entry.path();
  }
}

TEST(GoldenEnvelopes, HoldEveryTypeOfItem) {
  std::map<std::string, int> types;
  std::set<std::string> ids;
  for (const GoldenEnvelope& envelope : GoldenEnvelopes()) {
    const auto parsed = testing::ParseEnvelope(envelope.bytes);
    ASSERT_TRUE(parsed.ok()) << envelope.name << ": " << parsed.status().message();
    if (!parsed->event_id.empty()) {
      EXPECT_TRUE(ids.insert(parsed->event_id).second) << envelope.name;
    }
    for (const testing::SentryItem& item : parsed->items) ++types[item.type];
  }
  EXPECT_GE(types["event"], 30);
  EXPECT_EQ(types["attachment"], 2);
  EXPECT_EQ(types["log"], 1);
  EXPECT_EQ(types["check_in"], 3);
  EXPECT_EQ(types["client_report"], 1);
}

// A recording without a reason that is told would be a story that nobody misses.
TEST(GoldenEnvelopes, TellOfTheReasonsInTheRecordings) {
  std::set<std::string> reasons;
  for (const testing::Story& story : testing::RecordedStories()) {
    reasons.emplace(story.telling.event->reason);
  }
  EXPECT_THAT(reasons, ::testing::IsSupersetOf(
                           {"DeadlineExceeded", "ErrImageNeverPull", "CgroupV1",
                            "FailedGetResourceMetric", "FailedPostStartHook",
                            "PodFailurePolicy", "ProvisioningFailed", "Preempted",
                            "MissingClusterDNS", "TaintManagerEviction"}));
}

}  // namespace
}  // namespace k8sentry
