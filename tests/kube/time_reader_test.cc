#include "kube/time_reader.h"

#include <random>
#include <string>

namespace k8sentry::internal {
namespace {

TEST(TimeReader, ReadsWhatParseTimeReads) {
  TimeReader reader;
  std::mt19937 random(1);
  const std::string kTexts[] = {"2026-11-21T03:11:50Z",
                                "2026-11-21T23:59:59Z",
                                "2026-11-21T24:00:00Z",
                                "2026-11-21T03:60:00Z",
                                "2026-11-21T03:00:60Z",
                                "2026-11-21T03:11:50.123456Z",
                                "2026-11-21T03:11:50.5Z",
                                "2026-11-22T00:00:00Z",
                                "2026-11-21T01:00:00+02:00",
                                "2026-11-21T03:11:50+00:00",
                                "2026-02-30T00:00:00Z",
                                "1969-12-31T23:59:59Z",
                                "1970-01-01T00:00:00Z",
                                "9999-12-31T23:59:59Z",
                                "",
                                "2026-11-21T03-11:50Z",
                                "2026-11-21T03:11 50Z",
                                "2026-11-21T03:11:50z",
                                "2026-11-21T03:11:50.12345aZ",
                                "2026-11-21T03:11:50.Z",
                                "2026-11-21 03:11:50Z"};
  const auto check = [&](const std::string& text) {
    std::optional<Time> time = Time();
    reader.Read(text, time);
    EXPECT_EQ(time, ParseTime(text)) << text;
  };
  for (int round = 0; round < 20; ++round) {
    for (const std::string& text : kTexts) {
      check(text);
      if (text.empty()) continue;
      // The same with one byte that is another, after a good one of the same day.
      check("2026-11-21T03:11:50Z");
      std::string broken = text;
      broken[random() % broken.size()] = static_cast<char>(random());
      check(broken);
    }
  }
}

}  // namespace
}  // namespace k8sentry::internal
