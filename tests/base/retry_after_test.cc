#include "base/retry_after.h"

namespace k8sentry::internal {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

TEST(RetryAfter, IsSecondsOrADate) {
  const Time wall = *ParseTime("2026-11-21T04:00:00Z");
  EXPECT_EQ(ParseRetryAfter("120", wall), seconds(120));
  EXPECT_EQ(ParseRetryAfter(" 0 ", wall), seconds(0));
  EXPECT_EQ(ParseRetryAfter("Sat, 21 Nov 2026 04:00:07 GMT", wall), seconds(7));
  EXPECT_EQ(ParseRetryAfter("Tue, 01 Dec 2026 00:00:00 GMT", wall), hours(24));
  EXPECT_EQ(ParseRetryAfter("Sun, 06 Nov 1994 08:49:37 GMT", wall), seconds(0));
  for (const char* text :
       {"", "soon", "-1", "Sat, 21 Nov 2026 04:00:07 CET",
        "Sat, 21 Xyz 2026 04:00:07 GMT", "Sat, 21 anF 2026 04:00:07 GMT",
        "Sat, 31 Feb 2026 04:00:07 GMT", "Sat, 21 Nov 2026 24:00:07 GMT",
        "Sat, 21 Nov 2026 04:00:07 GMT+1"}) {
    EXPECT_EQ(ParseRetryAfter(text, wall), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace k8sentry::internal
