#include "pipeline/message_class.h"

#include <gtest/gtest.h>

#include "tests/pipeline/test_event.h"

namespace k8sentry::internal {
namespace {

constexpr std::string_view kObject = "api-7fcc74b976-bwxc2";

std::string Masked(std::string_view text, std::string_view object = kObject,
                   std::string_view workload = "api") {
  char buffer[kMaxClassBytes];
  return std::string(Mask(text, object, workload, buffer));
}

std::string ClassText(std::string_view reason, std::string_view message) {
  Event event = PodEvent("u", "1");
  event.reason = reason;
  event.message = message;
  char buffer[kMaxClassBytes];
  return std::string(ClassOf(event, "api", buffer).text);
}

TEST(Mask, HidesNamesOfPods) {
  EXPECT_EQ(Masked("pod api-7fcc74b976-bwxc2 died"), "pod * died");
  EXPECT_EQ(Masked("pod api-7fcc74b976-other died"), "pod * died");  // workload and "-"
  EXPECT_EQ(Masked("api-7fcc74b976-bwxc2-x"), "*");
  EXPECT_EQ(Masked("the api died"), "the api died");  // the workload's name stays
  EXPECT_EQ(Masked("web-0", "web-0", "web"), "*");
  EXPECT_EQ(Masked("web", "web", "web"), "*");  // the object's name
  EXPECT_EQ(Masked("-x y-z", "", ""), "-x y-z");
}

TEST(Mask, HidesWhatBeginsWithADigit) {
  EXPECT_EQ(Masked("exit 137 after 5m0s of 1.5Gi at 10.0.0.1, 2026-11-21T03"),
            "exit * after * of * at *, *");
  EXPECT_EQ(Masked("v1 x2"), "v1 x2");
}

TEST(Mask, HidesUuidsAndHashes) {
  EXPECT_EQ(Masked("a4f7b0de-1b2c-3d4e-5f60-718293a4b5c6"), "*");
  EXPECT_EQ(Masked("g4f7b0de-1b2c-3d4e-5f60-718293a4b5c6"),
            "g4f7b0de-1b2c-3d4e-5f60-718293a4b5c6");
  EXPECT_EQ(Masked("a4f7b0de-1b2c-3d4e-5f60-718293a4b5c"),
            "a4f7b0de-1b2c-3d4e-5f60-718293a4b5c");
  EXPECT_EQ(Masked("sha256:e3b0c44298fc1c149afb"), "sha256:*");
  EXPECT_EQ(Masked("deadbee1 deadbee deadbeef DEADBEE1"), "* deadbee deadbeef *");
}

TEST(Mask, HidesAddresses) {
  EXPECT_EQ(Masked("dial fe80::1 now"), "dial * now");
  EXPECT_EQ(Masked("dial [fe80::1]:80"), "dial [*]:*");
  EXPECT_EQ(Masked("at 12:34:56: late"), "at * late");  // the run takes the colon too
  EXPECT_EQ(Masked("::1"), "*");
  EXPECT_EQ(Masked("a::b"), "a::b");  // no decimal digit
  EXPECT_EQ(Masked("ab:1"), "ab:*");  // one colon
  EXPECT_EQ(Masked("::1z"), "::*");   // followed by a letter; then a token
  EXPECT_EQ(Masked("::1_"), "::*_");  // followed by _
  EXPECT_EQ(Masked("::1-"), "*-");
}

TEST(Mask, BeginsNothingDirectlyBehindAToken) {
  EXPECT_EQ(Masked("pod:12:34:56"), "pod:*");
  EXPECT_EQ(Masked("zz.::1"), "zz.*");  // behind the dot, which is not the token's
  EXPECT_EQ(Masked("zz::1:2"), "zz:*");
}

TEST(Mask, LeavesTrailingDotsDashesAndUnderscoresOutsideOfTokens) {
  EXPECT_EQ(Masked("exit 137."), "exit *.");
  EXPECT_EQ(Masked("137-_.x"), "*");
  EXPECT_EQ(Masked("api-"), "api-");
  EXPECT_EQ(Masked("137-_."), "*-_.");
}

TEST(Mask, JoinsWhiteSpaceButNotControlCharacters) {
  EXPECT_EQ(Masked("  a \t b\t"), "a b");
  EXPECT_EQ(Masked("a\x01\x02"
                   "b\x7f"),
            "a  b");
  EXPECT_EQ(Masked("a {{ b }}"), "a (( b ))");
  EXPECT_EQ(Masked(""), "");
  EXPECT_EQ(Masked(" \t "), "");
}

TEST(Mask, CutsAtACharactersBorder) {
  const std::string a119(119, 'x');
  EXPECT_EQ(Masked(a119 + "yz"), a119 + "y");
  EXPECT_EQ(Masked(a119 + "\xC3\xA9"), a119);
  EXPECT_EQ(Masked(std::string(118, 'x') + "\xC3\xA9"
                                           "z"),
            std::string(118, 'x') + "\xC3\xA9");
  EXPECT_EQ(Masked(std::string(117, 'x') + "\xF0\x9F\x98\x80"), std::string(117, 'x'));
  EXPECT_EQ(Masked(a119 + " z"), a119);  // and spaces go again
  EXPECT_EQ(Masked("  " + a119 + "yz"), a119 + "y");
  EXPECT_EQ(Masked(std::string(500, 'x')), std::string(120, 'x'));
}

TEST(Mask, ReadsALongHostileLineOnce) {
  // Quadratic work would take minutes.
  EXPECT_EQ(Masked(std::string(4 << 20, '.')), std::string(120, '.'));
  EXPECT_EQ(Masked(std::string(4 << 20, ':')), std::string(120, ':'));
  EXPECT_EQ(Masked("x" + std::string(4 << 20, '-')), "x" + std::string(119, '-'));
}

TEST(MessageClass, HasFixedClassesForKnownReasons) {
  const struct {
    const char *reason, *message, *message_class;
  } kCases[] = {
      {"FailedScheduling", "0/3 nodes are available", "unschedulable"},
      {"FailedScheduling", "", "unschedulable"},
      {"FailedCreate", "pods \"x\" is forbidden: exceeded quota: q", "quota"},
      {"FailedCreate", "pods \"x\" is forbidden: no", "forbidden"},
      {"FailedCreate", "other", "create"},
      {"FailedMount", "volume \"c\" : configmap \"m\" not found", "configmap missing"},
      {"FailedMount", "volume \"c\" : secret \"m\" not found", "secret missing"},
      {"FailedMount", "configmap is odd; timed out waiting", "timeout"},
      {"FailedMount", "exit status 32", "mount"},
      {"FailedAttachVolume", "x", "attach"},
      {"Unhealthy", "Readiness probe failed: 500", "readiness"},
      {"Unhealthy", "Liveness probe errored", "liveness"},
      {"Unhealthy", "Startup probe failed", "startup"},
      {"Unhealthy", "The Startup probe failed 3 times",
       "The Startup probe failed * times"},
      {"BackOff", "Back-off pulling image \"x\"", "image"},
      {"BackOff", "Back-off restarting failed container", "container"},
      {"BackOff", "Back-off 5m", "Back-off *"},
      {"Failed", "Error: ErrImagePull", "ErrImagePull"},
      {"Failed", "Failed to pull image \"x:1\": rpc error", "Failed to pull image"},
      {"Failed", "Error: cannot find 12 things: x", "cannot find * things"},
      {"Killing", "Stopping container app", "Stopping container app"},
      {"failedscheduling", "x", "x"},
  };
  for (const auto& c : kCases) {
    EXPECT_EQ(ClassText(c.reason, c.message), c.message_class)
        << c.reason << ": " << c.message;
  }
}

TEST(MessageClass, LooksAtTheFirstLineOnly) {
  EXPECT_EQ(ClassText("X", "one\ntwo"), "one");
  EXPECT_EQ(ClassText("X", "one\rtwo"), "one");
  EXPECT_EQ(ClassText("FailedCreate", "pods\nexceeded quota"), "create");
  EXPECT_EQ(ClassText("X", "\none"), "");
}

TEST(MessageClass, DropsLeadingSpacesAndThePrefixOfCombinedEvents) {
  EXPECT_EQ(ClassText("X", "(combined from similar events): one"), "one");
  EXPECT_EQ(ClassText("Unhealthy", "  (combined from similar events): Readiness probe"),
            "readiness");
  EXPECT_EQ(ClassText("X", "(combined from similar events)"),
            "(combined from similar events)");
}

TEST(MessageClass, SaysWhetherItWasMadeFromTheMessage) {
  char buffer[kMaxClassBytes];
  Event event = PodEvent("u", "1");
  EXPECT_FALSE(ClassOf(event, "api", buffer).masked);
  event.message = "else";
  EXPECT_TRUE(ClassOf(event, "api", buffer).masked);
  event.reason = "Failed";
  EXPECT_TRUE(ClassOf(event, "api", buffer).masked);
}

}  // namespace
}  // namespace k8sentry::internal
