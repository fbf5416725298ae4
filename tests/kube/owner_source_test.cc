#include "kube/owner_source.h"

#include "k8sentry/testing/fake_source.h"
#include "owner_cluster.h"

namespace k8sentry::internal {
namespace {

// Uids of Events tell their order; their owners are what the tests look at.
class OwnerSourceTest : public OwnerCluster {
 protected:
  OwnerSource& source() {
    if (!source_) {
      source_options.cluster = cluster;
      source_ = std::make_unique<OwnerSource>(inner, source_options, http, log, 1);
    }
    return *source_;
  }

  // An Event about a Pod of namespace shop.
  static OwnedEvent About(std::string_view uid, std::string_view pod,
                          bool stale = false) {
    Event event;
    event.uid = uid;
    event.stale = stale;
    event.reason = "BackOff";
    event.type = "Warning";
    event.involved_object = {.kind = "Pod", .namespace_ = "shop", .name = pod};
    return OwnedEvent(event);
  }
  static OwnedEvent AboutNode(std::string_view uid) {
    Event event;
    event.uid = uid;
    event.involved_object = {.kind = "Node", .name = "node-1"};
    return OwnedEvent(event);
  }

  // One Poll; notes "uid owner" of each Event. The state it gave.
  SourceState Poll() { return Note(source().Poll(now)); }
  SourceState Note(const EventBatch& batch) {
    EXPECT_LE(batch.events.size(), 64u);
    for (const Event& event : batch.events) {
      got.push_back(std::string(event.uid) + " " + std::string(event.owner.kind) + "/" +
                    std::string(event.owner.name));
    }
    return batch.state;
  }
  // Polls source and network until neither has anything to do at this time.
  void Run() {
    for (int i = 0; i < 10000; ++i) {
      if (Poll() == SourceState::kEvents) continue;
      if (http.NextDeadline() == SteadyTime::max() && !source().ready()) return;
      http.Poll(now.steady);
    }
    FAIL() << "the source goes round in circles";
  }
  // Uids alone, of what came.
  std::string Uids() const {
    std::string uids;
    for (const std::string& line : got) uids += line.substr(0, line.find(' ')) + " ";
    return uids;
  }

  testing::FakeSource inner;
  OwnerSourceOptions source_options;
  std::vector<std::string> got;

