// The release of an issue and of a log.
#include "sentry/release.h"

#include <gtest/gtest.h>

#include "k8sentry/sentry_reporter.h"
#include "sentry/items.h"
#include "tests/sentry/stories.h"

namespace k8sentry::internal {
namespace {

using testing::TellingOf;

// An Event of a Pod whose Deployment `api` is known.
Event Owned(std::string_view release, std::string_view version) {
  Event event;
  event.reason = "BackOff";
  event.type = "Warning";
  event.involved_object = {
      .kind = "Pod", .namespace_ = "shop", .name = "api-7fcc74b976-bwxc2"};
  event.owner = {"Deployment", "api", release, version};
  return event;
}

Event Saying(std::string_view reason, std::string_view message) {
  Event event;
  event.reason = reason;
  event.message = message;
  return event;
}

std::string Of(const Event& event, const SentryOptions& options = {}) {
  return ReleaseOf(event, options, Scrubber());
}

std::string OfImage(std::string_view image) {
  const std::string message = "Back-off pulling image \"" + std::string(image) + '"';
  return Of(Saying("BackOff", message));
}

TEST(Release, IsTheAnnotationElseTheWorkloadAtItsLabel) {
  EXPECT_EQ(Of(Owned("", "")), "");
  EXPECT_EQ(Of(Owned("", "1.2.3+4")), "api@1.2.3+4");
  EXPECT_EQ(Of(Owned("shop@9", "")), "shop@9");
  EXPECT_EQ(Of(Owned("shop@9", "1.2.3")), "shop@9");
}

TEST(Release, NamesTheWorkloadByThePodWhereNobodyKnowsTheOwner) {
  Event event = Owned("", "7");
  event.owner.kind = event.owner.name = {};
  EXPECT_EQ(Of(event), "api@7");
  event.involved_object.name = "runner";
  EXPECT_EQ(Of(event), "runner@7");
}

TEST(Release, OfTheOptionsWinsOverAll) {
  EXPECT_EQ(Of(Owned("shop@9", "1"), {.release = "mine@1"}), "mine@1");
  const SentryOptions off{.release = "mine@1",
                          .workload_release = WorkloadRelease::kOff};
  EXPECT_EQ(Of(Owned("shop@9", "1"), off), "mine@1");
}

TEST(Release, OfWorkloadsCanBeTurnedOff) {
  const SentryOptions off{.workload_release = WorkloadRelease::kOff};
  EXPECT_EQ(Of(Owned("shop@9", "1"), off), "");
  EXPECT_EQ(Of(Saying("Pulling", "Pulling image \"a:1\""), off), "");
}

TEST(Release, IsTheTagOfTheImageThatTheKubeletNames) {
  const std::pair<const char*, const char*> messages[] = {
      {"Pulling", R"(Pulling image "ghcr.io/team/app:1.2.3")"},
      {"Pulled", R"(Successfully pulled image "app:1.2.3" in 12ms. Image size: 1)"},
      {"Pulled", R"(Container image "app:1.2.3" already present on machine)"},
      {"Failed", R"(Failed to pull image "app:1.2.3": rpc error: image "b:2")"},
      {"BackOff", R"(Back-off pulling image "app:1.2.3": ErrImagePull: no)"},
      {"InspectFailed", R"(Failed to inspect image "app:1.2.3": timeout)"},
      {"ErrImageNeverPull",
       R"(Container image "app:1.2.3" is not present with pull policy of Never)"},
  };
  for (const auto& [reason, message] : messages) {
    EXPECT_EQ(Of(Saying(reason, message)), "app@1.2.3") << message;
  }
  EXPECT_EQ(Of(Saying("Unhealthy", R"(Pulling image "app:1.2.3")")), "")
      << "what a probe says is not the kubelet's word";
  EXPECT_EQ(Of(Saying("BackOff", R"(Back-off pulling image "app:1.2.3)")), "");
  EXPECT_EQ(Of(Saying("BackOff", "Back-off restarting failed container")), "");
}

TEST(Release, OfAnImageHasNeitherItsRegistryNorItsDigest) {
  const std::pair<const char*, const char*> images[] = {
      {"app:1", "app@1"},
      {"registry:5000/team/app:v1.2_rc-3", "app@v1.2_rc-3"},
      {"127.0.0.1:1/frontend:2.0.1", "frontend@2.0.1"},
      {"app:1.2@sha256:0123456789abcdef", "app@1.2"},
      {"app@sha256:0123456789abcdef", ""},
      {"registry:5000/app", ""},
      {"app", ""},
      {"app:latest", ""},
      {"app:", ""},
      {":1", ""},
      {"", ""},
      {"a b:1", ""},
      {"app:1:2", ""},
      {"app:1\\n2", ""},
      {"app:$(x)", ""},
      {"registry/:1", ""},
  };
  for (const auto& [image, release] : images)
    EXPECT_EQ(OfImage(image), release) << image;
  EXPECT_EQ(OfImage("app:" + std::string(129, '1')), "");
}

TEST(Release, OfTheLabelWinsOverTheImage) {
  Event event = Owned("", "1");
  event.message = R"(Back-off pulling image "app:2")";
  EXPECT_EQ(Of(event), "api@1");
  event.owner.version = {};
  EXPECT_EQ(Of(event), "app@2");
}

TEST(Release, IsWhatSentryTakes) {
  const std::pair<const char*, const char*> releases[] = {
      {"team/shop\\api@1", "team-shop-api@1"},
      {" shop@1\n", "shop@1"},
      {"a\tb\r\nc", "a b  c"},
      {".", ""},
      {"..", ""},
      {" \t ", ""},
      {"/", "-"},
      // What names a build best must not be taken for a secret.
      {"shop@0123456789abcdef0123456789abcdef01234567",
       "shop@0123456789abcdef0123456789abcdef01234567"},
  };
  for (const auto& [release, sent] : releases) {
    EXPECT_EQ(Of(Owned(release, "")), sent) << release;
  }
  const std::string sent = Of(Owned(std::string(300, 'x'), ""));
  EXPECT_EQ(sent.size(), 200u);
  EXPECT_TRUE(sent.ends_with("xx...")) << sent;
  EXPECT_EQ(Of(Owned(".", "2")), "api@2") << "what cannot be used is not there";
  EXPECT_EQ(Of(Owned("", " ")), "");
  EXPECT_EQ(Of(Owned("", "feature/x")), "api@feature-x");
  EXPECT_EQ(Of(Owned("", ".")), "") << "a version that says nothing";
}

TEST(Release, HoldsNoSecret) {
  EXPECT_EQ(Of(Owned("https://user:hunter2@host", "")).find("hunter2"),
            std::string::npos);
}

TEST(Release, IsInTheIssueAndItsTrace) {
  Telling telling = TellingOf("BackOff", R"(Back-off pulling image "team/app:1.2.3")");
  EXPECT_EQ(IssueToSend(telling, {}, Scrubber()).release, "app@1.2.3");
  const SentryOptions options{.dsn = *ParseDsn("https://key@o42.ingest.sentry.io/1")};
  const std::string envelope = SentryEnvelope(telling, options, testing::StorySentAt());
  const std::size_t first = envelope.find(R"("release":"app@1.2.3")");
  ASSERT_NE(first, envelope.npos);
  EXPECT_NE(envelope.find(R"("release":"app@1.2.3")", first + 1), envelope.npos);
}

TEST(Release, IsInTheLogOnce) {
  const auto payload = [](const SentryOptions& options) {
    const Event event = Owned("", "1.2.3");
    std::string out;
    AppendLogPayload(LogToSend(event, options, Scrubber()), options, out);
    return out;
  };
  const auto has = [](const std::string& text, std::string_view release) {
    const std::string wanted =
        R"("sentry.release":{"value":")" + std::string(release) + '"';
    return text.find(wanted) != text.npos;
  };
  EXPECT_TRUE(has(payload({}), "api@1.2.3"));
  EXPECT_TRUE(has(payload({.release = "mine@1"}), "mine@1"));
  EXPECT_EQ(payload({.release = "mine@1"}).find("api@1.2.3"), std::string::npos);
  EXPECT_EQ(payload({.workload_release = WorkloadRelease::kOff}).find("sentry.release"),
            std::string::npos);
}

}  // namespace
}  // namespace k8sentry::internal
