// The golden envelopes: what goes to Sentry, byte for byte, for a dozen stories.
// Foreign parsers judge the same files (tests/foreign). K8SENTRY_UPDATE_GOLDEN=1 writes
// them anew.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "k8sentry/sentry_reporter.h"
#include "tests/sentry/stories.h"

namespace k8sentry {
namespace {

std::filesystem::path PathOf(const std::string& story) {
  return std::filesystem::path(K8SENTRY_GOLDEN) / (story + ".envelope");
}

bool UpdatesGolden() {
  const char* value = std::getenv("K8SENTRY_UPDATE_GOLDEN");
  return value != nullptr && std::string_view(value) == "1";
}

class GoldenEnvelope : public ::testing::TestWithParam<testing::Story> {};

TEST_P(GoldenEnvelope, IsWhatIsSent) {
  const std::string envelope = SentryEnvelope(
      GetParam().telling,
      {.dsn = *ParseDsn(
           "https://0123456789abcdef0123456789abcdef@o123.ingest.sentry.io/42"),
       .environment = "production",
       .release = "",
       .server_name = "k8sentry-0"},
      testing::StorySentAt());
  const std::filesystem::path path = PathOf(GetParam().name);
  if (UpdatesGolden()) {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << envelope;
  }
  std::ostringstream golden;
  golden << std::ifstream(path, std::ios::binary).rdbuf();
  EXPECT_EQ(envelope, golden.str())
      << "if that is meant, run again with K8SENTRY_UPDATE_GOLDEN=1";
}

INSTANTIATE_TEST_SUITE_P(Stories, GoldenEnvelope,
                         ::testing::ValuesIn(testing::Stories()),
                         [](const auto& instance) {
                           std::string name = instance.param.name;
                           std::erase(name, '-');
                           return name;
                         });

TEST(GoldenEnvelopes, AreAllOfAStory) {
  std::set<std::filesystem::path> known;
  for (const testing::Story& story : testing::Stories())
    known.insert(PathOf(story.name));
  for (const auto& entry : std::filesystem::directory_iterator(K8SENTRY_GOLDEN)) {
    if (entry.path().extension() != ".envelope") continue;
    EXPECT_TRUE(known.contains(entry.path())) << entry.path();
  }
}

}  // namespace
}  // namespace k8sentry
