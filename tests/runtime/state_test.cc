#include "k8sentry/state.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "k8sentry/event.h"
#include "tests/event_texts.h"

namespace k8sentry {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

OwnedEvent TrickyEvent() {
  FullEvent full([](std::size_t i) { return i + 1; });
  full.event.labels = R"({"app":"api"})";
  full.event.message = "line one\nline \"two\" \xE2\x80\xAE";
  full.event.event_time = Time(1795230003s + 5us);
  return OwnedEvent(full.event);
}

State FullState() {
  State state;
  state.source = {.cluster_id = "c1",
                  .marks = {{"events", "120", "100"}, {"events in shop", "7", "7"}},
                  .unacknowledged = {{"a", "101"}, {"a", "102"}, {"b\"", "103"}}};
  state.keys.push_back({.key = {.namespace_ = "shop",
                                .workload = "api",
                                .container = "app",
                                .reason = "BackOff",
                                .message_class = "container"},
                        .stage = KeptKey::Stage::kWindow,
                        .age = 90s + 1ns,
                        .window = 10min,
                        .count = 12,
                        .first_seen = Time(1795230000s),
                        .last_seen = Time(1795230100s + 1us),
                        .event = TrickyEvent()});
  state.keys.push_back({.key = {.cluster = "east", .reason = "Killed"},
                        .stage = KeptKey::Stage::kCounting,
                        .age = 1ms,
                        .count = 2,
                        .first_seen = Time(1s),
                        .last_seen = Time(2s)});
  state.keys.push_back({.key = {.reason = "Done"}, .stage = KeptKey::Stage::kUnlocked});
  state.saved = Time(1795230200s);
  return state;
}

TEST(State, ReadsBackWhatItWrites) {
  const State state = FullState();
  const auto read = ParseState(FormatState(state));
  ASSERT_TRUE(read.ok()) << read.status().message();
  EXPECT_EQ(read->source.cluster_id, "c1");
  EXPECT_EQ(read->source.marks, state.source.marks);
  EXPECT_EQ(read->source.unacknowledged, state.source.unacknowledged);
  EXPECT_EQ(read->saved, state.saved);
  ASSERT_EQ(read->keys.size(), state.keys.size());
  for (std::size_t i = 0; i < state.keys.size(); ++i) {
    const KeptKey &is = read->keys[i], &was = state.keys[i];
    EXPECT_EQ(is.key, was.key);
    EXPECT_EQ(is.stage, was.stage);
    EXPECT_EQ(is.age, was.age);
    EXPECT_EQ(is.window, was.window);
    EXPECT_EQ(is.count, was.count);
    EXPECT_EQ(is.event.has_value(), was.event.has_value());
    if (was.event) ExpectSame(is.event->view(), was.event->view());
  }
  EXPECT_EQ(read->keys[0].first_seen, state.keys[0].first_seen);
  EXPECT_EQ(read->keys[0].last_seen, state.keys[0].last_seen);
}

TEST(State, KeepsTheIdOfAnEventWithoutUid) {
  State state;
  const OwnedEvent whole = TrickyEvent();
  Event event = whole.view();
  event.uid = {};
  TellingId id = {1, 2, 0xAB, 0xFF};
  state.keys.push_back({.count = 1, .event = OwnedEvent(event), .id = id});
  const auto read = ParseState(FormatState(state));
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->keys.at(0).id, id);
}

TEST(State, RefusesWhatIsNone) {
  const std::string good = FormatState(FullState());
  for (const std::string& bad :
       {std::string(), std::string("{}"), std::string("[1]"), good.substr(0, 100),
        std::string(R"({"k8sentry_state":2,"saved":"2026-11-21T03:00:00Z","marks":[],)"
                    R"("unacknowledged":[],"keys":[]})"),
        std::string(R"({"k8sentry_state":1,"saved":"never","marks":[],)"
                    R"("unacknowledged":[],"keys":[]})"),
        std::string(R"({"k8sentry_state":1,"saved":"2026-11-21T03:00:00Z","marks":[],)"
                    R"("unacknowledged":[],"keys":[{"stage":"?","count":1}]})")}) {
    const auto read = ParseState(bad);
    ASSERT_FALSE(read.ok()) << bad;
    EXPECT_EQ(read.status().code(), StatusCode::kDataLoss);
  }
}

class StateFileTest : public ::testing::Test {
 protected:
  StateFileTest() {
    std::string name = ::testing::TempDir() + "k8sentry-state-XXXXXX";
    directory_ = mkdtemp(name.data());
    path_ = directory_ + "/state.json";
  }
  ~StateFileTest() override { std::filesystem::remove_all(directory_); }

  Status Refusal() {
    const auto opened = OpenStateFile(path_);
    return opened.ok() ? Status() : opened.status();
  }
  void Write(std::string_view text) const { std::ofstream(path_) << text; }

  std::string directory_, path_;
};

