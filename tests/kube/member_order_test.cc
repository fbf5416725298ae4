// The decoder knows in which order the API server writes members. Whatever else comes
// must be read alike: other orders, duplicates, other types, white space.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "k8sentry/watch_decoder.h"
#include "tests/fuzz/dom_reference.h"
#include "tests/kube/decoding.h"

namespace k8sentry {
namespace {

// Writes JSON again, with some things changed by chance; `denominator`: how seldom.
class Shuffler {
 public:
  Shuffler(unsigned seed, unsigned denominator)
      : random_(seed), denominator_(denominator) {}

  std::string Write(simdjson::dom::element element) {
    std::string out;
    Append(element, out);
    return out;
  }

 private:
  bool Seldom() { return random_() % denominator_ == 0; }
  void Space(std::string& out) {
    if (Seldom()) out += random_() % 2 == 0 ? " " : "\t";
  }

  void Append(simdjson::dom::element element, std::string& out) {
    Space(out);
    if (simdjson::dom::object object; !element.get_object().get(object)) {
      AppendObject(object, out);
    } else if (simdjson::dom::array array; !element.get_array().get(array)) {
      out += '[';
      for (const simdjson::dom::element each : array) {
        if (out.back() != '[') out += ',';
        Append(each, out);
      }
      out += ']';
    } else if (Seldom()) {
      constexpr const char* kOthers[] = {"null",
                                         "true",
                                         "17",
                                         "0",
                                         "-3",
                                         "1e3",
                                         "\"\"",
                                         "\"a\\u0062\\\\c\"",
                                         "{}",
                                         "[]",
                                         "{\"name\":\"x\"}"};
      out += kOthers[random_() % std::size(kOthers)];
    } else {
      out += simdjson::minify(element);
    }
    Space(out);
  }

  void AppendObject(simdjson::dom::object object, std::string& out) {
    std::vector<std::string> members;
    for (const auto member : object) {
      std::string text = '"' + std::string(member.key) + '"';
      Space(text);
      text += ':';
      Append(member.value, text);
      if (Seldom()) members.push_back(text);  // twice, with another value perhaps
      members.push_back(std::move(text));
      if (Seldom()) members.pop_back();
    }
    if (Seldom()) std::shuffle(members.begin(), members.end(), random_);
    if (members.size() > 1 && Seldom()) {
      std::swap(members[random_() % members.size()], members.back());
    }
    out += '{';
    for (std::size_t i = 0; i < members.size(); ++i) {
      if (i > 0) out += ',';
      Space(out);
      out += members[i];
    }
    out += '}';
  }

  std::mt19937 random_;
  const unsigned denominator_;
};

std::string WhatTheDecoderReads(const std::string& line) {
  WatchDecoder decoder;
  decoder.Feed(line + "\n");
  std::string read;
  for (Frame frame; decoder.Next(frame);) {
    Event event;
    if (decoder.DecodeEvent(frame, event)) read += reference::Describe(event);
  }
  return read;
}

class MemberOrder : public testing::TestWithParam<const char*> {};

TEST_P(MemberOrder, ChangesNothingOfWhatIsRead) {
  std::vector<std::string> lines;
  std::istringstream recording(ReadRecording(GetParam()));
  for (std::string line; std::getline(recording, line);) lines.push_back(line);
  simdjson::dom::parser parser, again;
  int events = 0;
  for (unsigned seed = 0; seed < 3000; ++seed) {
    const std::string& line = lines[seed * 7 % lines.size()];
    simdjson::dom::element document;
    ASSERT_FALSE(parser.parse(line).get(document));
    const std::string text = Shuffler(seed, 3 + seed % 60).Write(document);
    simdjson::dom::object object;
    ASSERT_FALSE(again.parse(text).get_object().get(object)) << text;
    const reference::Document wanted = reference::Read(object);
    events += !wanted.event.empty();
    ASSERT_EQ(WhatTheDecoderReads(text), wanted.event) << text;
  }
  EXPECT_GT(events, 1000);
}

INSTANTIATE_TEST_SUITE_P(Recordings, MemberOrder,
                         testing::Values("kubernetes-1.37/events.watch.ndjson",
                                         "kubernetes-1.37/events.k8s.io.watch.ndjson",
                                         "kubernetes-1.20/events.watch.ndjson"));

}  // namespace
}  // namespace k8sentry
