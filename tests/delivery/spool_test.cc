#include "delivery/spool.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <set>

#include "spooled.h"

namespace k8sentry::internal {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

class SpoolTest : public ::testing::Test {
 protected:
  Now now() const {
    return {.steady = now_,
            .wall = std::chrono::floor<std::chrono::microseconds>(
                        std::chrono::system_clock::now()) +
                    aged_};
  }
  void Open() {
    spool_.reset();
    auto opened = Spool::Open(options_, "sink", now());
    ASSERT_TRUE(opened.ok()) << opened.status().message();
    spool_ = *std::move(opened);
  }
  Status Refusal(const std::string& name = "sink") const {
    const auto opened = Spool::Open(options_, name, now());
    return opened.ok() ? Status() : opened.status();
  }
  SpoolPlace Append(const Telling& telling, Spool::Copy copy = Spool::Copy::kOnlyHere,
                    const Replaced& replaces = {}) {
    const auto place = spool_->Append(
        telling, replaces, copy, now_,
        [this](const Telling& lost) { lost_.push_back(NumberOf(lost)); });
    EXPECT_TRUE(place.ok()) << place.status().message();
    return place.ok() ? *place : SpoolPlace();
  }
  void Expire() {
    spool_->Expire(now_,
                   [this](const Telling& lost) { lost_.push_back(NumberOf(lost)); });
  }
  std::vector<int> LoadAll() {
    std::vector<int> numbers;
    while (auto loaded = spool_->Load()) {
      numbers.push_back(NumberOf(loaded->telling));
      places_.push_back(loaded->place);
    }
    return numbers;
  }
  fs::path folder() const { return fs::path(options_.directory) / "sink"; }
  fs::path OnlySegment() const {
    for (const auto& entry : fs::directory_iterator(folder())) {
      if (entry.path().extension() == ".seg") return entry.path();
    }
    return {};
  }

