#include "sentry/rate_limits.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace k8sentry::internal {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

constexpr std::string_view kHeader = "X-Sentry-Rate-Limits";

Now At(Duration since_start) {
  return {SteadyTime(hours(1000)) + since_start,
          *ParseTime("2026-11-21T04:00:00Z") +
              std::chrono::duration_cast<std::chrono::microseconds>(since_start)};
}

// The rest of a limit as of At(0), in seconds; 0 if there is none.
long SecondsLeft(SteadyTime until) {
  if (until <= At(seconds(0)).steady) return 0;
  return std::chrono::duration_cast<seconds>(until - At(seconds(0)).steady).count();
}

RateLimits After(int status, std::vector<HttpHeader> headers) {
  RateLimits limits;
  limits.Update({status, std::move(headers)}, At(seconds(0)));
  return limits;
}

struct Vector {
  std::string header;
  long error;
  long fallback;  // "default"
  long monitor;
};

// The vectors of Sentry's developer docs, then the places where the SDKs disagree.
TEST(RateLimits, ReadWhatTheHeaderSays) {
  std::string without_end(400, '9');
  without_end.append(":error:key");
  const std::vector<Vector> table = {
      {"60:transaction:key, 2700:default;error;security:organization", 2700, 2700, 0},
      {"60::organization", 60, 60, 60},
      {"60:error:organization:quota_exceeded:custom", 60, 0, 0},
      {"10:foo:key", 0, 0, 0},
      {"", 0, 0, 0},
      {"60:", 60, 60, 60},
      {"60", 60, 60, 60},
      {" 60 : error ; default : key ", 60, 60, 0},
      {"60:error,,30:monitor", 60, 0, 30},
      {"60:foo;error:key", 60, 0, 0},
      {"60:Error:key", 0, 0, 0},
      {"60:;error:key", 60, 0, 0},
      // The longer limit wins, whatever the order.
      {"60:error:key, 10:error:key", 60, 0, 0},
      {"10:error:key, 60:error:key", 60, 0, 0},
      {"10::key, 60:error:key", 60, 10, 10},
      {"60::key, 10:error:key", 60, 60, 60},
      // Fractions are rounded up.
      {"2.5:error:key", 3, 0, 0},
      {"2.0:error:key", 2, 0, 0},
      // Garbage costs only its own limit.
      {"abc:error:key, 7:monitor:key", 0, 0, 7},
      {"-5:error:key, nan::key, inf::key, 1e3::key, 0x10::key", 0, 0, 0},
      {":error:key", 0, 0, 0},
      {"0:error:key", 0, 0, 0},
      // No limit lasts longer than a day.
      {"86401:error:key", 86400, 0, 0},
      {"99999999999999999999999999:error:key", 86400, 0, 0},
      {without_end, 86400, 0, 0},
  };
  for (const Vector& row : table) {
    const RateLimits limits = After(200, {{std::string(kHeader), row.header}});
    EXPECT_EQ(SecondsLeft(limits.until("error")), row.error) << row.header;
    EXPECT_EQ(SecondsLeft(limits.until("default")), row.fallback) << row.header;
    EXPECT_EQ(SecondsLeft(limits.until("monitor")), row.monitor) << row.header;
    EXPECT_EQ(limits.events_until(),
              std::max(limits.until("error"), limits.until("default")));
  }
}

TEST(RateLimits, OfACategoryNobodyKnowsAreThoseOfAll) {
  const RateLimits limits = After(200, {{"x-sentry-rate-limits", "60:foo, 5::key"}});
  EXPECT_EQ(SecondsLeft(limits.until("foo")), 5);
}

TEST(RateLimits, ComeWithAnyStatusAndAnySpellingOfTheHeader) {
  for (const int status : {200, 202, 400, 413, 429, 503}) {
    EXPECT_EQ(SecondsLeft(
                  After(status, {{"x-SENTRY-rate-limits", "60:error"}}).events_until()),
              60);
  }
}

TEST(RateLimits, OfSeveralHeadersAllCount) {
  const RateLimits limits = After(
      200, {{std::string(kHeader), "60:error"}, {std::string(kHeader), "30:monitor"}});
  EXPECT_EQ(SecondsLeft(limits.until("error")), 60);
  EXPECT_EQ(SecondsLeft(limits.until("monitor")), 30);
}

TEST(RateLimits, TakeRetryAfterOnlyOfA429WithoutTheHeader) {
  EXPECT_EQ(SecondsLeft(After(429, {{"Retry-After", "13"}}).events_until()), 13);
  EXPECT_EQ(SecondsLeft(After(429, {{"Retry-After", "13"}}).until("monitor")), 13);
  EXPECT_EQ(SecondsLeft(After(503, {{"Retry-After", "13"}}).events_until()), 0);
  EXPECT_EQ(SecondsLeft(After(200, {{"Retry-After", "13"}}).events_until()), 0);
  EXPECT_EQ(
      SecondsLeft(After(429, {{"Retry-After", "13"}, {std::string(kHeader), "5:error"}})
                      .events_until()),
      5);
  EXPECT_EQ(SecondsLeft(After(429, {{"Retry-After", "13"}, {std::string(kHeader), ""}})
                            .events_until()),
            0);
}

TEST(RateLimits, AreAMinuteWhenA429DoesNotSay) {
  EXPECT_EQ(SecondsLeft(After(429, {}).events_until()), 60);
  EXPECT_EQ(SecondsLeft(After(429, {{"Retry-After", "soon"}}).events_until()), 60);
}

TEST(RateLimits, AreNeverShortenedByLaterResponses) {
  RateLimits limits = After(429, {{"Retry-After", "100"}});
  limits.Update({200, {{std::string(kHeader), "10:error"}}}, At(seconds(20)));
  limits.Update({200, {}}, At(seconds(30)));
  EXPECT_EQ(SecondsLeft(limits.events_until()), 100);
  limits.Update({429, {{"Retry-After", "100"}}}, At(seconds(40)));
  EXPECT_EQ(SecondsLeft(limits.events_until()), 140);
}

}  // namespace
}  // namespace k8sentry::internal
