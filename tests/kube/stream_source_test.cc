#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "k8sentry/event_source.h"
#include "tests/kube/decoding.h"

namespace k8sentry {
namespace {

// Polls until the source has nothing more for now; gives the events' uids.
std::vector<std::string> Drain(EventSource& source, SourceState* state) {
  std::vector<std::string> uids;
  for (;;) {
    const EventBatch batch = source.Poll(Now());
    for (const Event& event : batch.events) uids.emplace_back(event.uid);
    *state = batch.state;
    if (batch.state != SourceState::kEvents) return uids;
  }
}

std::string TemporaryPath(const std::string& name) {
  return ::testing::TempDir() + "/k8sentry_" + std::to_string(getpid()) + "_" + name;
}

void Write(int fd, std::string_view text) {
  ASSERT_EQ(write(fd, text.data(), text.size()), static_cast<ssize_t>(text.size()));
}

TEST(FileSource, ReadsAFileToItsEndAndItsLastLineToo) {
  const std::string path = TemporaryPath("file");
  const std::string text = FrameJson("ADDED", "a") + "\n" + FrameJson("ADDED", "b");
  std::ofstream(path) << text;
  auto source = NewFileSource(path);
  ASSERT_TRUE(source.ok());
  EXPECT_TRUE((*source)->ready());
  EXPECT_EQ((*source)->descriptor(), -1);
  EXPECT_EQ((*source)->total_bytes(), text.size());
  SourceState state;
  EXPECT_THAT(Drain(**source, &state), testing::ElementsAre("a", "b"));
  EXPECT_EQ(state, SourceState::kEnded);
  EXPECT_EQ((*source)->counters().bytes, text.size());
  EXPECT_EQ((*source)->Poll(Now()).state, SourceState::kEnded);
  unlink(path.c_str());
}

TEST(FileSource, ReadsARecording) {
  auto source = NewFileSource(std::string(K8SENTRY_RECORDINGS) +
                              "/kubernetes-1.37/events.watch.ndjson");
  ASSERT_TRUE(source.ok());
  SourceState state;
  EXPECT_EQ(Drain(**source, &state).size(), 1429u);
  EXPECT_EQ(state, SourceState::kEnded);
}

TEST(FileSource, SaysWhyAFileCannotBeOpened) {
  EXPECT_EQ(NewFileSource("/nonexistent/file").status().code(), StatusCode::kNotFound);
  const std::string path = TemporaryPath("secret");
  close(open(path.c_str(), O_CREAT | O_WRONLY, 0));
  const uid_t user = geteuid();
  ASSERT_EQ(seteuid(user == 0 ? 65534 : user), 0);  // root may open everything
  EXPECT_EQ(NewFileSource(path).status().code(), StatusCode::kPermissionDenied);
  ASSERT_EQ(seteuid(user), 0);
  unlink(path.c_str());
}

TEST(FileSource, FailsWhenReadingFails) {
  auto source = NewFileSource(::testing::TempDir());  // a directory
  ASSERT_TRUE(source.ok());
  EXPECT_EQ((*source)->Poll(Now()).state, SourceState::kFailed);
  EXPECT_EQ((*source)->status().code(), StatusCode::kDataLoss);
}

class Pipe : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(pipe(ends_), 0);
    source_ = NewDescriptorSource(ends_[0]);
  }
  void TearDown() override {
    if (ends_[1] >= 0) close(ends_[1]);
  }
  void CloseWriter() {
    close(ends_[1]);
    ends_[1] = -1;
  }

  int ends_[2] = {-1, -1};
  std::unique_ptr<EventSource> source_;
  SourceState state_ = SourceState::kFailed;
};

TEST_F(Pipe, IsIdleWhileNothingArrives) {
  EXPECT_EQ(source_->descriptor(), ends_[0]);
  EXPECT_EQ(source_->total_bytes(), std::nullopt);
  EXPECT_EQ(source_->Poll(Now()).state, SourceState::kIdle);
  EXPECT_FALSE(source_->ready());
}

TEST_F(Pipe, GivesWhatHasArrived) {
  const std::string b = FrameJson("ADDED", "b");
  Write(ends_[1], FrameJson("ADDED", "a") + "\n" + b.substr(0, 20));
  EXPECT_THAT(Drain(*source_, &state_), testing::ElementsAre("a"));
  EXPECT_EQ(state_, SourceState::kIdle);
  Write(ends_[1], b.substr(20));
  CloseWriter();
  EXPECT_THAT(Drain(*source_, &state_), testing::ElementsAre("b"));
  EXPECT_EQ(state_, SourceState::kEnded);
}

TEST_F(Pipe, IsReadyWhileItsBufferHoldsEvents) {
  std::string text;
  for (int i = 0; i < 100; ++i) text += FrameJson("ADDED", "a") + "\n";
  Write(ends_[1], text);
  EXPECT_EQ(source_->Poll(Now()).events.size(), 64u);
  EXPECT_TRUE(source_->ready());
  EXPECT_EQ(source_->Poll(Now()).events.size(), 36u);
  EXPECT_EQ(source_->Poll(Now()).state, SourceState::kIdle);
  EXPECT_FALSE(source_->ready());
}

TEST_F(Pipe, KeepsItsFlagsButIsNotInherited) {
  EXPECT_EQ(fcntl(ends_[0], F_GETFL) & O_NONBLOCK, 0) << "others may share it";
  EXPECT_EQ(fcntl(ends_[0], F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
}

TEST_F(Pipe, IsClosedWithTheSource) {
  source_.reset();
  EXPECT_EQ(fcntl(ends_[0], F_GETFD), -1);
}

TEST(DescriptorSource, FailsOnADescriptorThatIsNone) {
  const int fd = open("/dev/null", O_WRONLY);
  auto source = NewDescriptorSource(fd);
  EXPECT_EQ(source->Poll(Now()).state, SourceState::kFailed);
  EXPECT_FALSE(source->status().ok());
}

TEST(DecoderSource, GivesWhatItsHostFeeds) {
  WatchDecoder decoder;
  const auto source = NewDecoderSource(decoder);
  SourceState state;
  EXPECT_FALSE(source->ready());
  EXPECT_EQ(source->Poll(Now()).state, SourceState::kIdle);
  decoder.Feed(FrameJson("ADDED", "a") + "\n" + FrameJson("ADDED", "b"));
  EXPECT_TRUE(source->ready());
  EXPECT_THAT(Drain(*source, &state), testing::ElementsAre("a", "b"));
  EXPECT_EQ(state, SourceState::kIdle);
  EXPECT_FALSE(source->ready());
  decoder.End(StreamEnd::kWatch);
  EXPECT_TRUE(source->ready());
  EXPECT_EQ(source->Poll(Now()).state, SourceState::kEnded);
  EXPECT_EQ(source->counters().events, 2u);
}

}  // namespace
}  // namespace k8sentry