  Scratch scratch_;
  SpoolOptions options_ = {.directory = scratch_.path() + "/spool"};
  SteadyTime now_ = SteadyTime(1000h);
  std::chrono::microseconds aged_ = 0s;  // of the wall clock
  std::unique_ptr<Spool> spool_;
  std::vector<int> lost_;
  std::vector<SpoolPlace> places_;
};

TEST_F(SpoolTest, GivesBackInOrderWhatItTook) {
  Open();
  for (int i = 1; i <= 3; ++i) Append(NumberedTelling(i));
  EXPECT_EQ(spool_->unloaded(), 3u);
  EXPECT_THAT(LoadAll(), ElementsAre(1, 2, 3));
  Append(NumberedTelling(4));
  EXPECT_THAT(LoadAll(), ElementsAre(4));
  EXPECT_EQ(spool_->size(), 4u) << "nothing is settled";
}

TEST_F(SpoolTest, LoadsNothingThatIsInMemory) {
  Open();
  Append(NumberedTelling(1), Spool::Copy::kInMemory);
  Append(NumberedTelling(2));
  EXPECT_THAT(LoadAll(), ElementsAre(2));
  Open();
  EXPECT_THAT(LoadAll(), ElementsAre(1, 2)) << "another process has it not";
}

TEST_F(SpoolTest, GivesALaterProcessWhatWasNotSettled) {
  Open();
  for (int i = 1; i <= 5; ++i) Append(NumberedTelling(i));
  LoadAll();
  spool_->Settle(places_[1], now_);
  spool_->Settle(places_[3], now_);
  Open();
  const auto loaded = spool_->Load();
  ASSERT_TRUE(loaded);
  EXPECT_EQ(NumberOf(loaded->telling), 1);
  EXPECT_TRUE(loaded->earlier);
  EXPECT_EQ(loaded->telling.frames, 0) << "they were frames of another process";
  EXPECT_THAT(LoadAll(), ElementsAre(3, 5));
}

TEST_F(SpoolTest, LeavesNoFilesWhenAllIsSettled) {
  options_.max_bytes = 64 << 10;
  Open();
  for (int i = 0; i < 60; ++i) Append(NumberedTelling(i));
  LoadAll();
  for (const SpoolPlace place : places_) spool_->Settle(place, now_);
  EXPECT_TRUE(spool_->Sync(now_).ok());
  EXPECT_EQ(spool_->size(), 0u);
  EXPECT_EQ(spool_->bytes(), 0u);
  EXPECT_EQ(BytesBelow(options_.directory), 0u);
}

TEST_F(SpoolTest, LosesTheOldestWhenItIsFull) {
  options_.max_bytes = 64 << 10;
  Open();
  std::vector<int> kept;
  for (int i = 0; i < 1000; ++i) {
    Append(NumberedTelling(i, 50 + static_cast<std::size_t>(i) % 400));
    ASSERT_LE(BytesBelow(options_.directory), options_.max_bytes);
    ASSERT_LE(spool_->bytes(), options_.max_bytes);
  }
  EXPECT_GT(spool_->bytes(), options_.max_bytes * 7 / 8) << "it uses what it may";
  std::vector<int> all = lost_;
  for (const int number : LoadAll()) all.push_back(number);
  ASSERT_EQ(all.size(), 1000u);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(all[static_cast<std::size_t>(i)], i);
  for (const SpoolPlace place : places_) {
    spool_->Settle(place, now_);
    ASSERT_LE(BytesBelow(options_.directory), options_.max_bytes);
  }
}

TEST_F(SpoolTest, LosesWhatIsTooOld) {
  options_.max_age = 1h;
  Open();
  Append(NumberedTelling(1));
  now_ += 50min;
  Append(NumberedTelling(2));
  Expire();
  EXPECT_THAT(lost_, IsEmpty());
  now_ += 10min + 1s;
  EXPECT_LE(spool_->NextDeadline(), now_);
  Expire();
  EXPECT_THAT(lost_, ElementsAre(1));
  EXPECT_THAT(LoadAll(), ElementsAre(2));
}

TEST_F(SpoolTest, CountsTheAgeAcrossProcesses) {
  options_.max_age = 1h;
  Open();
  Append(NumberedTelling(1));
  aged_ = std::chrono::duration_cast<std::chrono::microseconds>(50min);
  Open();
  Expire();
  EXPECT_THAT(lost_, IsEmpty());
  now_ += 11min;
  Expire();
  EXPECT_THAT(lost_, ElementsAre(1));
}

TEST_F(SpoolTest, LosesTheOldestWhenItMayHoldLessThanBefore) {
  options_.max_bytes = 1 << 20;
  Open();
  for (int i = 0; i < 2000; ++i) Append(NumberedTelling(i));
  options_.max_bytes = 128 << 10;
  Open();
  Expire();
  EXPECT_LE(BytesBelow(options_.directory), options_.max_bytes);
  EXPECT_EQ(lost_.size() + LoadAll().size(), 2000u);
}

TEST_F(SpoolTest, IsUnsyncedUntilItIsSynced) {
  Open();
  Append(NumberedTelling(7));
  EXPECT_THAT(spool_->unsynced(), ElementsAre(EventVersion{"uid-7", "7"}));
  EXPECT_EQ(spool_->next_sync(), now_ + 1s);
  EXPECT_TRUE(spool_->Sync(now_).ok());
  EXPECT_THAT(spool_->unsynced(), IsEmpty());
  EXPECT_EQ(spool_->next_sync(), SteadyTime::max());
}

TEST_F(SpoolTest, TellsOnlyTheRecordThatReplacedOthers) {
  Open();
  const SpoolPlace one = Append(NumberedTelling(1), Spool::Copy::kInMemory);
  const SpoolPlace two = Append(NumberedTelling(2), Spool::Copy::kInMemory);
  Append(NumberedTelling(3), Spool::Copy::kInMemory, {one, two});
  // What a kill would leave now: nothing says that the two are settled but the third.
  fs::create_directories(scratch_.path() + "/killed");
  fs::copy(folder(), scratch_.path() + "/killed/sink", fs::copy_options::recursive);
  Open();
  EXPECT_THAT(LoadAll(), ElementsAre(3));
  options_.directory = scratch_.path() + "/killed";
  fs::permissions(options_.directory, fs::perms::owner_all);
  fs::permissions(folder(), fs::perms::owner_all);
  Open();
  EXPECT_THAT(LoadAll(), ElementsAre(3));
}

TEST_F(SpoolTest, TellsNothingThatASettledRecordReplaced) {
  Open();
  const SpoolPlace one = Append(NumberedTelling(1), Spool::Copy::kInMemory);
  Append(NumberedTelling(2), Spool::Copy::kInMemory);
  const SpoolPlace three =
      Append(NumberedTelling(3), Spool::Copy::kInMemory, {one, SpoolPlace()});
  const SpoolPlace four =
      Append(NumberedTelling(4), Spool::Copy::kInMemory, {three, SpoolPlace()});
  spool_->Settle(four, now_);
  fs::create_directories(scratch_.path() + "/killed");
  fs::copy(folder(), scratch_.path() + "/killed/sink", fs::copy_options::recursive);
  options_.directory = scratch_.path() + "/killed";
  fs::permissions(options_.directory, fs::perms::owner_all);
  fs::permissions(folder(), fs::perms::owner_all);
  Open();
  EXPECT_THAT(LoadAll(), ElementsAre(2));
}

TEST_F(SpoolTest, LosesNoWholeRecordWhereverItsProcessEnds) {
  Open();
  std::vector<std::size_t> ends;
  for (int i = 0; i < 4; ++i) {
    Append(NumberedTelling(i, 20));
    ends.push_back(FileText(OnlySegment()).size());
  }
  const fs::path segment = OnlySegment();
  const std::string text = FileText(segment);
  for (std::size_t size = 0; size <= text.size(); ++size) {
    spool_.reset();
    WriteFile(segment, std::string_view(text).substr(0, size));
    Open();
    const auto whole = static_cast<std::size_t>(
        std::count_if(ends.begin(), ends.end(), [&](auto end) { return end <= size; }));
    const std::vector<int> numbers = LoadAll();
    ASSERT_EQ(numbers.size(), whole) << size;
    ASSERT_EQ(spool_->damaged(), size == (whole == 0 ? 0 : ends[whole - 1]) ? 0u : 1u);
  }
}

TEST_F(SpoolTest, LosesOneRecordAtMostToAFlippedByte) {
  Open();
  for (int i = 0; i < 4; ++i) Append(NumberedTelling(i, 20));
  const fs::path segment = OnlySegment();
  const std::string text = FileText(segment);
  for (std::size_t at = 0; at < text.size(); ++at) {
    for (const char flip : {'\x01', '\x80', '\xFF'}) {
      spool_.reset();
      std::string flipped = text;
      flipped[at] = static_cast<char>(flipped[at] ^ flip);
      WriteFile(segment, flipped);
      Open();
      const std::vector<int> numbers = LoadAll();
      ASSERT_EQ(numbers.size(), 3u) << at;
      ASSERT_EQ(std::set<int>(numbers.begin(), numbers.end()).size(), 3u);
      for (const int number : numbers) ASSERT_TRUE(number >= 0 && number < 4);
      ASSERT_EQ(spool_->damaged(), 1u);
    }
  }
}

TEST_F(SpoolTest, RepeatsARecordAtMostWhenItsSettlingIsDamaged) {
  Open();
  for (int i = 0; i < 3; ++i) Append(NumberedTelling(i, 20));
  LoadAll();
  spool_->Settle(places_[1], now_);
  spool_.reset();
  fs::path list = OnlySegment();
  const fs::path segment = list;
  list.replace_extension(".done");
  const std::string text = FileText(list), records = FileText(segment);
  ASSERT_EQ(text.size(), kDoneBytes);
  for (std::size_t at = 0; at < text.size(); ++at) {
    std::string flipped = text;
    flipped[at] = static_cast<char>(flipped[at] ^ 4);
    WriteFile(list, flipped);
    WriteFile(segment, records);
    Open();
    EXPECT_THAT(LoadAll(), ElementsAre(0, 1, 2));
    spool_.reset();
  }
  WriteFile(list, "torn" + text + "torn");
  Open();
  EXPECT_THAT(LoadAll(), ElementsAre(0, 2));
}

TEST_F(SpoolTest, CountsWhatTheDiskChangedUnderARunningProcess) {
  Open();
  for (int i = 0; i < 3; ++i) Append(NumberedTelling(i, 20));
  std::string text = FileText(OnlySegment());
  text[text.size() / 2] ^= 1;
  WriteFile(OnlySegment(), text);
  EXPECT_THAT(LoadAll(), ElementsAre(0, 2));
  EXPECT_EQ(spool_->unloaded(), 0u);
  EXPECT_EQ(spool_->TakeDamagedFrames(), 1u);
}

TEST_F(SpoolTest, KeepsWhatAKilledProcessAppended) {
  int pipes[2];
  ASSERT_EQ(pipe(pipes), 0);
  options_.max_bytes = 4 << 20;
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    auto spool = Spool::Open(options_, "sink", now());
    for (int i = 0; spool.ok(); ++i) {
      const auto place = (*spool)->Append(
          NumberedTelling(i), {}, Spool::Copy::kOnlyHere, now_, [](const Telling&) {});
      if (!place.ok() || write(pipes[1], &i, sizeof i) != sizeof i) break;
    }
    _exit(1);
  }
  close(pipes[1]);
  int last = -1;
  for (int i = 0; i < 500; ++i) {
    ASSERT_EQ(read(pipes[0], &last, sizeof last), static_cast<ssize_t>(sizeof last));
  }
  EXPECT_EQ(Refusal().code(), StatusCode::kConfiguration) << "it holds the lock";
  EXPECT_THAT(Refusal().message(), HasSubstr("another process"));
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  while (read(pipes[0], &last, sizeof last) == static_cast<ssize_t>(sizeof last)) {
  }
  close(pipes[0]);
  Open();
  const std::vector<int> numbers = LoadAll();
  ASSERT_GT(static_cast<int>(numbers.size()), last);
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    ASSERT_EQ(numbers[i], static_cast<int>(i));
  }
}

