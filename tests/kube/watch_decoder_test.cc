#include "k8sentry/watch_decoder.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>

namespace k8sentry {
namespace {

std::string ReadRecording(const std::string& name) {
  std::ifstream file(std::string(K8SENTRY_RECORDINGS) + "/" + name, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST(WatchDecoder, Smoke) {
  WatchDecoder decoder;
  decoder.Feed(ReadRecording("kubernetes-1.37/events.watch.ndjson"));
  decoder.End(StreamEnd::kFile);
  int n = 0;
  for (auto events = decoder.NextEvents(); !events.empty(); events = decoder.NextEvents()) n += events.size();
  EXPECT_EQ(n, 593 + 836);
  EXPECT_EQ(decoder.counters().bookmarks, 1u);
  EXPECT_EQ(decoder.counters().malformed, 0u) << decoder.malformed_sample();
}
TEST(WatchDecoder, SmokeList) {
  for (const char* n : {"kubernetes-1.37/lists/events.json", "kubernetes-1.20/lists/events.json"}) {
  WatchDecoder decoder;
  decoder.Feed(ReadRecording(n));
  decoder.End(StreamEnd::kFile);
  int m = 0;
  for (auto events = decoder.NextEvents(); !events.empty(); events = decoder.NextEvents()) m += events.size();
  EXPECT_GT(m, 100);
  EXPECT_EQ(decoder.counters().malformed, 0u) << decoder.malformed_sample();
  EXPECT_NE(decoder.last_resource_version(), "");
  }
}

}  // namespace
}  // namespace k8sentry
