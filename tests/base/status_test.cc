#include "k8sentry/status.h"

#include <sstream>

#include "k8sentry/secret.h"

namespace k8sentry {
namespace {

TEST(Status, AddsContextOnlyToFailures) {
  EXPECT_EQ(Status().WithContext("reading x"), Status());
  EXPECT_EQ(Status(StatusCode::kNotFound, "no file").WithContext("reading x"),
            Status(StatusCode::kNotFound, "reading x: no file"));
}

TEST(Result, HoldsAValueOrTheReasonWhyNot) {
  const Result<int> three = 3;
  ASSERT_TRUE(three.ok());
  EXPECT_EQ(*three, 3);
  const Result<int> none = Status(StatusCode::kInternal, "why");
  EXPECT_FALSE(none.ok());
  EXPECT_EQ(none.status().message(), "why");
}

TEST(Secret, PrintsStars) {
  std::ostringstream out;
  out << Secret("hunter2") << Secret();
  EXPECT_EQ(out.str(), "***");
}

}  // namespace
}  // namespace k8sentry
