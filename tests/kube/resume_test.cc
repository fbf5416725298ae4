// What another run left is read on from where it stopped (docs/semantics.md 8).
#include "scripted_cluster.h"

namespace k8sentry::internal {
namespace {

testing::FakeHttpAnswer Identity(const std::string& uid) {
  return {.body = {R"({"kind":"PartialObjectMetadata","metadata":{"uid":")" + uid +
                   R"("}})"}};
}

class Resume : public ScriptedCluster {
 protected:
  // An earlier run had read up to 120; of what lay above 100 two were on their way.
  Resume() {
    options.resume = ResumePoint{.cluster_id = "c1",
                                 .marks = {{"events", "120", "100"}},
                                 .unacknowledged = {{"b", "105"}, {"c", "110"}}};
  }
  void SameCluster() {
    http.Answer(Identity("c1"));
    http.Answer(List("150"));
  }
};

TEST_F(Resume, WatchesFromTheMarkAndTellsAgainOnlyWhatNobodyAcknowledged) {
  SameCluster();
  http.Answer(OpenStream({Added("a", "101"), Added("b", "105"), Added("c", "110"),
                          Added("d", "120"), Added("e", "121")}));
  Run();
  EXPECT_EQ(Asked(), (Lines{"identify", "list limit=1", "watch resourceVersion=100"}));
  EXPECT_EQ(stale, (Lines{"a@101", "d@120"}));
  EXPECT_EQ(retold, (Lines{"b@105", "c@110"}));
  EXPECT_EQ(told, Lines{"e@121"});
  const ResumePoint point = *source->position();
  EXPECT_EQ(point.marks, (std::vector<WatchMark>{{"events", "121", "121"}}));
  EXPECT_EQ(point.unacknowledged, std::vector<EventVersion>{});
  EXPECT_EQ(point.cluster_id, "c1");
}

TEST_F(Resume, StillKnowsWhatIsLeftWhenItIsStoppedHalfWay) {
  SameCluster();
  http.Answer(OpenStream({Added("a", "101"), Added("b", "105")}));
  Run();
  const ResumePoint point = *source->position();
  EXPECT_EQ(point.marks, (std::vector<WatchMark>{{"events", "120", "105"}}));
  EXPECT_EQ(point.unacknowledged, (std::vector<EventVersion>{{"c", "110"}}));
}

TEST_F(Resume, ReadsAllPagesWhenTheMarkIsForgottenAndTellsWhatIsLeftOfItsObjects) {
  SameCluster();
  http.Answer(Stream({ErrorFrame(410, "Expired")}));
  http.Answer(List("150"));  // the probe before a relist
  // Of `b` there is only a later version; nothing told of it ever arrived.
  http.Answer(List("200", {EventObject("a", "101"), EventObject("b", "130"),
                           EventObject("d", "119"), EventObject("e", "140")}));
  Run();
  EXPECT_EQ(retold, Lines{"b@130"});
  EXPECT_EQ(stale, (Lines{"a@101", "d@119"}));
  EXPECT_EQ(told, Lines{"e@140"});
  EXPECT_EQ(Asked(-1), "watch resourceVersion=200");
  EXPECT_EQ(source->position()->unacknowledged, std::vector<EventVersion>{})
      << "`c` is gone for good";
}

TEST_F(Resume, DropsTheMarkWhenTheClusterIsAnotherOne) {
  http.Answer(Identity("c2"));
  http.Answer(List("500", {EventObject("x", "90"), EventObject("y", "400")}));
  Run();
  EXPECT_EQ(Asked(),
            (Lines{"identify", "list limit=500", "watch resourceVersion=500"}));
  EXPECT_EQ(told, (Lines{"x@90", "y@400"})) << "by the lookback, not by the old mark";
  EXPECT_EQ(source->position()->cluster_id, "c2");
  EXPECT_EQ(source->position()->unacknowledged, std::vector<EventVersion>{});
}

