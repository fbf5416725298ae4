// Streams as a whole: the recordings, every way of cutting, sizes, memory.
#include "tests/kube/decoding.h"

namespace k8sentry {
namespace {

std::map<std::string, int> CountTypes(std::string_view text) {
  WatchDecoder decoder;
  decoder.Feed(text);
  decoder.End(StreamEnd::kFile);
  std::map<std::string, int> counts;
  for (Frame frame; decoder.Next(frame);) ++counts[std::string(NameOf(frame.type))];
  return counts;
}

using Counts = std::map<std::string, int>;

TEST(Recordings, HoldTheFramesThatTheyHold) {
  EXPECT_EQ(CountTypes(ReadRecording("kubernetes-1.37/events.watch.ndjson")),
            (Counts{{"ADDED", 593}, {"MODIFIED", 836}, {"BOOKMARK", 1}}));
  EXPECT_EQ(CountTypes(ReadRecording("kubernetes-1.37/events.k8s.io.watch.ndjson")),
            (Counts{{"ADDED", 593}, {"MODIFIED", 836}, {"BOOKMARK", 1}}));
  for (const char* name : {"kubernetes-1.37/events.watchlist.ndjson",
                           "kubernetes-1.20/events.watch.ndjson",
                           "kubernetes-1.20/events.k8s.io.watch.ndjson"}) {
    const std::string text = ReadRecording(name);
    Counts counts = CountTypes(text);
    int frames = 0;
    for (const auto& [type, count] : counts) frames += count;
    EXPECT_EQ(frames, std::count(text.begin(), text.end(), '\n')) << name;
    EXPECT_EQ(counts["malformed"], 0) << name;
  }
}

TEST(Recordings, HoldListsOfEvents) {
  for (const char* version : {"kubernetes-1.20", "kubernetes-1.37"}) {
    const std::string list = ReadRecording(std::string(version) + "/lists/events.json");
    const Said compact = Decode(list, Whole(), Through::kNextEvents);
    EXPECT_THAT(compact.summary, testing::HasSubstr("malformed 0 "));
    EXPECT_GT(compact.frames.size(), 100u);
    // The same over many lines; only the raw JSON differs.
    const auto without_raw = [](const Said& said) {
      std::vector<std::string> events = said.frames;
      for (std::string& event : events) {
        event.erase(event.find("|{"), event.rfind('}') - event.find("|{"));
      }
      return events;
    };
    EXPECT_EQ(without_raw(Decode(Pretty(list), Whole(), Through::kNextEvents)),
              without_raw(compact));
  }
}

TEST(Recordings, AreOtherResourcesToo) {
  WatchDecoder decoder;
  decoder.Feed(ReadRecording("kubernetes-1.37/lists/pods.json"));
  decoder.End(StreamEnd::kFile);
  int pods = 0;
  for (Frame frame; decoder.Next(frame);) {
    if (frame.type != FrameType::kListItem) continue;
    ++pods;
    EXPECT_EQ(frame.uid.size(), 36u);
    EXPECT_NE(frame.resource_version, "");
  }
  EXPECT_GT(pods, 5);
  EXPECT_NE(decoder.last_resource_version(), "");
  EXPECT_EQ(decoder.counters().malformed, 0u);
}

// Both API groups show the same stored object, so what differs is only the spelling.
TEST(Recordings, GiveTheSameEventsInBothSpellings) {
  for (const std::string version : {"kubernetes-1.20", "kubernetes-1.37"}) {
    std::map<std::string, std::string> events[2];
    int api = 0;
    for (const char* name : {"/events.watch.ndjson", "/events.k8s.io.watch.ndjson"}) {
      WatchDecoder decoder;
      decoder.Feed(ReadRecording(version + name));
      for (auto batch = decoder.NextEvents(); !batch.empty();
           batch = decoder.NextEvents()) {
        for (Event event : batch) {
          event.raw_object = {};
          events[api][std::string(event.uid) + "@" +
                      std::string(event.resource_version)] = Describe(event);
        }
      }
      ++api;
    }
    int common = 0;
    for (const auto& [key, event] : events[0]) {
      const auto other = events[1].find(key);
      if (other == events[1].end()) continue;
      ++common;
      EXPECT_EQ(event, other->second) << key;
    }
    EXPECT_GT(common, 500) << version;
  }
}

// Documents of every kind, whole and broken, with lines of every kind between them.
std::string Mixture() {
  const std::string a = FrameJson("ADDED", "a");
  const std::string list =
      "{\"items\":[" + EventJson("l1") + ",\n1,{\"x\":tru}," +
      EventJson(
          "l\xFF"
          "2\\ud800") +
      "],\"kind\":\"List\",\"metadata\":{\"resourceVersion\":\"3\"}}";
  return "\xEF\xBB\xBF\n" + a + "\n" + Pretty(EventJson("p")) + "\r\n \n" + list +
         "\n" + Pretty(list) + a + a + " junk\n" + a.substr(0, 40) + "\n" + a +
         "\nno\n\n" + FrameJson("DELETED", "d\\n") + "\n" + a.substr(0, a.size() - 1) +
         "]\n" + FrameJson("MODIFIED", "m\xFF") + "\n{\"a\":\"\\\n" + a +
         "\n{\"items\":[" + EventJson("i") + ",{\"x\":[}\n" + a +
         "\n{\"kind\":\"Event\",\"message\":\"\\u00e9\\ud83d\\ude00\",\"a\":[{\"b\":\n{"
         "}}]}\n" +
         FrameJson("BOOKMARK", "b") + "\n" + FrameJson("ERROR", "e") + "\n" +
         Pretty(FrameJson("ADDED", "q")) + Pretty(FrameJson("ADDED", "r")) +
         "\n{\"cut\":[1";
}

TEST(Cutting, ChangesNothingAtAnyByte) {
  const std::string text = Mixture();
  for (const Through through : {Through::kNext, Through::kNextEvents}) {
    for (const StreamEnd end : {StreamEnd::kFile, StreamEnd::kWatch}) {
      const Said whole = Decode(text, Whole(), through, end);
      EXPECT_GT(whole.frames.size(), 10u);
      for (std::size_t bytes = 1; bytes <= 9; ++bytes) {
        EXPECT_EQ(Decode(text, Pieces(bytes), through, end), whole) << bytes;
      }
      for (std::size_t cut = 1; cut < text.size(); ++cut) {
        bool first = true;
        const Said said = Decode(
            text,
            [&](std::size_t left) { return std::exchange(first, false) ? cut : left; },
            through, end);
        ASSERT_EQ(said, whole) << "cut at " << cut;
      }
    }
  }
}

TEST(Cutting, ChangesNothingInRecordings) {
  for (const char* name :
       {"kubernetes-1.37/events.watch.ndjson", "kubernetes-1.37/lists/events.json"}) {
    const std::string text = ReadRecording(name).substr(0, 120000);
    const Said whole = Decode(text, Whole(), Through::kNext);
    EXPECT_GT(whole.frames.size(), 50u);
    EXPECT_EQ(Decode(text, Pieces(1), Through::kNext), whole);
    for (unsigned seed = 0; seed < 8; ++seed) {
      EXPECT_EQ(Decode(text, RandomPieces(seed, 1u << (2 * seed)), Through::kNext),
                whole);
    }
  }
}

TEST(Cutting, ChangesNothingInStreamsBrokenAtRandom) {
  const std::string text =
      Mixture() + "\n" +
      ReadRecording("kubernetes-1.20/events.watch.ndjson").substr(0, 6000);
  std::mt19937 random(1);
  for (unsigned round = 0; round < 300; ++round) {
    std::string broken = text;
    for (unsigned i = 0; i < 1 + round % 12; ++i) {
      const std::size_t at = random() % broken.size();
      constexpr std::string_view kBytes =
          "{}[]\",:\\\n \r\xFF"
          "0tx\x01";
      if (random() % 3 == 0) {
        broken.erase(at, 1 + random() % 20);
      } else {
        broken[at] = kBytes[random() % kBytes.size()];
      }
    }
    const Said whole = Decode(broken, Whole(), Through::kNext);
    ASSERT_EQ(Decode(broken, RandomPieces(round, 200), Through::kNext), whole) << round;
    ASSERT_EQ(Decode(broken, Pieces(1), Through::kNext), whole) << round;
  }
}

// A document that takes `bytes` bytes from { to }.
std::string EventOfSize(std::size_t bytes, const std::string& uid) {
  const std::string rest = EventJson(uid).substr(1);
  const std::size_t around = std::string("{\"pad\":\"\",").size() + rest.size();
  return "{\"pad\":\"" + std::string(bytes - around, 'x') + "\"," + rest;
}

constexpr std::size_t kCap = 4194304;

TEST(Cap, IsExact) {
  for (const char* newline : {"\n", ""}) {
    EXPECT_THAT(Frames(EventOfSize(kCap, "a") + newline + EventOfSize(kCap + 1, "b") +
                       newline + EventJson("c")),
                testing::ElementsAre(
                    "object:a", testing::StartsWith("malformed:{\"pad"), "object:c"));
  }
}

TEST(Cap, IsOnOneItemOfAList) {
  EXPECT_THAT(Frames("{\"items\":[" + EventOfSize(kCap, "a") + "," +
                     EventOfSize(kCap + 1, "b") + "," + EventJson("c") + "]}"),
              testing::ElementsAre("item:a", testing::StartsWith("malformed:{\"pad"),
                                   "item:c", "List:"));
}

TEST(Cap, IsOnWhatAListHasOutsideOfItsItems) {
  const std::string pad = "\"pad\":\"" + std::string(kCap / 2, 'x') + "\"";
  const std::string item = "\"items\":[" + EventJson("a") + "]";
  EXPECT_THAT(Frames("{" + pad + "," + item + "}"),
              testing::ElementsAre("item:a", "List:"));
  EXPECT_THAT(Frames("{" + pad + "," + item + "," + pad + "}"),
              testing::ElementsAre("item:a", testing::StartsWith("malformed:{\"pad")));
  EXPECT_THAT(Frames("{" + pad + "," + pad + "," + item + "}"),
              testing::ElementsAre("item:a", testing::StartsWith("malformed:{\"pad")));
}

TEST(Cap, IsAnOptionAndCuttingChangesNothing) {
  const WatchDecoderOptions options{.max_frame_bytes = 1000};
  const std::string text =
      EventOfSize(1000, "a") + "\n" + EventOfSize(1001, "b") + "\n" + "{\"items\":[" +
      EventOfSize(1000, "c") + "," + EventOfSize(5000, "d") + "," +
      std::string(3000, '1') + "],\"p\":\"" + std::string(900, 'x') + "\"}" +
      std::string(2000, 'z') + "\n{\"a\":\"" + std::string(5000, 'y') + "\n" +
      Pretty(EventOfSize(3000, "e")) + EventJson("f");
  const Said whole = Decode(text, Whole(), Through::kNext, StreamEnd::kFile, options);
  EXPECT_EQ(whole.frames.size(), 10u);
  EXPECT_THAT(whole.summary, testing::StartsWith("events 3 malformed 6 "));
  for (const std::size_t bytes : {1, 7, 256, 257, 999, 1000, 1001, 4096}) {
    EXPECT_EQ(Decode(text, Pieces(bytes), Through::kNext, StreamEnd::kFile, options),
              whole);
  }
}

TEST(Cap, HoldsForLongPrettyPrintedDocuments) {
  const std::string deep =
      Pretty("{\"a\":[" + std::string(50000, '1') + ",{\"b\":\"" +
             std::string(3 << 20, 'x') + "\"}]," + EventJson("a").substr(1));
  const Said whole = Decode(deep, Whole(), Through::kNext);
  ASSERT_EQ(whole.frames.size(), 1u);
  EXPECT_EQ(Decode(deep, Pieces(100000), Through::kNext), whole);
  EXPECT_THAT(whole.summary, testing::StartsWith("events 1 malformed 0 "));
}

// How much room the decoder has besides what it was asked for.
std::size_t Room(WatchDecoder& decoder) { return decoder.Prepare(1).size(); }

TEST(Memory, StaysSmallInAListOf100000Items) {
  WatchDecoder decoder;
  decoder.Feed("{\"kind\":\"List\",\"items\":[");
  std::size_t items = 0;
  std::size_t room = 0;
  for (int i = 0; i < 100000; ++i) {
    decoder.Feed((i > 0 ? "," : "") + EventJson(std::to_string(i)));
    items += decoder.NextEvents().size();
    room = std::max(room, Room(decoder));
  }
  decoder.Feed("],\"metadata\":{\"resourceVersion\":\"8\"}}");
  EXPECT_TRUE(decoder.NextEvents().empty());
  EXPECT_EQ(items, 100000u);
  EXPECT_EQ(decoder.last_resource_version(), "8");
  EXPECT_LE(room, 600u << 10);
}

TEST(Memory, IsBoundedByTheCapWhateverComes) {
  for (const std::string& piece :
       {std::string(1 << 20, 'x'), std::string(1 << 20, '['),
        std::string(1 << 20, '\n'), "\"" + std::string(1 << 20, 'y') + "\",",
        std::string(1 << 20, ' ') + ","}) {
    for (const std::string start : {"", "{\"a\":[", "{\"items\":[",
                                    "{\"items\":[{\"b\":[", "{\"", "{\"items\":[],"}) {
      WatchDecoder decoder;
      decoder.Feed(start);
      for (int i = 0; i < 24; ++i) {
        decoder.Feed(piece);
        while (!decoder.NextEvents().empty()) {
        }
        ASSERT_LE(Room(decoder), 2 * kCap + piece.size()) << start << " " << piece[0];
      }
    }
  }
}

TEST(Memory, IsGivenBackAfterALargeFeed) {
  WatchDecoder decoder;
  decoder.Feed(std::string(64 << 20, '\n'));
  EXPECT_TRUE(decoder.NextEvents().empty());
  EXPECT_LE(Room(decoder), 2 * kCap);
}

// Millions of documents on one line, or of broken ones, must not each look at the rest.
TEST(Hostility, CostsLinearTime) {
  std::string many;
  for (int i = 0; i < 400000; ++i) many += "{}";
  EXPECT_EQ(CountTypes(many + "\n")["object"], 400000);
  EXPECT_EQ(CountTypes(many)["object"], 400000);
  std::string faults;
  for (int i = 0; i < 100000; ++i) faults += "{\"a\":\"\x01\"}\n{\"b\":{}}\nx\n";
  EXPECT_EQ(CountTypes(faults)["malformed"], 200000);
  EXPECT_EQ(CountTypes(std::string(2000000, '[') + "\n" +
                       std::string(2000000, '{'))["malformed"],
            2);
}

TEST(Batches, HoldAtMost64EventsAndLiveTogether) {
  std::string text;
  for (int i = 0; i < 150; ++i)
    text += FrameJson("ADDED", "\\u0041" + std::to_string(i)) + "\n";
  WatchDecoder decoder;
  decoder.Feed(text);
  std::vector<std::size_t> sizes;
  int n = 0;
  for (auto events = decoder.NextEvents(); !events.empty();
       events = decoder.NextEvents()) {
    sizes.push_back(events.size());
    for (const Event& event : events) EXPECT_EQ(event.uid, "A" + std::to_string(n++));
  }
  EXPECT_THAT(sizes, testing::ElementsAre(64, 64, 22));
}

TEST(Batches, EndEarlyRatherThanKeepMuchUnescapedText) {
  std::string text;
  for (int i = 0; i < 8; ++i) {
    text += FrameJson("ADDED", "\\n" + std::string(600000, 'x')) + "\n";
  }
  WatchDecoder decoder;
  decoder.Feed(text);
  std::size_t n = 0;
  for (auto events = decoder.NextEvents(); !events.empty();
       events = decoder.NextEvents()) {
    EXPECT_LE(events.size(), 2u);
    n += events.size();
  }
  EXPECT_EQ(n, 8u);
}

}  // namespace
}  // namespace k8sentry
