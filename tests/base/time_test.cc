#include "k8sentry/time.h"

namespace k8sentry {
namespace {

using std::chrono::microseconds;

Time At(std::int64_t micros) { return Time(microseconds(micros)); }

TEST(ParseTime, ReadsWhatKubernetesWrites) {
  EXPECT_EQ(ParseTime("1970-01-01T00:00:00Z"), At(0));
  EXPECT_EQ(ParseTime("2026-11-21T03:11:50Z"), At(1795230710000000));
  EXPECT_EQ(ParseTime("2026-11-21T03:11:50.123456Z"), At(1795230710123456));
  EXPECT_EQ(ParseTime("2024-02-29T23:59:59Z"), At(1709251199000000));
}

TEST(ParseTime, TakesAnyPrecisionAndOffset) {
  EXPECT_EQ(ParseTime("2026-11-21T03:11:50.5Z"), At(1795230710500000));
  EXPECT_EQ(ParseTime("2026-11-21T03:11:50.123456789Z"), At(1795230710123456));
  EXPECT_EQ(ParseTime("2026-11-21T05:11:50+02:00"), At(1795230710000000));
  EXPECT_EQ(ParseTime("2026-11-20T21:41:50-05:30"), At(1795230710000000));
}

TEST(ParseTime, RefusesEverythingElse) {
  for (const char* text :
       {"", "null", "2026-11-21", "2026-11-21T03:11:50", "2026-11-21T03:11:50z",
        "2026-11-21t03:11:50Z", "2026-11-21 03:11:50Z", "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z", "2026-02-29T00:00:00Z", "2026-11-21T24:00:00Z",
        "2026-11-21T00:60:00Z", "2026-11-21T00:00:60Z", "2026-11-21T00:00:00.Z",
        "2026-11-21T00:00:00.1234567890Z", "2026-11-21T00:00:00+2:00",
        "2026-11-21T00:00:00+24:00", "2026-11-21T00:00:00ZZ", "0001-01-01T00:00:00Z",
        "1969-12-31T23:59:59Z", "9999-12-31T23:59:59-00:01", "1970-01-01T00:00:00+00:01", "-026-11-21T03:11:50Z",
        "2026-11-21T03:11:+0Z", " 2026-11-21T03:11:50Z"}) {
    EXPECT_EQ(ParseTime(text), std::nullopt) << text;
  }
}

TEST(FormatTime, IsReadBackAsTheSameTime) {
  EXPECT_EQ(FormatTime(At(1795230710000000)), "2026-11-21T03:11:50Z");
  EXPECT_EQ(FormatTime(At(1795230710000007)), "2026-11-21T03:11:50.000007Z");
  EXPECT_EQ(FormatTime(At(1795230710987654)), "2026-11-21T03:11:50.987654Z");
  EXPECT_EQ(FormatTime(At(-1)), "1969-12-31T23:59:59.999999Z");
  EXPECT_EQ(FormatTime(At(253402300800000000)), "10000-01-01T00:00:00Z");
  for (std::int64_t micros : {0L, 951782400000000L, 253402300799999999L}) {
    EXPECT_EQ(ParseTime(FormatTime(At(micros))), At(micros));
  }
}

TEST(ParseDuration, ReadsGoDurations) {
  using namespace std::chrono_literals;
  EXPECT_EQ(*ParseDuration("0"), 0ns);
  EXPECT_EQ(*ParseDuration("90s"), 90s);
  EXPECT_EQ(*ParseDuration("1h30m"), 90min);
  EXPECT_EQ(*ParseDuration("1.5h"), 90min);
  EXPECT_EQ(*ParseDuration("250ms"), 250ms);
}

TEST(ParseDuration, NamesWhatItCannotRead) {
  for (const char* text : {"", "5", "m", "5 m", "-5m", "5x", "1h30", "1..5h", "1e3s",
                           "9999999999h"}) {
    const Result<Duration> result = ParseDuration(text);
    ASSERT_FALSE(result.ok()) << text;
    EXPECT_EQ(result.status().code(), StatusCode::kInvalidArgument);
    EXPECT_NE(result.status().message().find("duration"), std::string::npos);
  }
}

TEST(FormatDuration, UsesTheShortestGoForm) {
  using namespace std::chrono_literals;
  EXPECT_EQ(FormatDuration(0s), "0s");
  EXPECT_EQ(FormatDuration(5min), "5m");
  EXPECT_EQ(FormatDuration(90min), "1h30m");
  EXPECT_EQ(FormatDuration(1500ms), "1.5s");
  EXPECT_EQ(FormatDuration(90s), "1m30s");
  EXPECT_EQ(FormatDuration(250ms), "250ms");
}

}  // namespace
}  // namespace k8sentry
