#include "kube/managed_fields.h"

#include <algorithm>
#include <string>

namespace k8sentry::internal {
namespace {

// Whether the value is skipped to its end; with the same `fields` for all calls.
class ManagedFieldsTest : public ::testing::Test {
 protected:
  bool Skips(const std::string& json) {
    std::string padded = json;
    padded.append(kJsonPadding, ' ');
    JsonTokens tokens;
    if (tokens.Find(std::string_view(padded).substr(0, json.size())) !=
        TokensFault::kNone) {
      return false;
    }
    return fields_.Skip(tokens.text(), tokens.text().begin) == tokens.text().end;
  }

  ManagedFields fields_;
};

TEST_F(ManagedFieldsTest, SkipsWhatItKnowsAndWhatItDoesNot) {
  for (int round = 0; round < 3; ++round) {
    for (int writer = 0; writer < 20; ++writer) {
      const std::string name = "m" + std::to_string(writer);
      EXPECT_TRUE(Skips(R"([{"manager":")" + name + R"(","time":"2026-01-01T00:00:0)" +
                        std::to_string(round) +
                        R"(Z","fieldsV1":{"f:a":{"f:b":{}}}}])"));
    }
    EXPECT_TRUE(Skips("null"));
    EXPECT_TRUE(Skips("[]"));
    EXPECT_TRUE(Skips(R"([{"manager":"no time"}])"));
  }
}

// The bytes of a known shape, but for what stands where the time was.
TEST_F(ManagedFieldsTest, IsNotFooledByWhatStandsInPlaceOfTheTime) {
  const std::string before = R"([{"time":")";
  const std::string behind = R"(","f":{"a":{}}}])";
  ASSERT_TRUE(Skips(before + "2026-01-01T00:00:00Z" + behind));
  EXPECT_TRUE(Skips(before + "????????????????????" + behind));
  for (std::string time :
       {R"(2026","b":[1],"c":"_)", R"(2026-01-01T00:00:00\)", R"(2026"_"22":")",
        R"(2026"]}]_"22")", R"(","b":{"c":"_)", R"(2026"_)", R"(_\"_)"}) {
    // As long as a time.
    while (time.size() < 20) time.insert(time.find('_'), "_");
    std::replace(time.begin(), time.end(), '_', ' ');
    ASSERT_EQ(time.size(), 20u) << time;
    ManagedFields fresh;
    std::string padded = before + time + behind;
    const std::size_t size = padded.size();
    padded.append(kJsonPadding, ' ');
    JsonTokens tokens;
    if (tokens.Find(std::string_view(padded).substr(0, size)) != TokensFault::kNone) {
      continue;
    }
    EXPECT_EQ(fields_.Skip(tokens.text(), tokens.text().begin),
              fresh.Skip(tokens.text(), tokens.text().begin))
        << time;
  }
}

TEST_F(ManagedFieldsTest, RefusesBracketsThatDoNotMatchEveryTime) {
  for (int round = 0; round < 3; ++round) {
    EXPECT_FALSE(Skips(R"([{"time":"2026-01-01T00:00:00Z","f":[}]])"));
  }
}

}  // namespace
}  // namespace k8sentry::internal