TEST_F(Resume, DropsTheMarkWhenTheStorageIsOlder) {
  http.Answer(Identity("c1"));
  http.Answer(List("50"));
  http.Answer(List("50", {EventObject("x", "40")}));
  Run();
  EXPECT_EQ(told, Lines{"x@40"});
  EXPECT_EQ(Asked(-1), "watch resourceVersion=50");
}

TEST_F(Resume, GoesByVersionsAloneWhereItMayNotKnowTheCluster) {
  http.Answer(Denied(403, "Forbidden"));
  http.Answer(List("150"));
  http.Answer(OpenStream({Added("e", "121")}));
  Run();
  EXPECT_EQ(told, Lines{"e@121"});
  EXPECT_EQ(states, Lines{"watching"}) << "that is nothing to complain of";
  EXPECT_EQ(source->position()->cluster_id, "c1");
}

TEST_F(Resume, AsksWhichClusterItIsAgainAfterAnOutage) {
  SameCluster();
  http.Answer(CutStream({}));
  http.Answer(Refused());
  http.Answer(Identity("c2"));
  http.Answer(List("900"));
  Run();
  PassBackoff();
  PassBackoff();
  EXPECT_EQ(source->position()->cluster_id, "c2");
  EXPECT_EQ(Asked(-1), "watch resourceVersion=900");
}

TEST_F(Resume, TriesAgainWhenTheServerIsAwayAtTheStart) {
  http.Answer(Refused());
  SameCluster();
  http.Answer(OpenStream({Added("e", "121")}));
  Run();
  PassBackoff();
  EXPECT_EQ(told, Lines{"e@121"});
}

TEST_F(Resume, BeginsWithAListWhenThereIsNothingToResume) {
  options.resume = ResumePoint{};
  http.Answer(Identity("c1"));
  http.Answer(List("100", {EventObject("a", "50")}));
  Run();
  EXPECT_EQ(Asked(),
            (Lines{"identify", "list limit=500", "watch resourceVersion=100"}));
  EXPECT_EQ(*&source->position()->marks,
            (std::vector<WatchMark>{{"events", "100", "100"}}));
}

TEST_F(Resume, TellsAgainWhatARunLeftThatDidNotEndItsFirstList) {
  options.resume->marks.clear();
  options.lookback = seconds(0);
  http.Answer(Identity("c1"));
  http.Answer(List("200", {EventObject("a", "101"), EventObject("b", "105")}, "next"));
  http.Answer({.body = {R"({"kind":"EventList","items":[)"}, .stay_open = true});
  Run();
  EXPECT_EQ(retold, Lines{"b@105"});
  EXPECT_EQ(stale, Lines{"a@101"});
  EXPECT_EQ(source->position()->unacknowledged,
            (std::vector<EventVersion>{{"c", "110"}}));
}

TEST_F(Resume, HasNoMarkBeforeTheFirstListsEnd) {
  options.resume = ResumePoint{};
  http.Answer(Identity("c1"));
  http.Answer(List("100", {EventObject("a", "50")}, "next"));
  http.Answer({.body = {R"({"kind":"EventList","items":[)"}, .stay_open = true});
  Run();
  EXPECT_EQ(told, Lines{"a@50"});
  EXPECT_EQ(source->position()->marks, std::vector<WatchMark>{});
}

TEST_F(Resume, KeepsAMarkForEachNamespace) {
  options.namespaces = {"blue", "red"};
  options.resume->marks = {{"events in red", "120", "120"}};
  http.Answer(Identity("c1"));  // blue
  http.Answer(Identity("c1"));  // red
  http.Answer(List("150"));     // blue lists,
  http.Answer(List("150"));     // red probes
  Run();
  const Lines asked = Asked();
  EXPECT_EQ(asked.back(), "watch resourceVersion=120");
  EXPECT_EQ(source->position()->marks,
            (std::vector<WatchMark>{{"events in blue", "150", "150"},
                                    {"events in red", "120", "120"}}));
}

}  // namespace
}  // namespace k8sentry::internal