TEST_F(StateFileTest, FindsNothingAtFirstAndThenWhatWasSaved) {
  {
    const auto file = OpenStateFile(path_);
    ASSERT_TRUE(file.ok()) << file.status().message();
    EXPECT_FALSE((*file)->found());
    ASSERT_TRUE((*file)->Save(FullState()).ok());
    ASSERT_TRUE((*file)->Save(FullState()).ok()) << "and again, in its place";
  }
  const auto file = OpenStateFile(path_);
  ASSERT_TRUE(file.ok());
  ASSERT_TRUE((*file)->found());
  EXPECT_EQ((*file)->found()->source.cluster_id, "c1");
  struct stat info = {};
  ASSERT_EQ(stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST_F(StateFileTest, HoldsMoreThanIsWrittenAtATime) {
  State state = FullState();
  for (int i = 0; i < 1000; ++i) {
    state.source.unacknowledged.push_back({"uid-" + std::to_string(i), "7"});
    state.keys.push_back(state.keys[0]);
    state.keys.back().key.workload = "api-" + std::to_string(i);
  }
  ASSERT_GT(FormatState(state).size(), 1u << 20);
  ASSERT_TRUE((*OpenStateFile(path_))->Save(state).ok());
  const auto file = OpenStateFile(path_);
  ASSERT_TRUE(file.ok()) << file.status().message();
  EXPECT_EQ((*file)->found()->source.unacknowledged, state.source.unacknowledged);
  ASSERT_EQ((*file)->found()->keys.size(), state.keys.size());
  EXPECT_EQ((*file)->found()->keys.back().key, state.keys.back().key);
}

TEST_F(StateFileTest, MakesItsDirectoryForUsAlone) {
  path_ = directory_ + "/new/state.json";
  ASSERT_TRUE(OpenStateFile(path_).ok());
  struct stat info = {};
  ASSERT_EQ(stat((directory_ + "/new").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700u);
}

TEST_F(StateFileTest, KeepsTheOldStateWhenTheNewOneCannotBeWritten) {
  const auto file = OpenStateFile(path_);
  ASSERT_TRUE((*file)->Save(FullState()).ok());
  // A directory in the temporary file's place, for this test may run as root.
  std::filesystem::create_directories(path_ + ".new/x");
  const Status status = (*file)->Save(State());
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_THAT(status.message(), HasSubstr(path_));
  std::ifstream in(path_);
  const std::string text((std::istreambuf_iterator<char>(in)), {});
  EXPECT_EQ(ParseState(text)->source.cluster_id, "c1");
}

TEST_F(StateFileTest, TakesThePlaceOfWhatAKilledProcessLeft) {
  std::ofstream(path_ + ".new") << std::string(100000, 'x');
  ASSERT_TRUE((*OpenStateFile(path_))->Save(FullState()).ok());
  EXPECT_TRUE(OpenStateFile(path_).ok()) << "nothing of the old one is left behind it";
}

TEST_F(StateFileTest, IsUsedByOneProcessAtATime) {
  const auto first = OpenStateFile(path_);
  ASSERT_TRUE(first.ok());
  EXPECT_THAT(Refusal().message(), HasSubstr("another process is using it"));
  EXPECT_EQ(Refusal().code(), StatusCode::kConfiguration);
}

TEST_F(StateFileTest, RefusesWhatOthersMayWrite) {
  chmod(directory_.c_str(), 0777);
  EXPECT_THAT(Refusal().message(), HasSubstr("others may write to it"));
  chmod(directory_.c_str(), 0700);
  Write(FormatState(FullState()));
  chmod(path_.c_str(), 0660);
  EXPECT_THAT(Refusal().message(), HasSubstr("state.json: others may write to it"));
}

TEST_F(StateFileTest, RefusesASymbolicLink) {
  std::ofstream(directory_ + "/other") << FormatState(FullState());
  ASSERT_EQ(symlink("other", path_.c_str()), 0);
  EXPECT_THAT(Refusal().message(), HasSubstr("is a symbolic link"));
}

TEST_F(StateFileTest, RefusesWhatIsNoFileOrNoStateOrTooLarge) {
  ASSERT_EQ(mkfifo(path_.c_str(), 0600), 0);
  EXPECT_THAT(Refusal().message(), HasSubstr("is not a regular file"));
  unlink(path_.c_str());
  Write("{\"k8sentry_state\":1");
  chmod(path_.c_str(), 0600);
  EXPECT_EQ(Refusal().code(), StatusCode::kDataLoss);
  EXPECT_THAT(Refusal().message(), HasSubstr("remove it to begin anew"));
  ASSERT_EQ(truncate(path_.c_str(), (64 << 20) + 1), 0);
  EXPECT_THAT(Refusal().message(), HasSubstr("larger than 64 MiB"));
  path_ = directory_ + "/";
  EXPECT_THAT(Refusal().message(), HasSubstr("names no file"));
}

}  // namespace
}  // namespace k8sentry
