// What the source promises when all goes well. The failures: failure_matrix_test.cc.
#include <fstream>
#include <set>

#include "noted_log.h"
#include "scripted_cluster.h"

namespace k8sentry::internal {
namespace {

class ClusterSourceTest : public ScriptedCluster {};

TEST_F(ClusterSourceTest, ListsPageByPageAndWatchesFromTheListsVersion) {
  http.Answer(List("100", {EventObject("a", "7"), EventObject("b", "99")}, "to/ken=="));
  http.Answer(List("100", {EventObject("c", "3")}));
  http.Answer(OpenStream({Added("d", "101")}));
  Run();
  EXPECT_EQ(Asked(), (Lines{"list limit=500", "list limit=500&continue=to%2Fken%3D%3D",
                            "watch resourceVersion=100"}));
  EXPECT_EQ(told, (Lines{"a@7", "b@99", "c@3", "d@101"}));
  EXPECT_EQ(stale, Lines{});
  EXPECT_EQ(states, (Lines{"listing", "watching"}));
  EXPECT_EQ(source->counters().events, 4u);
}

TEST_F(ClusterSourceTest, AsksAsTheApiServerWantsToBeAsked) {
  options.cluster.server = "https://cluster:6443/prefix/";
  options.cluster.tls.server_name = "kubernetes";
  options.cluster.proxy = "http://proxy";
  options.cluster.token = Secret("t");
  http.Answer(List("5"));
  Run();
  const HttpRequest& list = http.requests()[0];
  EXPECT_EQ(list.url, "https://cluster:6443/prefix/api/v1/events?limit=500");
  EXPECT_EQ(list.method, "GET");
  EXPECT_EQ(list.group, ConnectionGroup::kList);
  EXPECT_TRUE(list.accept_gzip);
  EXPECT_EQ(list.headers[0].name + list.headers[0].value, "Acceptapplication/json");
  EXPECT_EQ(list.auth_header_name, "Authorization");
  EXPECT_EQ(list.auth_header_value.Reveal(), "Bearer t");
  EXPECT_EQ(list.tls.server_name, "kubernetes");
  EXPECT_EQ(list.proxy, "http://proxy");
  const HttpRequest& watch = http.requests()[1];
  EXPECT_TRUE(watch.url.starts_with(
      "https://cluster:6443/prefix/api/v1/events?watch=1&allowWatchBookmarks=true&"
      "resourceVersion=5&timeoutSeconds="))
      << watch.url;
  EXPECT_EQ(watch.group, ConnectionGroup::kWatch);
  EXPECT_FALSE(watch.accept_gzip);
}

TEST_F(ClusterSourceTest, LeavesTheChoiceOfEventsToTheApiServerWhenAskedTo) {
  options.field_selector = "type=Warning";
  http.Answer(List("5", {}, "more"));
  http.Answer(List("5"));
  http.Answer(OpenStream({Added("a", "7")}));
  Run();
  ASSERT_EQ(http.requests().size(), 3u);
  for (const HttpRequest& request : http.requests()) {
    EXPECT_THAT(request.url, ::testing::HasSubstr("&fieldSelector=type%3DWarning"));
  }
}

TEST_F(ClusterSourceTest, AsksForWatchesOfRandomLengthsAndEndsThemItselfMuchLater) {
  http.Answer(List("5"));
  for (int i = 0; i < 100; ++i)
    http.Answer(Stream({Added("a", std::to_string(10 + i))}));
  Run();
  std::set<int> lengths;
  for (std::size_t i = 1; i < 101; ++i) {
    const HttpRequest& watch = http.requests()[i];
    const int length = std::stoi(watch.url.substr(watch.url.rfind('=') + 1));
    EXPECT_GE(length, 240);
    EXPECT_LE(length, 300);
    EXPECT_EQ(watch.deadline, seconds(length + 30));
    lengths.insert(length);
  }
  EXPECT_GT(lengths.size(), 30u);
}

TEST_F(ClusterSourceTest, CallsItemsOlderThanTheLookbackStaleInTheFirstListOnly) {
  options.lookback = minutes(15);
  http.Answer(List("100", {EventObject("new", "1", minutes(14)),
                           EventObject("old", "2", minutes(16)),
                           EventObject("ahead", "3", -minutes(60))}));
  http.Answer(Stream({ErrorFrame(410, "Expired")}));
  http.Answer(List("200"));
  http.Answer(List("200", {EventObject("older", "150", minutes(60))}));
  Run();
  EXPECT_EQ(told, (Lines{"new@1", "ahead@3", "older@150"}));
  EXPECT_EQ(stale, Lines{"old@2"});
}

TEST_F(ClusterSourceTest, ReportsNothingOfTheFirstListWithLookbackZero) {
  options.lookback = Duration::zero();
  http.Answer(
      List("100", {EventObject("now", "2"), R"({"kind":"Event","reason":"no time",
      "involvedObject":{},"metadata":{"uid":"x","resourceVersion":"3"}})"}));
  http.Answer(OpenStream({Added("b", "101")}));
  Run();
  EXPECT_EQ(stale, (Lines{"now@2", "x@3"}));
  EXPECT_EQ(told, Lines{"b@101"});
}

TEST_F(ClusterSourceTest, ReadsAnEventHoweverItsBytesAreCut) {
  http.Answer(List("100"));
  const std::string frames = Added("a", "101") + Added("b", "102");
  std::vector<std::string> pieces;
  for (const char c : frames) pieces.emplace_back(1, c);
  http.Answer(OpenStream(pieces));
  Run();
  EXPECT_EQ(told, (Lines{"a@101", "b@102"}));
}

TEST_F(ClusterSourceTest, GivesBatchesOfAtMost64WhoseTextStaysUntilTheNextPoll) {
  std::vector<std::string> items;
  for (int i = 0; i < 200; ++i) items.push_back(EventObject(std::to_string(i), "9"));
  http.Answer(List("100", items));
  source = std::make_unique<ClusterSource>(options, http, NullLogger(), seed);
  source->Poll(now);
  http.Poll(now.steady);
  int next = 0;
  for (EventBatch batch = source->Poll(now); batch.state == SourceState::kEvents;
       batch = source->Poll(now)) {
    EXPECT_LE(batch.events.size(), 64u);
    http.Poll(now.steady);  // the watch begins; nothing may move under the batch
    for (const Event& event : batch.events)
      EXPECT_EQ(event.uid, std::to_string(next++));
  }
  EXPECT_EQ(next, 200);
}

TEST_F(ClusterSourceTest, DropsWhatLiesAtOrBelowTheMarkInAWatch) {
  http.Answer(List("100"));
  http.Answer(OpenStream({Added("a", "100"), Added("b", "99"), Added("c", "101"),
                          Added("c", "101"), Added("d", "1000"), Added("e", "999")}));
  Run();
  EXPECT_EQ(told, (Lines{"c@101", "d@1000"}));
  EXPECT_EQ(stale, (Lines{"a@100", "b@99", "c@101", "e@999"}));
}

TEST_F(ClusterSourceTest, MovesItsMarkWithDeletedFramesAndBookmarks) {
  http.Answer(List("100"));
  http.Answer(Stream({Deleted("a", "150")}));
  http.Answer(Stream(
      {R"({"type":"BOOKMARK","object":{"kind":"Event","metadata":{"resourceVersion":"160"}}})"
       "\n"}));
  Run();
  EXPECT_EQ(Asked(), (Lines{"list limit=500", "watch resourceVersion=100",
                            "watch resourceVersion=150", "watch resourceVersion=160"}));
  EXPECT_EQ(source->counters().deleted, 1u);
  EXPECT_EQ(source->counters().bookmarks, 1u);
}

TEST_F(ClusterSourceTest, WatchesSeveralNamespacesSideBySide) {
  options.namespaces = {"shop", "bank", "shop"};
  http.Answer(List("100", {EventObject("b", "1")}));
  http.Answer(List("300", {EventObject("s", "2")}));
  http.Answer(OpenStream({Added("bb", "101")}));
  http.Answer(OpenStream({Added("ss", "301")}));
  Run();
  std::set<std::string> urls;
  for (const HttpRequest& r : http.requests())
    urls.insert(r.url.substr(0, r.url.find('?')));
  EXPECT_EQ(urls,
            (std::set<std::string>{"https://cluster/api/v1/namespaces/bank/events",
                                   "https://cluster/api/v1/namespaces/shop/events"}));
  EXPECT_EQ((std::set<std::string>(told.begin(), told.end())),
            (std::set<std::string>{"b@1", "s@2", "bb@101", "ss@301"}));
  EXPECT_EQ(source->counters().events, 4u);
}

TEST_F(ClusterSourceTest, PausesTheServerWhenItCannotKeepUp) {
  http.Answer(List("100"));
  std::string piece;
  while (piece.size() < 100000) piece += Deleted("a", "101");
  http.Answer(OpenStream(std::vector<std::string>(200, piece)));  // 20 MB
  source = std::make_unique<ClusterSource>(options, http, NullLogger(), seed);
  source->Poll(now);
  http.Poll(now.steady);
  source->Poll(now);  // the list is over, the watch begins
  const auto before = source->counters().bytes;
  http.Poll(now.steady);  // hands out all it may
  source->Poll(now);
  EXPECT_GT(source->counters().bytes - before, 128u << 10);
  EXPECT_LT(source->counters().bytes - before, 256u << 10);
  Run();
  EXPECT_EQ(source->counters().bytes - before, 200 * piece.size());
}

TEST_F(ClusterSourceTest, SaysWhenItLivesOnAnOldCredential) {
  const std::string path = ::testing::TempDir() + "k8sentry_source_token";
  std::ofstream(path) << "good";
  options.cluster.token_file = path;
  NotedLog log;
  source = std::make_unique<ClusterSource>(options, http, log, seed);
  http.Answer(List("100"));
  http.Answer(Stream({Added("a", "101")}));
  Run();
  EXPECT_EQ(log.lines, Lines{});
  std::ofstream(path) << "";
  for (int i = 0; i < 5; ++i) {
    Pass(minutes(1));
    http.End(last_id());
    Run();
  }
  Run();
  ASSERT_FALSE(log.lines.empty());
  EXPECT_LE(log.lines.size(), 3u) << "not a line each time";
  EXPECT_EQ(log.lines[0].find("the credential cannot be fetched anew"), 0u);
}

TEST_F(ClusterSourceTest, LeavesNoRequestBehind) {
  http.Answer(List("100"));
  Run();
  EXPECT_EQ(http.open(), 1u);
  source.reset();
  EXPECT_EQ(http.open(), 0u);
}

TEST_F(ClusterSourceTest, RefusesOptionsThatCannotWork) {
  const auto code = [&](auto change) {
    ClusterSourceOptions changed = options;
    change(changed);
    return NewClusterSource(changed, http).status().code();
  };
  EXPECT_EQ(code([](auto&) {}), StatusCode::kOk);
  const auto bad = StatusCode::kInvalidArgument;
  EXPECT_EQ(code([](auto& o) { o.cluster.server = ""; }), bad);
  EXPECT_EQ(code([](auto& o) { o.cluster.server = "cluster:6443"; }), bad);
  EXPECT_EQ(code([](auto& o) { o.namespaces = {"a/../b"}; }), bad);
  EXPECT_EQ(code([](auto& o) { o.namespaces = {""}; }), bad);
  EXPECT_EQ(code([](auto& o) { o.watch.page_size = 0; }), bad);
  EXPECT_EQ(code([](auto& o) { o.watch.min_watch = {}; }), bad);
  EXPECT_EQ(code([](auto& o) { o.watch.max_watch = seconds(1); }), bad);
  EXPECT_EQ(code([](auto& o) { o.watch.min_backoff = {}; }), bad);
  EXPECT_EQ(code([](auto& o) { o.watch.max_backoff = milliseconds(1); }), bad);
}

}  // namespace
}  // namespace k8sentry::internal