 private:
  std::unique_ptr<OwnerSource> source_;
};

constexpr char kApiPod[] = "api-7fcc74b976-bwxc2";

TEST_F(OwnerSourceTest, NamesTheOwner) {
  PutApi();
  inner.Give({About("1", kApiPod)});
  Run();
  EXPECT_EQ(got, Lines{"1 Deployment/api"});
}

TEST_F(OwnerSourceTest, KeepsTheOrderWhileOneWaits) {
  PutApi();
  PutPod("db-0", Ref("apps/v1", "StatefulSet", "db"));
  PutApps("statefulsets", Ref("apps/v1", "StatefulSet", "db"));
  inner.Give({AboutNode("1"), About("2", kApiPod), AboutNode("3"), About("4", "db-0"),
              About("5", kApiPod)});
  Poll();
  EXPECT_EQ(got, Lines{"1 /"}) << "what needs no answer does not wait";
  EXPECT_TRUE(source().holds_back());
  inner.Give({AboutNode("6")});
  Run();
  EXPECT_FALSE(source().holds_back());
  EXPECT_EQ(got, (Lines{"1 /", "2 Deployment/api", "3 /", "4 StatefulSet/db",
                        "5 Deployment/api", "6 /"}));
}

TEST_F(OwnerSourceTest, LetsAnEventPassAtOnceWhoseOwnerIsKnown) {
  PutApi();
  inner.Give({About("1", kApiPod)});
  Run();
  inner.Give({About("2", kApiPod)});
  EXPECT_EQ(Poll(), SourceState::kEvents);
  EXPECT_EQ(got.back(), "2 Deployment/api");
}

TEST_F(OwnerSourceTest, AsksForEventsThatWaitSideBySide) {
  all = testing::FakeHttpAnswer{.stay_open = true};
  inner.Give({About("1", "p1"), About("2", "p2"), About("3", "p3")});
  Poll();
  EXPECT_EQ(http.open(), 3u);
}

TEST_F(OwnerSourceTest, LetsAnEventWaitForSoLongAndNoLonger) {
  all = testing::FakeHttpAnswer{.stay_open = true};
  inner.Give({About("1", kApiPod), AboutNode("2")});
  Run();
  Pass(milliseconds(300));
  inner.Give({AboutNode("3"), About("4", "db-0")});
  Run();
  EXPECT_EQ(got, Lines{});
  EXPECT_EQ(source().NextDeadline(), now.steady + milliseconds(200));
  Pass(milliseconds(199));
  Run();
  EXPECT_EQ(got, Lines{});
  Pass(milliseconds(1));
  Run();
  EXPECT_EQ(Uids(), "1 2 3 ") << "from the arrival of each";
  EXPECT_EQ(source().NextDeadline(), now.steady + milliseconds(300));
  Pass(milliseconds(300));
  Run();
  EXPECT_EQ(Uids(), "1 2 3 4 ");
  EXPECT_EQ(got[0], "1 /") << "its name must do";
}

TEST_F(OwnerSourceTest, GivesWhatIsKnownOfAChainWhenTheTimeIsUp) {
  PutApi();
  objects["/apis/apps/v1/namespaces/shop/deployments/api"] = {.stay_open = true};
  inner.Give({About("1", kApiPod)});
  Run();
  EXPECT_EQ(got, Lines{});
  Pass(milliseconds(500));
  Run();
  EXPECT_EQ(got, Lines{"1 Deployment/api"});
}

TEST_F(OwnerSourceTest, WaitsForNothingWhenTheServerFails) {
  all = testing::FakeHttpAnswer{.status = 503};
  inner.Give({About("1", kApiPod)});
  Run();
  EXPECT_EQ(got, Lines{"1 /"});
  inner.Give({About("2", "db-0")});
  EXPECT_EQ(Poll(), SourceState::kEvents);
  EXPECT_EQ(http.requests().size(), 1u);
}

TEST_F(OwnerSourceTest, LetsTheOldestGoWhenTooManyWait) {
  source_options.max_waiting_events = 3;
  all = testing::FakeHttpAnswer{.stay_open = true};
  inner.Give({About("1", "p1"), About("2", "p2"), About("3", "p3")});
  Run();
  EXPECT_EQ(got, Lines{});
  inner.Give({About("4", "p4"), About("5", "p5")});
  Run();
  EXPECT_EQ(Uids(), "1 2 ");
}

TEST_F(OwnerSourceTest, LetsTheOldestGoWhenTooMuchWaits) {
  source_options.max_waiting_bytes = 100000;
  all = testing::FakeHttpAnswer{.stay_open = true};
  const OwnedEvent about = About("", "p");
  Event large = about.view();
  const std::string text(30000, 'x');
  large.message = text;
  for (const char* uid : {"1", "2", "3"}) {
    large.uid = uid;
    inner.Give({OwnedEvent(large)});
  }
  Run();
  EXPECT_EQ(got, Lines{});
  large.uid = "4";
  inner.Give({OwnedEvent(large)});
  Run();
  EXPECT_EQ(Uids(), "1 ");
}

TEST_F(OwnerSourceTest, NeverMakesTheReaderWait) {
  all = testing::FakeHttpAnswer{.stay_open = true};
  for (int i = 0; i < 20000; ++i) {
    inner.Give({About(std::to_string(i), "p")});
  }
  Run();
  EXPECT_EQ(inner.ready(), false);
  EXPECT_EQ(got.size(), 20000u - source_options.max_waiting_events);
}

TEST_F(OwnerSourceTest, GivesEverythingOnceBeforeItEnds) {
  for (const Status& end : {Status(), Status(StatusCode::kDataLoss, "cut")}) {
    testing::FakeSource ending;
    OwnerSource ended(ending, {.cluster = cluster}, http, log, 1);
    got.clear();
    all = testing::FakeHttpAnswer{.stay_open = true};
    ending.Give({AboutNode("1"), About("2", kApiPod), AboutNode("3")});
    ending.End(end);
    EXPECT_EQ(Note(ended.Poll(now)), SourceState::kEvents);
    EXPECT_EQ(Note(ended.Poll(now)), SourceState::kIdle);
    EXPECT_FALSE(ended.ready());
    Pass(milliseconds(500));
    EXPECT_EQ(Note(ended.Poll(now)), SourceState::kEvents);
    EXPECT_TRUE(ended.ready());
    EXPECT_EQ(Note(ended.Poll(now)),
              end.ok() ? SourceState::kEnded : SourceState::kFailed);
    EXPECT_EQ(Note(ended.Poll(now)),
              end.ok() ? SourceState::kEnded : SourceState::kFailed);
    EXPECT_EQ(Uids(), "1 2 3 ");
    EXPECT_EQ(ended.status(), end);
  }
}

TEST_F(OwnerSourceTest, GivesWhatWaitsAtAShutdown) {
  all = testing::FakeHttpAnswer{.stay_open = true};
  std::vector<OwnedEvent> events;
  for (int i = 100; i < 250; ++i) events.push_back(About(std::to_string(i), "p"));
  inner.Give(events);
  Run();
  EXPECT_EQ(got, Lines{});
  inner.Give({AboutNode("unread")});
  while (Note(source().Flush(now)) == SourceState::kEvents) continue;
  ASSERT_EQ(got.size(), 150u);
  EXPECT_EQ(got.front(), "100 /");
  EXPECT_EQ(got.back(), "249 /");
}

TEST_F(OwnerSourceTest, StandsBelowWhatWaits) {
  PutApi();
  inner.resume_point = ResumePoint{.marks = {{"events", "120", "120"}}};
  const OwnedEvent one = About("1", kApiPod), two = About("2", kApiPod);
  Event event = one.view();
  event.resource_version = "110";
  Event again = two.view();
  again.resource_version = "115";
  again.retell = true;
  inner.Give({OwnedEvent(event), OwnedEvent(again)});
  Poll();
  EXPECT_EQ(source().position()->marks,
            (std::vector<WatchMark>{{"events", "109", "109"}}));
  EXPECT_EQ(source().position()->unacknowledged,
            (std::vector<EventVersion>{{"2", "115"}}));
  Run();
  EXPECT_EQ(got.size(), 2u);
  EXPECT_EQ(source().position()->marks,
            (std::vector<WatchMark>{{"events", "120", "120"}}));
  EXPECT_EQ(source().position()->unacknowledged, std::vector<EventVersion>{});
}

TEST_F(OwnerSourceTest, CopiesAllOfAnEventThatWaits) {
  all = testing::FakeHttpAnswer{.stay_open = true};
  WatchDecoder decoder;
  decoder.Feed(R"({"type":"ADDED","object":{"kind":"Event","metadata":{"labels":)"
               R"({"a":"b"}},"involvedObject":{"kind":"Pod","namespace":"shop",)"
               R"("name":"p"},"message":"m"}})"
               "\n");
  const auto decoded = NewDecoderSource(decoder);
  OwnerSource waiting(*decoded, {.cluster = cluster}, http, log, 1);
  EXPECT_EQ(waiting.Poll(now).state, SourceState::kIdle);
  decoder.Feed("{\"type\":\"BOOKMARK\",\"object\":{}}\n");
  Pass(seconds(1));
  const EventBatch batch = waiting.Poll(now);
  ASSERT_EQ(batch.events.size(), 1u);
  const Event& event = batch.events[0];
  EXPECT_EQ(event.message, "m");
  EXPECT_EQ(event.labels, R"({"a":"b"})");
  EXPECT_TRUE(event.raw_object.starts_with(R"({"kind":"Event")")) << "ids need it";
  EXPECT_TRUE(event.raw_object.ends_with(R"("message":"m"})"));
}

TEST_F(OwnerSourceTest, AsksOnlyForWhatIsReported) {
  const auto filter = *NewFilter({.reason = {.include = {"OOMKilled"}}});
  source_options.filter = filter.get();
  inner.Give({About("1", "p1"), About("2", "p2", /*stale=*/true)});
  Run();
  EXPECT_EQ(Uids(), "1 2 ");
  EXPECT_EQ(http.requests().size(), 0u);
}

TEST_F(OwnerSourceTest, AsksNothingForStaleEvents) {
  inner.Give({About("1", "p1", /*stale=*/true)});
  EXPECT_EQ(Poll(), SourceState::kEvents);
  EXPECT_EQ(http.requests().size(), 0u);
}

TEST_F(OwnerSourceTest, LetsNothingWaitWithoutAWait) {
  source_options.max_wait = {};
  PutApi();
  inner.Give({About("1", kApiPod)});
  EXPECT_EQ(Poll(), SourceState::kEvents);
  Run();
  inner.Give({About("2", kApiPod)});
  Run();
  EXPECT_EQ(got, (Lines{"1 /", "2 Deployment/api"}));
}

TEST_F(OwnerSourceTest, LeavesWhatItGaveUntouchedUntilTheNextPoll) {
  PutApi();
  inner.Give({About("1", kApiPod)});
  Run();
  inner.Give({About("2", kApiPod), About("3", "db-0")});
  const EventBatch batch = source().Poll(now);
  ASSERT_EQ(batch.events.size(), 1u);
  http.Poll(now.steady);  // an answer comes meanwhile
  EXPECT_EQ(batch.events[0].owner.name, "api");
}

TEST_F(OwnerSourceTest, GivesEveryEventOnceAndInOrderWhateverTheServerDoes) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    Random random(seed);
    const auto pick = [&](std::uint64_t n) { return random.Next() % n; };
    testing::FakeHttpTransport server([&](const HttpRequest&) {
      const std::string body =
          MetadataBody("", pick(2) ? std::optional(ReplicaSet("r")) : std::nullopt);
      constexpr int kStatus[] = {200, 200, 200, 404, 403, 401, 429, 503, 0};
      return testing::FakeHttpAnswer{.status = kStatus[pick(9)],
                                     .body = {body},
                                     .end = Status(StatusCode::kUnavailable, "reset"),
                                     .stay_open = pick(3) == 0};
    });
    testing::FakeSource events;
    OwnerSource named(events,
                      {.cluster = cluster,
                       .max_wait = milliseconds(100 * pick(4)),
                       .max_waiting_events = 1 + pick(200),
                       .max_objects = 1 + pick(20)},
                      server, log, seed);
    got.clear();
    std::string expected;
    int next = 0;
    const auto give = [&] {
      std::vector<OwnedEvent> some;
      for (std::uint64_t i = pick(100); i > 0; --i) {
        const std::string uid = std::to_string(next++);
        expected += uid + " ";
        some.push_back(pick(3) == 0 ? AboutNode(uid)
                                    : About(uid, "p" + std::to_string(pick(30))));
      }
      events.Give(some);
    };
    SourceState state = SourceState::kIdle;
    for (int i = 0; i < 100000 && state != SourceState::kEnded; ++i) {
      if (i < 100 && pick(4) == 0) give();
      if (i == 100) events.End();
      if (pick(2)) server.Poll(now.steady);
      if (pick(5) == 0 && !server.requests().empty()) {
        server.End(1 + pick(server.requests().size()));
      }
      if (pick(5) == 0) Pass(milliseconds(pick(200)));
      state = Note(named.Poll(now));
    }
    EXPECT_EQ(state, SourceState::kEnded);
    ASSERT_EQ(Uids(), expected) << "seed " << seed;
  }
}

