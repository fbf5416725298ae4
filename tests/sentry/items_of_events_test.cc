// What logs and breadcrumbs are made of an Event, and which trace it belongs to.
#include <gmock/gmock.h>

#include <map>

#include "k8sentry/sentry_items.h"
#include "tests/sentry/stories.h"

namespace k8sentry {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;
using testing::StoryNamed;

std::map<std::string, std::string> AttributesOf(const SentryLog& log) {
  std::map<std::string, std::string> texts;
  for (const SentryAttribute& attribute : log.attributes) {
    const auto* text = std::get_if<std::string>(&attribute.value);
    const auto* number = std::get_if<std::int64_t>(&attribute.value);
    EXPECT_TRUE(
        texts.emplace(attribute.name, text ? *text : std::to_string(*number)).second)
        << "twice: " << attribute.name;
  }
  return texts;
}

TEST(TraceOf, IsTheUidOfTheObject) {
  const Telling telling = StoryNamed("backoff");
  EXPECT_EQ(HexId(TraceOf(telling.event.view())), "ac702fcdde874b14bebccfb3f54c1fbb");
}

TEST(TraceOf, TakesTheHashOfAStaticPodAsItsUid) {
  Event event;
  event.involved_object.uid = "ABCDEF0123456789abcdef0123456789";
  EXPECT_EQ(HexId(TraceOf(event)), "abcdef0123456789abcdef0123456789");
}

TEST(TraceOf, IsTheSameForOneObjectAndNeverNone) {
  Event node;
  node.uid = "1";
  node.involved_object = {.kind = "Node", .name = "worker-1", .uid = "worker-1"};
  Event again = node;
  again.uid = "2";
  EXPECT_EQ(TraceOf(node), TraceOf(again));
  again.involved_object.uid = "worker-2";
  EXPECT_NE(TraceOf(node), TraceOf(again));

  Event nameless;
  nameless.uid = "1";
  Event named = nameless;
  named.involved_object.name = "web";
  Event zeros = nameless;
  zeros.involved_object.uid = "00000000-0000-0000-0000-000000000000";
  for (const Event& event : {Event(), nameless, named, zeros, node}) {
    EXPECT_NE(TraceOf(event), TraceId());
    EXPECT_EQ(TraceOf(event), TraceOf(event));
  }
  EXPECT_NE(TraceOf(nameless), TraceOf(named));
  EXPECT_NE(TraceOf(nameless), TraceOf(Event()));
}

TEST(LogOf, NamesThingsAsOpenTelemetryDoes) {
  const Telling telling = StoryNamed("unhealthy");
  const SentryLog log = LogOf(telling.event.view());
  EXPECT_EQ(log.body,
            "Unhealthy: Readiness probe failed: dial tcp 10.244.0.6:8080: connect: "
            "connection refused");
  EXPECT_EQ(log.level, Level::kError);
  EXPECT_EQ(FormatTime(log.timestamp), "2026-11-21T03:12:13Z");
  EXPECT_EQ(log.trace_id, TraceOf(telling.event.view()));
  EXPECT_THAT(
      AttributesOf(log),
      ElementsAre(
          Pair("k8s.container.name", "ledger"), Pair("k8s.deployment.name", "ledger"),
          Pair("k8s.event.component", "kubelet"), Pair("k8s.event.count", "1"),
          Pair("k8s.event.reason", "Unhealthy"), Pair("k8s.event.type", "Warning"),
          Pair("k8s.event.uid", "80d290de-b137-4bf9-ae0c-c77db78a22fc"),
          Pair("k8s.namespace.name", "payments"), Pair("k8s.node.name", "localhost"),
          Pair("k8s.object.kind", "Pod"),
          Pair("k8s.pod.name", "ledger-55469f55d9-sslhh"),
          Pair("k8s.pod.uid", "ba3aaccf-dcca-44bf-956d-f9d4094d59fb"),
          Pair("sentry.origin", "auto.k8s.event")));
}

TEST(LogOf, NamesANodeOnce) {
  const auto attributes =
      AttributesOf(LogOf(StoryNamed("cluster-scoped").event.view()));
  EXPECT_EQ(attributes.at("k8s.node.name"), "localhost");
  EXPECT_EQ(attributes.at("k8s.node.uid"), "3c82d12b-8cf9-43a8-aee8-db9dc9cd9f49");
  EXPECT_FALSE(attributes.contains("k8s.namespace.name"));
}

TEST(LogOf, HasTheLevelOfTheIssue) {
  EXPECT_EQ(LogOf(StoryNamed("normal-backoff").event.view()).level, Level::kInfo);
  EXPECT_EQ(LogOf(StoryNamed("cluster-scoped").event.view()).level, Level::kWarning);
  EXPECT_EQ(LogOf(StoryNamed("backoff").event.view(), {.error_reasons = {}}).level,
            Level::kWarning);
}

TEST(LogOf, AnEventWithNothingInItIsALogAllTheSame) {
  const SentryLog log = LogOf(Event());
  EXPECT_EQ(log.body, "");
  EXPECT_NE(log.trace_id, TraceId());
}

TEST(LogOf, AndBreadcrumbOfAreBoundedWhateverTheTextIs) {
  const std::string text(10 << 20, 'x');
  Event event;
  event.message = event.reason = event.involved_object.name = event.type = text;
  event.involved_object.kind = text;
  std::size_t bytes = LogOf(event).body.size();
  for (const SentryAttribute& attribute : LogOf(event).attributes) {
    bytes += attribute.name.size();
    if (const auto* value = std::get_if<std::string>(&attribute.value)) {
      bytes += value->size();
    }
  }
  EXPECT_LT(bytes, 200000u);
  EXPECT_LT(BreadcrumbOf(event).message.size(), 100000u);
}

TEST(BreadcrumbOf, TellsWhatHappenedToWhom) {
  const Breadcrumb breadcrumb = BreadcrumbOf(StoryNamed("still-firing").event.view());
  EXPECT_EQ(breadcrumb.category, "k8s.event");
  EXPECT_EQ(breadcrumb.type, "error");
  EXPECT_EQ(breadcrumb.level, Level::kError);
  EXPECT_EQ(FormatTime(breadcrumb.timestamp), "2026-11-21T03:22:13Z");
  EXPECT_THAT(breadcrumb.message, ::testing::StartsWith("Unhealthy: Readiness probe"));
  EXPECT_THAT(breadcrumb.data,
              ElementsAre(Pair("kind", "Pod"), Pair("name", "ledger-55469f55d9-sslhh"),
                          Pair("container", "ledger"), Pair("component", "kubelet"),
                          Pair("node", "localhost"), Pair("count", "58")));
  EXPECT_EQ(BreadcrumbOf(StoryNamed("normal-backoff").event.view()).type, "info");
}

}  // namespace
}  // namespace k8sentry