TEST_F(SpoolTest, MakesFoldersAndFilesForNobodyElse) {
  Open();
  Append(NumberedTelling(1));
  const auto mode = [](const fs::path& path) {
    return fs::status(path).permissions() & fs::perms::all;
  };
  EXPECT_EQ(mode(options_.directory), fs::perms::owner_all);
  EXPECT_EQ(mode(folder()), fs::perms::owner_all);
  EXPECT_EQ(mode(OnlySegment()), fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(SpoolTest, RefusesAFolderThatIsNotItsOwn) {
  fs::create_directories(options_.directory);
  fs::permissions(options_.directory, fs::perms::all);
  EXPECT_EQ(Refusal().code(), StatusCode::kConfiguration);
  EXPECT_THAT(Refusal().message(), HasSubstr("0700"));
  fs::permissions(options_.directory, fs::perms::owner_all);
  fs::create_directory_symlink(scratch_.path(), folder());
  EXPECT_EQ(Refusal().code(), StatusCode::kConfiguration);
}

TEST_F(SpoolTest, RefusesASegmentThatIsALink) {
  Open();
  spool_.reset();
  WriteFile(scratch_.path() + "/elsewhere", "text");
  fs::create_symlink(scratch_.path() + "/elsewhere", folder() / "0000000000000001.seg");
  EXPECT_THAT(Refusal().message(), HasSubstr("symbolic link"));
}

TEST_F(SpoolTest, RefusesNamesThatLeaveItsFolder) {
  for (const char* name : {"", ".", "..", "a/b", "a b"}) {
    EXPECT_EQ(Refusal(name).code(), StatusCode::kInvalidArgument) << name;
  }
  EXPECT_EQ(Refusal(std::string(65, 'a')).code(), StatusCode::kInvalidArgument);
  options_.max_bytes = 1000;
  EXPECT_EQ(Refusal().code(), StatusCode::kInvalidArgument);
}

TEST_F(SpoolTest, SaysWhenTheDiskRefusesAndGoesOnLater) {
  Open();
  Append(NumberedTelling(1));
  // As good as a full disk: no file may grow.
  rlimit before = {};
  getrlimit(RLIMIT_FSIZE, &before);
  const auto handler = signal(SIGXFSZ, SIG_IGN);
  const rlimit none = {FileText(OnlySegment()).size() + 10, before.rlim_max};
  setrlimit(RLIMIT_FSIZE, &none);
  const auto refused = spool_->Append(NumberedTelling(2), {}, Spool::Copy::kOnlyHere,
                                      now_, [](const Telling&) {});
  setrlimit(RLIMIT_FSIZE, &before);
  signal(SIGXFSZ, handler);
  EXPECT_EQ(refused.status().code(), StatusCode::kUnavailable);
  EXPECT_FALSE(spool_
                   ->Append(NumberedTelling(2), {}, Spool::Copy::kOnlyHere, now_,
                            [](const Telling&) {})
                   .ok())
      << "it does not ask again at once";
  now_ += 11s;
  Append(NumberedTelling(3));
  EXPECT_THAT(LoadAll(), ElementsAre(1, 3));
  Open();
  EXPECT_EQ(spool_->damaged(), 0u) << "what was torn was cut off";
}

}  // namespace
}  // namespace k8sentry::internal