TEST_F(OwnerSourceTest, SaysOfItselfWhatTheInnerSourceSays) {
  inner.GiveMalformed();
  inner.fd = 7;
  inner.deadline = now.steady + seconds(3);
  EXPECT_EQ(source().counters().malformed, 1u);
  EXPECT_EQ(source().descriptor(), 7);
  EXPECT_EQ(source().NextDeadline(), now.steady + seconds(3));
  EXPECT_FALSE(source().ready());
  inner.Give({AboutNode("1")});
  EXPECT_TRUE(source().ready());
}

TEST_F(OwnerSourceTest, RefusesOptionsThatCannotWork) {
  const auto code = [&](auto change) {
    OwnerSourceOptions changed = {.cluster = cluster};
    change(changed);
    return NewOwnerSource(inner, changed, http).status().code();
  };
  EXPECT_EQ(code([](auto&) {}), StatusCode::kOk);
  const auto bad = StatusCode::kInvalidArgument;
  EXPECT_EQ(code([](auto& o) { o.cluster.server = "cluster"; }), bad);
  EXPECT_EQ(code([](auto& o) { o.max_wait = -seconds(1); }), bad);
  EXPECT_EQ(code([](auto& o) { o.max_wait = Duration::max(); }), bad);
  EXPECT_EQ(code([](auto& o) { o.max_waiting_events = 0; }), bad);
  EXPECT_EQ(code([](auto& o) { o.max_waiting_bytes = 0; }), bad);
  EXPECT_EQ(code([](auto& o) { o.max_objects = 0; }), bad);
  EXPECT_EQ(code([](auto& o) { o.max_requests = 0; }), bad);
}

}  // namespace
}  // namespace k8sentry::internal
