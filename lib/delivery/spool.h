// A Spool keeps tellings in files while their receiver is away.
//
// What is appended comes back in order, in this process or a later one, until it is
// settled; then it never comes again. Bounded in bytes and age: the oldest segment goes
// first. A process that is killed loses nothing that Append took; a power failure,
// nothing that Sync has seen.
//
// Threads: one at a time per instance. Reads no clock. It writes, and once a second
// waits for the disk.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "delivery/spool_folder.h"
#include "delivery/telling_record.h"
#include "k8sentry/queue_options.h"
#include "k8sentry/state.h"

namespace k8sentry::internal {

class Spool {
 public:
  // Whether a telling that is appended is in memory, too, or must be loaded again.
  enum class Copy { kOnlyHere, kInMemory };
  struct Loaded {
    Telling telling;  // of an earlier process: stands for no frames of this one
    SpoolPlace place;
    bool earlier = false;
  };
  // Takes what was pushed out, or was too old.
  using LostFunction = std::function<void(const Telling&)>;

  // Errors: kInvalidArgument, kConfiguration.
  static Result<std::unique_ptr<Spool>> Open(const SpoolOptions& options,
                                             const std::string& name, Now now);
  ~Spool();

  // Errors: kUnavailable: the disk refuses, and is not asked again for some seconds; or
  // the telling is too large.
  Result<SpoolPlace> Append(const Telling& telling, const Replaced& replaces, Copy copy,
                            SteadyTime now, const LostFunction& lost);
  // The oldest telling that is not in memory.
  std::optional<Loaded> Load();
  void Settle(SpoolPlace place, SteadyTime now);

  // Whether `place` is still on disk.
  bool holds(SpoolPlace place) const { return segments_.count(place.segment) != 0; }
  // Tellings that are not settled, and those of them that are not in memory.
  std::size_t size() const { return live_; }
  std::size_t unloaded() const { return unloaded_; }
  // On disk, and set aside for the lists of what is settled.
  std::uint64_t bytes() const { return bytes_; }
  // Frames, of this process, of tellings that cannot be read back; and sets it to 0.
  std::uint64_t TakeDamagedFrames() { return std::exchange(damaged_frames_, 0); }
  // Places where bytes were found that are no record.
  std::uint64_t damaged() const { return damaged_; }

  // Lets go of what is too old. Call when NextDeadline() passes, or more often.
  void Expire(SteadyTime now, const LostFunction& lost);
  // Makes all that was appended survive a power failure. Errors: kUnavailable.
  Status Sync(SteadyTime now);
  SteadyTime next_sync() const { return next_sync_; }
  SteadyTime NextDeadline() const;

  // What was appended since the last Sync, and stands for frames.
  const std::vector<EventVersion>& unsynced() const { return unsynced_; }

 private:
  struct Segment {
    std::uint64_t bytes = 0;
    std::uint64_t records = 0;
    std::size_t live = 0;
    std::size_t unloaded = 0;
    std::uint64_t unloaded_frames = 0;
    SteadyTime written;
    bool ours = false;  // of this process
    // Offsets from the cursor on that need not be loaded: settled, or in memory.
    std::set<std::uint32_t> skip;
  };
  using Segments = std::map<std::uint64_t, Segment>;

  Spool(const SpoolOptions& options, SpoolFolder folder);
  Status Scan(Now now);
  Status ScanSegment(std::uint64_t number, Now now, std::vector<SpoolPlace>& replaced);
  void SettleReplaced(std::vector<SpoolPlace> places);
  Status MakeCurrent(SteadyTime now);
  Status CloseCurrent();
  Status Broken(Status status, SteadyTime now);
  bool ReadMore(Segments::iterator at);
  void Drop(Segments::iterator at, const LostFunction& lost);
  void DropUnreadable(Segments::iterator at);
  void Remove(Segments::iterator at);
  void SettleNow(SpoolPlace place);
  void Dirty(SteadyTime now);

  const std::uint64_t max_bytes_;
  const Duration max_age_;
  const std::uint64_t segment_bytes_;
  SpoolFolder folder_;

  Segments segments_;  // oldest first
  std::uint64_t bytes_ = 0;
  std::size_t live_ = 0, unloaded_ = 0;
  std::uint64_t damaged_ = 0, damaged_frames_ = 0;

  std::uint64_t next_number_ = 1;
  std::uint64_t current_ = 0;  // the segment that is written to, or 0
  Descriptor current_file_;
  SteadyTime current_since_;
  SteadyTime broken_until_ = SteadyTime::min();
  std::string buffer_;

  SpoolPlace cursor_;        // all before it was loaded, or is to be skipped
  std::string text_;         // of the cursor's segment,
  std::size_t text_at_ = 0;  // from here on

  SteadyTime next_sync_ = SteadyTime::max();
  bool names_changed_ = false;
  std::vector<EventVersion> unsynced_;
  // Replaced by a record that is not synced yet: until then, or until that is settled,
  // a power failure may leave the old one only.
  struct Replacement {
    SpoolPlace old, by;
  };
  std::vector<Replacement> replaced_;
};

}  // namespace k8sentry::internal
