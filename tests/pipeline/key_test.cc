#include "k8sentry/key.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <list>
#include <random>
#include <set>

#include "pipeline/key_builder.h"
#include "tests/pipeline/test_event.h"

namespace k8sentry {
namespace {

using internal::KeyBuffer;
using internal::KeyBuilder;
using testing::ElementsAre;

class Keys : public testing::Test {
 protected:
  Key Of(const Event& event) {
    KeyBuffer buffer;
    const KeyView key = builder_.Build(event, buffer);
    hash_ = key.hash;
    return ToKey(key);
  }
  KeyBuilder builder_{""};
  std::uint64_t hash_ = 0;
};

TEST_F(Keys, AreFingerprintsInAFixedOrder) {
  KeyBuilder builder("prod");
  KeyBuffer buffer;
  const Event event = PodEvent("u", "1");
  EXPECT_THAT(ToKey(builder.Build(event, buffer)).fingerprint(),
              ElementsAre("k8s", "cluster:prod", "namespace:shop", "workload:api",
                          "container:app", "reason:BackOff", "class:container"));
}

TEST_F(Keys, LeaveAbsentPartsOut) {
  Event event = PodEvent("u", "1");
  event.involved_object.kind = "Node";
  event.involved_object.namespace_ = "";
  event.involved_object.name = "worker-1";
  event.involved_object.field_path = "spec.containers{";
  event.message = "";
  event.reason = "NodeNotReady";
  EXPECT_THAT(Of(event).fingerprint(),
              ElementsAre("k8s", "workload:worker-1", "reason:NodeNotReady"));
  EXPECT_THAT(Key().fingerprint(), ElementsAre("k8s"));
}

TEST_F(Keys, TakeTheNamespaceOfTheInvolvedObject) {
  Event event = PodEvent("u", "1");
  event.namespace_ = "default";
  EXPECT_EQ(Of(event).namespace_, "shop");
}

TEST_F(Keys, AreEqualForPodsOfOneWorkload) {
  Event event = PodEvent("u", "1");
  const Key one = Of(event);
  const std::uint64_t hash = hash_;
  event.involved_object.name = "api-7fcc74b976-zzzzz";
  EXPECT_EQ(Of(event), one);
  EXPECT_EQ(hash_, hash);
  event.involved_object.name = "web-7fcc74b976-zzzzz";
  EXPECT_NE(Of(event), one);
  EXPECT_NE(hash_, hash);
}

TEST_F(Keys, HoldTheOwnersNameWhereItIsKnownAndNeverItsKind) {
  Event event = PodEvent("u", "1");
  const Key guessed = Of(event);
  event.owner = {"Rollout", "api"};
  EXPECT_EQ(Of(event), guessed);
  event.owner = {"Prometheus", "main"};
  EXPECT_EQ(Of(event).workload, "main");
}

TEST_F(Keys, CannotLookLikeVariables) {
  Event event = PodEvent("u", "1");
  event.reason = "{{ default }}\x01\x7f";
  event.involved_object.namespace_ = "{";
  event.involved_object.kind = "Thing";
  event.involved_object.name = "a{b}";
  event.involved_object.field_path = "spec.initContainers{a{b}c}";
  event.message = "{{ x }}";
  const Key key = Of(event);
  EXPECT_EQ(key.reason, "(( default ))  ");
  EXPECT_EQ(key.namespace_, "(");
  EXPECT_EQ(key.workload, "a(b)");
  EXPECT_EQ(key.container, "a(b)c");
  EXPECT_EQ(key.message_class, "(( x ))");

  const Key by_hand = {.reason = "{{ x }}\n"};
  EXPECT_THAT(by_hand.fingerprint(), ElementsAre("k8s", "reason:(( x )) "));
}

TEST_F(Keys, CutPartsAt256Bytes) {
  Event event = PodEvent("u", "1");
  std::string reason(255, 'r');
  reason += "\xC3\xA9";
  const std::string space(300, 'n');
  event.reason = reason;
  event.involved_object.namespace_ = space;
  const Key key = Of(event);
  EXPECT_EQ(key.reason, std::string(255, 'r'));
  EXPECT_EQ(key.namespace_, std::string(256, 'n'));
}

TEST_F(Keys, HaveSixteenMaskedClassesAndThenOther) {
  Event event = PodEvent("u", "1");
  event.reason = "Odd";
  for (char c = 'a'; c < 'a' + 16; ++c) {
    const std::string message = std::string("kind ") + c;
    event.message = message;
    EXPECT_EQ(Of(event).message_class, message);
  }
  event.message = "kind z";
  EXPECT_EQ(Of(event).message_class, "other");
  event.message = "kind a";
  EXPECT_EQ(Of(event).message_class, "kind a");  // known ones stay
  event.message = "kind z";
  event.involved_object.field_path = "";
  EXPECT_EQ(Of(event).message_class, "kind z");  // another group
  event.message = "";
  EXPECT_EQ(Of(event).message_class, "");
}

TEST_F(Keys, DoNotCountTheClassesOfTheTable) {
  Event event = PodEvent("u", "1");
  event.reason = "BackOff";
  event.message = "Back-off restarting failed container";
  Of(event);
  for (char c = 'a'; c < 'a' + 16; ++c) {
    const std::string message = std::string("kind ") + c;
    event.message = message;
    EXPECT_EQ(Of(event).message_class, message);
  }
  event.message = "Back-off pulling image";
  EXPECT_EQ(Of(event).message_class, "image");
}

TEST(ClassGroups, ForgetsTheGroupSeenLongestAgo) {
  internal::ClassGroups groups(2);
  const internal::Hash128 a{1, 1}, b{2, 2}, c{3, 3};
  for (std::uint64_t i = 0; i < 16; ++i) EXPECT_TRUE(groups.Admit(a, i));
  EXPECT_FALSE(groups.Admit(a, 16));
  EXPECT_TRUE(groups.Admit(b, 1));
  EXPECT_FALSE(groups.Admit(a, 16));  // seen again, so b is the oldest
  EXPECT_TRUE(groups.Admit(c, 1));
  EXPECT_FALSE(groups.Admit(a, 16));
  EXPECT_TRUE(groups.Admit(b, 1));  // c goes
  EXPECT_TRUE(groups.Admit(c, 1));  // a goes
  EXPECT_TRUE(groups.Admit(a, 16));
  EXPECT_EQ(groups.size(), 2u);
}

TEST(ClassGroups, AgreesWithAModelOnRandomClasses) {
  std::mt19937 random(1);
  internal::ClassGroups groups(20);
  std::list<std::pair<std::uint64_t, std::set<std::uint64_t>>> model;
  for (int i = 0; i < 50000; ++i) {
    const std::uint64_t group = std::min(random() % 60, random() % 60);
    const std::uint64_t message_class = random() % (group % 25 + 1);
    auto known = std::find_if(model.begin(), model.end(),
                              [&](const auto& g) { return g.first == group; });
    if (known == model.end()) {
      if (model.size() == 20) model.pop_front();
      known = model.insert(model.end(), {group, {}});
    }
    model.splice(model.end(), model, known);
    if (known->second.size() < 16) known->second.insert(message_class);
    ASSERT_EQ(groups.Admit({group << 40, group}, message_class),
              known->second.contains(message_class))
        << i;
  }
}

TEST(ClassGroups, TellsApartGroupsWhoseHashesAgreeInHalf) {
  internal::ClassGroups groups;
  for (std::uint64_t i = 0; i < 16; ++i) groups.Admit({1, 1}, i);
  EXPECT_TRUE(groups.Admit({1, 2}, 16));
}

}  // namespace
}  // namespace k8sentry
