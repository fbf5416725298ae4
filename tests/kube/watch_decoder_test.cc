// docs/semantics.md 13, sentence by sentence: text, documents, faults, Lists, the cap,
// kinds of documents. Fields are event_decode_test.cc's.
#include "k8sentry/watch_decoder.h"

#include "tests/kube/decoding.h"

namespace k8sentry {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::StartsWith;

std::uint64_t BlankLines(std::string_view text) {
  WatchDecoder decoder;
  decoder.Feed(text);
  decoder.End(StreamEnd::kFile);
  while (!decoder.NextEvents().empty()) {
  }
  return decoder.counters().blank_lines;
}

TEST(WatchDecoder, ReadsOneDocumentPerLine) {
  EXPECT_THAT(Frames(FrameJson("ADDED", "a") + "\n" + FrameJson("MODIFIED", "b") +
                     "\r\n" + FrameJson("DELETED", "c") + "\n"),
              ElementsAre("ADDED:a", "MODIFIED:b", "DELETED:c"));
}

TEST(WatchDecoder, SkipsOneByteOrderMarkAtTheStart) {
  EXPECT_THAT(Frames("\xEF\xBB\xBF" + FrameJson("ADDED", "a") + "\n"),
              ElementsAre("ADDED:a"));
  EXPECT_THAT(Frames("\xEF\xBB\xBF\xEF\xBB\xBF" + FrameJson("ADDED", "a") + "\n"),
              ElementsAre("malformed:\xEF\xBB\xBF" + FrameJson("ADDED", "a")));
  EXPECT_THAT(Frames(FrameJson("ADDED", "a") + "\n\xEF\xBB\xBF\n"),
              ElementsAre("ADDED:a", "malformed:\xEF\xBB\xBF"));
}

TEST(WatchDecoder, TakesTheBeginningOfAByteOrderMarkForGarbage) {
  EXPECT_THAT(Frames("\xEF\xBB{}\n" + EventJson("a")),
              ElementsAre("malformed:\xEF\xBB{}", "object:a"));
  EXPECT_THAT(Frames("\xEF\xBB"), ElementsAre("malformed:\xEF\xBB"));
}

TEST(WatchDecoder, CountsBlankLines) {
  const std::string a = EventJson("a");
  EXPECT_EQ(BlankLines("\n \t\r\n" + a + "\n"), 2u);
  EXPECT_EQ(BlankLines(a + " \r\n" + a + "\n"), 0u) << "the rest of a document's line";
  EXPECT_EQ(BlankLines(a + "\n\n\r\n" + a + "\n"), 2u);
  EXPECT_EQ(BlankLines("garbage\n\n" + a), 1u);
  EXPECT_EQ(BlankLines("{\"a\":\n\n\n1}\n"), 0u) << "inside of a document";
  EXPECT_EQ(BlankLines("\xEF\xBB\xBF\n" + a), 1u);
}

TEST(WatchDecoder, ReadsSeveralDocumentsOnALine) {
  EXPECT_THAT(Frames(EventJson("a") + EventJson("b") + " " + FrameJson("ADDED", "c") +
                     "\n" + FrameJson("ADDED", "d") + "\n"),
              ElementsAre("object:a", "object:b", "ADDED:c", "ADDED:d"));
}

TEST(WatchDecoder, TakesWhatIsNoObjectForGarbageUpToTheEndOfTheLine) {
  EXPECT_THAT(Frames("no {\"kind\"\n" + EventJson("a") + " rest\r\n[1]\n5"),
              ElementsAre("malformed:no {\"kind\"", "object:a", "malformed:rest",
                          "malformed:[1]", "malformed:5"));
}

TEST(WatchDecoder, ReadsPrettyPrintedDocuments) {
  EXPECT_THAT(Frames(Pretty(FrameJson("ADDED", "a")) + "\n" + Pretty(EventJson("b")) +
                     "\n" + FrameJson("ADDED", "c") + "\n" + Pretty(EventJson("d"))),
              ElementsAre("ADDED:a", "object:b", "ADDED:c", "object:d"));
}

TEST(WatchDecoder, EndsADocumentAtABracketThatDoesNotMatch) {
  for (const std::string broken : {R"({"a":[})", R"({"a":{]})", R"({"a":]})"}) {
    EXPECT_THAT(Frames(broken + EventJson("x") + "\n" + EventJson("a")),
                ElementsAre("malformed:" + broken + EventJson("x"), "object:a"))
        << broken;
  }
}

// Both brackets are in a part that is skipped: only comparing them shows it.
TEST(WatchDecoder, EndsALineAtABracketThatDoesNotMatchWhereNothingIsRead) {
  const std::string line =
      R"({"type":"ADDED","object":{"kind":"Event","metadata":{"managedFields":[{"a":[}]})";
  EXPECT_THAT(Frames(line + "}]}}}\n" + FrameJson("ADDED", "b") + "\n"),
              ElementsAre("malformed:" + line + "}]}}}", "ADDED:b"));
}

TEST(WatchDecoder, ReadsADepthOf1024) {
  const auto document = [](std::size_t depth) {
    return "{\"deep\":" + std::string(depth - 1, '[') + std::string(depth - 1, ']') +
           "," + EventJson("a").substr(1) + "\n" + EventJson("b");
  };
  EXPECT_THAT(Frames(document(1024)), ElementsAre("object:a", "object:b"));
  EXPECT_THAT(Frames(document(1025)),
              ElementsAre(StartsWith("malformed:"), "object:b"));
}

TEST(WatchDecoder, EndsADocumentAtARawLineFeedInAString) {
  for (const std::string cut : {R"({"a":"b)", R"({"a":"b\)", R"({"a":"\")", R"({"a)"}) {
    EXPECT_THAT(Frames(cut + "\n" + FrameJson("ADDED", "a") + "\n"),
                ElementsAre("malformed:" + cut, "ADDED:a"))
        << cut;
  }
}

TEST(WatchDecoder, LetsATruncatedLineNotSwallowItsSuccessors) {
  for (const std::string cut : {R"({"a")", R"({"a":{"b":1,)", R"({"a":1)", R"({"a":[1)",
                                R"({"a":[{"b":1})", R"({"a":tr)"}) {
    EXPECT_THAT(Frames(cut + "\n" + FrameJson("ADDED", "a") + "\n"),
                ElementsAre("malformed:" + cut, "ADDED:a"))
        << cut;
  }
}

TEST(WatchDecoder, AllowsABraceAtTheBeginningOfALineWhereJsonAllowsAValue) {
  EXPECT_THAT(
      Frames("{\"x\":\n{},\"y\":[\n{},\n{}\n,\r\n\n{}]," + EventJson("a").substr(1)),
      ElementsAre("object:a"));
  EXPECT_THAT(Frames("{\"x\":1,\n{\"y\":2}\n"),
              ElementsAre("malformed:{\"x\":1,", "object:"));
}

TEST(WatchDecoder, ReadsALastLineOfAFileAndDiscardsThatOfAWatch) {
  const std::string text = FrameJson("ADDED", "a") + "\n" + FrameJson("ADDED", "b");
  EXPECT_THAT(Frames(text, StreamEnd::kFile), ElementsAre("ADDED:a", "ADDED:b"));
  EXPECT_THAT(Frames(text, StreamEnd::kWatch), ElementsAre("ADDED:a", "ADDED:b"))
      << "complete is complete";
  const std::string cut = text.substr(0, text.size() - 1);
  EXPECT_THAT(
      Frames(cut, StreamEnd::kFile),
      ElementsAre("ADDED:a",
                  "malformed:" +
                      FrameJson("ADDED", "b").substr(0, FrameJson("", "").size() + 5)));
  EXPECT_THAT(Frames(cut, StreamEnd::kWatch), ElementsAre("ADDED:a"));
  EXPECT_THAT(Frames("garbage", StreamEnd::kWatch), IsEmpty());
}

TEST(WatchDecoder, BeginsAnotherStreamAfterTheEnd) {
  WatchDecoder decoder;
  Frame frame;
  decoder.Feed("{\"cut\":[");
  decoder.End(StreamEnd::kWatch);
  EXPECT_TRUE(decoder.ended());
  EXPECT_FALSE(decoder.Next(frame));
  decoder.Feed("\xEF\xBB\xBF" + FrameJson("ADDED", "a"));
  EXPECT_FALSE(decoder.ended());
  ASSERT_TRUE(decoder.Next(frame));
  EXPECT_EQ(frame.uid, "a");
  EXPECT_EQ(decoder.counters().malformed, 0u);
}

TEST(WatchDecoder, ReadsAListItemByItemWhereverItsKindStands) {
  const std::string items = "\"items\":[" + EventJson("a") + "," + EventJson("b") +
                            " , " + EventJson("c") + "]";
  const std::string metadata = R"("metadata":{"resourceVersion":"9","continue":"t"})";
  for (const std::string& list :
       {"{" + items + ",\"kind\":\"List\"," + metadata + "}",
        "{\"kind\":\"EventList\"," + metadata + "," + items + "}"}) {
    for (const std::string& text : {list, list + "\n", Pretty(list) + "\n"}) {
      EXPECT_THAT(Frames(text), ElementsAre("item:a", "item:b", "item:c", "List:9"));
    }
  }
}

TEST(WatchDecoder, GivesAListsVersionAndContinueOnceItsEndHasBeenRead) {
  WatchDecoder decoder;
  decoder.Feed(R"({"metadata":{"resourceVersion":"9","continue":"t"},"items":[)" +
               EventJson("a"));
  EXPECT_EQ(decoder.NextEvents().size(), 1u);
  EXPECT_EQ(decoder.last_resource_version(), "");
  EXPECT_EQ(decoder.list_continue(), "");
  decoder.Feed("]}");
  EXPECT_TRUE(decoder.NextEvents().empty());
  EXPECT_EQ(decoder.last_resource_version(), "9");
  EXPECT_EQ(decoder.list_continue(), "t");
  decoder.Feed(R"({"metadata":{"resourceVersion":"10"},"items":[]})");
  EXPECT_TRUE(decoder.NextEvents().empty());
  EXPECT_EQ(decoder.list_continue(), "");
}

TEST(WatchDecoder, TakesOnlyAnArrayOfTheOutermostObjectForItems) {
  EXPECT_THAT(Frames(R"({"items":null,"kind":"List"})"), ElementsAre("object:"));
  EXPECT_THAT(Frames(R"({"spec":{"items":[1]},)" + EventJson("a").substr(1)),
              ElementsAre("object:a"));
  EXPECT_THAT(Frames(R"({"x":"items","y":[1],)" + EventJson("a").substr(1)),
              ElementsAre("object:a"));
  EXPECT_THAT(Frames(R"({"\u0069tems":[)" + EventJson("a") + "]}"),
              ElementsAre("item:a", "List:"))
      << "a key may be written with escapes";
  EXPECT_THAT(Frames(R"({"items" : 5, "items" :[)" + EventJson("a") + "]}"),
              ElementsAre("item:a", "List:"));
}

TEST(WatchDecoder, TakesADocumentWithItemsForAListWhateverElseItHolds) {
  for (const std::string begin : {"{", "{\n "}) {
    EXPECT_THAT(Frames(begin + R"("type":"ADDED","object":)" + EventJson("a") +
                       R"(,"items":[)" + EventJson("b") + "]}\n"),
                ElementsAre("item:b", "List:"));
  }
}

TEST(WatchDecoder, LetsAMalformedElementCostOneFrame) {
  EXPECT_THAT(
      Frames("{\"items\":[1,\"a,]b\",[{},1],{\"x\":01}," + EventJson("a") + " x , " +
             EventJson("b") + "]}\n"),
      ElementsAre("malformed:1", "malformed:\"a,]b\"", "malformed:[{},1]",
                  "malformed:{\"x\":01}", "item:a", "malformed:x", "item:b", "List:"));
}

TEST(WatchDecoder, LetsAFaultEndAListAndKeepsTheItemsBefore) {
  for (const std::string fault :
       {",{\"x\":\"", ",{\"x\":]", "}", ",{\"x\":1,", "", ",\"y\""}) {
    EXPECT_THAT(Frames("{\"items\":[" + EventJson("a") + fault + "\n" +
                       FrameJson("ADDED", "b") + "\n"),
                ElementsAre("item:a", StartsWith("malformed:"), "ADDED:b"))
        << fault;
  }
}

TEST(WatchDecoder, KnowsTheKindsOfDocuments) {
  const auto frame = [](const std::string& type) {
    return FrameJson(type, "a") + "\n";
  };
  EXPECT_THAT(
      Frames(frame("ADDED") + frame("MODIFIED") + frame("DELETED") + frame("BOOKMARK") +
             frame("ERROR")),
      ElementsAre("ADDED:a", "MODIFIED:a", "DELETED:a", "BOOKMARK:a", "ERROR:a"));
  EXPECT_THAT(Frames(frame("added")), ElementsAre(StartsWith("malformed:")));
  EXPECT_THAT(Frames(R"({"type":"Warning","object":5,)" + EventJson("a").substr(1)),
              ElementsAre("object:a"));
  EXPECT_THAT(Frames(R"({"type":5,"object":{},)" + EventJson("a").substr(1)),
              ElementsAre("object:a"));
}

TEST(WatchDecoder, LetsTheLastOfDuplicateKeysSayWhatADocumentIs) {
  EXPECT_THAT(Frames(R"({"type":"DELETED","object":)" + EventJson("a") +
                     R"(,"type":"ADDED","object":)" + EventJson("b") + "}"),
              ElementsAre("ADDED:b"));
  EXPECT_THAT(Frames(R"({"object":)" + EventJson("a") + R"(,"type":"DELETED"})"),
              ElementsAre("DELETED:a"));
  EXPECT_THAT(Frames(R"({"type":"ADDED","object":)" + EventJson("a") +
                     R"(,"object":null,"metadata":{"uid":"c"}})"),
              ElementsAre("object:c"));
}

TEST(WatchDecoder, CountsFramesThatCarryNoEvent) {
  WatchDecoder decoder;
  decoder.Feed(FrameJson("ADDED", "a") + "\n" +
               R"({"type":"ADDED","object":{"kind":"Pod"}})"
               "\n" +
               FrameJson("DELETED", "b") + "\n" + FrameJson("BOOKMARK", "c") + "\n" +
               R"({"type":"ERROR","object":{"code":410}})"
               "\n\nx\n");
  EXPECT_EQ(decoder.NextEvents().size(), 1u);
  EXPECT_EQ(Summary(decoder),
            "events 1 malformed 2 deleted 1 bookmarks 1 errors 1 blank 1 bytes " +
                std::to_string(decoder.counters().bytes) +
                R"( version 7 continue  error {"code":410} sample x initial 0)");
}

TEST(WatchDecoder, KnowsTheBookmarkThatEndsTheInitialEvents) {
  const auto bookmark = [](const std::string& annotations) {
    return R"({"type":"BOOKMARK","object":{"kind":"Event","metadata":{"resourceVersion":"5",)" +
           annotations + "}}}\n";
  };
  WatchDecoder decoder;
  decoder.Feed(bookmark(R"("annotations":{"k8s.io/initial-events-end":"false"})"));
  EXPECT_TRUE(decoder.NextEvents().empty());
  EXPECT_FALSE(decoder.initial_events_ended());
  decoder.Feed(
      bookmark(R"("annotations":{"x":"y","k8s.io/initial-events-end":"true"})"));
  EXPECT_TRUE(decoder.NextEvents().empty());
  EXPECT_TRUE(decoder.initial_events_ended());
  EXPECT_EQ(decoder.last_resource_version(), "5");
}

TEST(WatchDecoder, ReadsAFrameAsAnEventOnce) {
  WatchDecoder decoder;
  decoder.Feed(FrameJson("ADDED", "a") + "\n" + R"({"kind":"Pod"})");
  Frame frame;
  Event event;
  ASSERT_TRUE(decoder.Next(frame));
  EXPECT_TRUE(decoder.DecodeEvent(frame, event));
  EXPECT_TRUE(decoder.DecodeEvent(frame, event));
  EXPECT_EQ(event.reason, "R");
  EXPECT_EQ(decoder.counters().events, 1u);
  ASSERT_TRUE(decoder.Next(frame));
  EXPECT_FALSE(decoder.DecodeEvent(frame, event));
  EXPECT_EQ(decoder.counters().malformed, 1u);
}

TEST(WatchDecoder, RepairsInvalidUtf8AndLoneSurrogates) {
  std::string text = FrameJson("ADDED", "a\xFF\xE2\x82z\\ud800") + "\n";
  EXPECT_THAT(Frames(text + FrameJson("ADDED", "b") + "\n"),
              ElementsAre("ADDED:a\xEF\xBF\xBD\xEF\xBF\xBDz\xEF\xBF\xBD", "ADDED:b"));
}

TEST(WatchDecoder, TakesWhatIsNoJsonForMalformed) {
  for (const std::string value : {"\"\x01\"", "\"\t\"", "NaN", "01", "tru", "\"\\x\"",
                                  "1.", "", "'m'", "\"a\" \"b\"", "\"a\"b"}) {
    for (const std::string& text :
         {R"({"kind":"Event","message":)" + value + "}",
          R"({"type":"ADDED","object":{"kind":"Event","message":)" + value + "}}"}) {
      EXPECT_THAT(Frames(text + "\n" + EventJson("a")),
                  ElementsAre(StartsWith("malformed:"), "object:a"))
          << text;
    }
  }
}

TEST(WatchDecoder, KeepsTheBeginningOfTheLastMalformedFrame) {
  WatchDecoder decoder;
  decoder.Feed("short \r\n" + std::string(10000, 'x') + "\n");
  EXPECT_TRUE(decoder.NextEvents().empty());
  EXPECT_EQ(decoder.malformed_sample(), std::string(256, 'x'));
}

// kubectl 1.20 to 1.37, from 500 objects on.
TEST(WatchDecoder, ReadsThePagesWithWhichAWatchOfKubectlBegins) {
  const auto event = [](int i) {
    return R"({"kind":"Event","involvedObject":{},"metadata":{"uid":"u)" +
           std::to_string(i) + R"(","resourceVersion":")" + std::to_string(i) + "\"}}";
  };
  std::string stream;
  for (int page = 0; page < 2; ++page) {
    stream += R"({"type":"ADDED","object":{"apiVersion":"v1","items":[)";
    for (int i = 0; i < 100; ++i) {
      stream += (i == 0 ? "" : ",") + (i == 50 ? "{}" : event(page * 100 + i));
    }
    stream += R"(],"kind":"EventList","metadata":{"resourceVersion":"7"}}})"
              "\n";
  }
  stream += R"({"type":"ADDED","object":)" + event(200) + "}\n";
  WatchDecoder decoder;
  decoder.Feed(stream);
  std::vector<std::string> uids;
  for (auto events = decoder.NextEvents(); !events.empty();
       events = decoder.NextEvents()) {
    for (const Event& e : events) uids.emplace_back(e.uid);
  }
  ASSERT_EQ(uids.size(), 199u);
  EXPECT_EQ(uids.front(), "u0");
  EXPECT_EQ(uids.back(), "u200");
  EXPECT_EQ(decoder.counters().events, 199u);
  EXPECT_EQ(decoder.counters().malformed, 2u);  // the item {} of each page
}

TEST(WatchDecoder, ReadsNoPageInsideOfAPage) {
  WatchDecoder decoder;
  decoder.Feed(
      R"({"type":"ADDED","object":{"kind":"EventList","type":"ADDED","object":)"
      R"({"kind":"EventList","items":[{"kind":"Event"}]}}})"
      "\n");
  EXPECT_TRUE(decoder.NextEvents().empty());
  EXPECT_EQ(decoder.counters().malformed, 1u);
}

}  // namespace
}  // namespace k8sentry
