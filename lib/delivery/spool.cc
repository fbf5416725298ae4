#include "delivery/spool.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

namespace k8sentry::internal {
namespace {

constexpr std::size_t kMinBytes = 64 << 10;
constexpr std::uint64_t kMaxSegmentBytes = 2 << 20;
// A segment goes as a whole: 16 of them, so that little goes at a time.
constexpr int kSegments = 16;
constexpr Duration kSyncInterval = std::chrono::seconds(1);
constexpr Duration kBrokenPause = std::chrono::seconds(10);

}  // namespace

Result<std::unique_ptr<Spool>> Spool::Open(const SpoolOptions& options,
                                           const std::string& name, Now now) {
  if (options.max_bytes < kMinBytes) {
    return Status(StatusCode::kInvalidArgument, "spool.max_bytes is below 64 KiB");
  }
  if (options.max_age < std::chrono::seconds(1)) {
    return Status(StatusCode::kInvalidArgument, "spool.max_age is below a second");
  }
  Result<SpoolFolder> folder = SpoolFolder::Open(options.directory, name);
  if (!folder.ok()) return folder.status();
  std::unique_ptr<Spool> spool(new Spool(options, *std::move(folder)));
  if (Status status = spool->Scan(now); !status.ok()) {
    return Status(StatusCode::kConfiguration, status.message());
  }
  return spool;
}

Spool::Spool(const SpoolOptions& options, SpoolFolder folder)
    : max_bytes_(options.max_bytes),
      max_age_(options.max_age),
      segment_bytes_(std::min(max_bytes_ / kSegments, kMaxSegmentBytes)),
      folder_(std::move(folder)) {}

Spool::~Spool() { (void)Sync(SteadyTime::min()); }

// --- what an earlier process left ---

Status Spool::Scan(Now now) {
  Result<std::vector<std::uint64_t>> numbers = folder_.List();
  if (!numbers.ok()) return numbers.status();
  std::vector<SpoolPlace> replaced;
  for (const std::uint64_t number : *numbers) {
    next_number_ = std::max(next_number_, number + 1);
    if (Status status = ScanSegment(number, now, replaced); !status.ok()) return status;
  }
  SettleReplaced(std::move(replaced));
  for (auto at = segments_.begin(); at != segments_.end();) {
    const auto next = std::next(at);
    if (at->second.live == 0) Remove(at);
    at = next;
  }
  return {};
}

// A process may have ended before it settled what it had replaced.
void Spool::SettleReplaced(std::vector<SpoolPlace> places) {
  std::sort(places.begin(), places.end());
  std::uint64_t read = 0;
  std::string text;
  for (const SpoolPlace place : places) {
    const auto at = segments_.find(place.segment);
    if (at == segments_.end()) continue;
    if (std::exchange(read, place.segment) != place.segment) {
      Result<std::string> whole = folder_.Read(place.segment, 0);
      text = whole.ok() ? *std::move(whole) : std::string();
    }
    const auto frame = FindFrame(text, place.offset);
    if (!frame || frame->begin != place.offset ||
        !at->second.skip.insert(place.offset).second) {
      continue;
    }
    --at->second.unloaded;
    --unloaded_;
    SettleNow(place);
  }
}

Status Spool::ScanSegment(std::uint64_t number, Now now,
                          std::vector<SpoolPlace>& replaced) {
  const Result<std::string> text = folder_.Read(number, 0);
  const Result<Time> written = folder_.Written(number);
  const Result<std::vector<std::uint32_t>> done = folder_.ReadDone(number);
  if (!text.ok()) return text.status();
  if (!written.ok()) return written.status();
  if (!done.ok()) return done.status();
  const std::set<std::uint32_t> settled(done->begin(), done->end());
  const Duration age = std::max<Duration>(now.wall - *written, Duration::zero());
  Segment segment = {.bytes = text->size(), .written = now.steady - age};
  std::size_t at = 0;
  while (const auto frame = FindFrame(*text, at)) {
    if (frame->begin != at) ++damaged_;
    at = frame->end;
    const auto offset = static_cast<std::uint32_t>(frame->begin);
    const std::optional<TellingRecord> record = DecodeRecord(frame->record);
    ++segment.records;
    if (!record) ++damaged_;
    for (const SpoolPlace place : record ? record->replaces : Replaced()) {
      if (place) replaced.push_back(place);
    }
    if (!record || settled.count(offset) != 0) {
      segment.skip.insert(offset);
      continue;
    }
    ++segment.live;
    ++segment.unloaded;
  }
  if (at != text->size()) ++damaged_;  // torn off by the end of its process
  bytes_ += segment.bytes + kDoneBytes * segment.records;
  live_ += segment.live;
  unloaded_ += segment.unloaded;
  segments_.emplace(number, std::move(segment));
  return {};
}

// --- writing ---

Result<SpoolPlace> Spool::Append(const Telling& telling, const Replaced& replaces,
                                 Copy copy, SteadyTime now, const LostFunction& lost) {
  if (now < broken_until_) {
    return Status(StatusCode::kUnavailable, folder_.path() + ": failed a moment ago");
  }
  std::string record;
  EncodeRecord(telling, replaces, record);
  buffer_.clear();
  AppendFrame(record, buffer_);
  const std::uint64_t needed = buffer_.size() + kDoneBytes;
  if (needed > max_bytes_ / 4) {
    return Status(StatusCode::kUnavailable, "the telling is too large for the spool");
  }
  if (current_ != 0 && (segments_.at(current_).bytes + needed > segment_bytes_ ||
                        now - current_since_ > max_age_ / kSegments)) {
    if (Status status = CloseCurrent(); !status.ok()) return Broken(status, now);
  }
  while (bytes_ + needed > max_bytes_ && !segments_.empty()) {
    Drop(segments_.begin(), lost);
  }
  if (current_ == 0) {
    if (Status status = MakeCurrent(now); !status.ok()) return Broken(status, now);
  }
  Segment& segment = segments_.at(current_);
  if (!WriteAll(current_file_.get(), buffer_)) {
    const Status failed = folder_.Failed("be written to");
    // What follows a torn record would be found again, but its bytes are not counted.
    if (ftruncate(current_file_.get(), static_cast<off_t>(segment.bytes)) != 0) {
      (void)CloseCurrent();
    }
    return Broken(failed, now);
  }
  const SpoolPlace place = {current_, static_cast<std::uint32_t>(segment.bytes)};
  segment.bytes += buffer_.size();
  segment.written = now;
  ++segment.records;
  ++segment.live;
  ++live_;
  bytes_ += needed;
  if (copy == Copy::kInMemory) {
    segment.skip.insert(place.offset);
  } else {
    ++segment.unloaded;
    ++unloaded_;
    segment.unloaded_frames += static_cast<std::uint64_t>(telling.frames);
  }
  if (telling.frames > 0) {
    unsynced_.push_back({std::string(telling.event->uid),
                         std::string(telling.event->resource_version)});
  }
  for (const SpoolPlace old : replaces) {
    if (old) replaced_.push_back({.old = old, .by = place});
  }
  Dirty(now);
  return place;
}

Status Spool::MakeCurrent(SteadyTime now) {
  Result<Descriptor> file = folder_.Create(next_number_);
  if (!file.ok()) return file.status();
  current_file_ = *std::move(file);
  current_ = next_number_++;
  current_since_ = now;
  names_changed_ = true;
  segments_.emplace(current_, Segment{.written = now, .ours = true});
  return {};
}

Status Spool::CloseCurrent() {
  const auto at = segments_.find(std::exchange(current_, 0));
  const Descriptor file = std::exchange(current_file_, Descriptor());
  if (at != segments_.end() && at->second.live == 0) {
    Remove(at);
    return {};
  }
  return fdatasync(file.get()) == 0 ? Status() : folder_.Failed("be written to");
}

Status Spool::Broken(Status status, SteadyTime now) {
  broken_until_ = now + kBrokenPause;
  return status;
}

void Spool::Dirty(SteadyTime now) {
  if (next_sync_ == SteadyTime::max()) next_sync_ = now + kSyncInterval;
}

Status Spool::Sync(SteadyTime now) {
  if (next_sync_ == SteadyTime::max()) return {};
  Status status;
  if (current_ != 0 && fdatasync(current_file_.get()) != 0) {
    status = folder_.Failed("be written to");
  }
  if (status.ok()) status = folder_.SyncDone();
  if (status.ok() && names_changed_) status = folder_.SyncNames();
  if (!status.ok()) {
    next_sync_ = now + kBrokenPause;
    return Broken(std::move(status), now);
  }
  next_sync_ = SteadyTime::max();
  names_changed_ = false;
  unsynced_.clear();
  for (const Replacement& pair : std::exchange(replaced_, {})) SettleNow(pair.old);
  if (current_ != 0 && segments_.at(current_).live == 0) (void)CloseCurrent();
  return {};
}

// --- settling ---

void Spool::Settle(SpoolPlace place, SteadyTime now) {
  if (!holds(place)) return;
  SettleNow(place);
  Dirty(now);
}

void Spool::SettleNow(SpoolPlace place) {
  // First what it stands for: once it is gone, nothing would say so any more.
  const auto first =
      std::partition(replaced_.begin(), replaced_.end(),
                     [&](const Replacement& pair) { return pair.by != place; });
  const std::vector<Replacement> its(first, replaced_.end());
  replaced_.erase(first, replaced_.end());
  for (const Replacement& pair : its) SettleNow(pair.old);
  const auto at = segments_.find(place.segment);
  if (at == segments_.end()) return;
  --at->second.live;
  --live_;
  if (at->second.live == 0 && place.segment != current_) {
    Remove(at);
    return;
  }
  // If this fails, a later process tells it again, with the same id.
  (void)folder_.AppendDone(place.segment, place.offset);
}

void Spool::Remove(Segments::iterator at) {
  const auto& [number, segment] = *at;
  folder_.Remove(number);
  bytes_ -= segment.bytes + kDoneBytes * segment.records;
  live_ -= segment.live;
  unloaded_ -= segment.unloaded;
  names_changed_ = true;
  segments_.erase(at);
}

// --- reading ---

bool Spool::ReadMore(Segments::iterator at) {
  Result<std::string> text = folder_.Read(at->first, cursor_.offset);
  text_at_ = 0;
  text_ = text.ok() ? *std::move(text) : std::string();
  return !text_.empty();
}

std::optional<Spool::Loaded> Spool::Load() {
  while (unloaded_ > 0) {
    const auto at =
        std::find_if(segments_.lower_bound(cursor_.segment), segments_.end(),
                     [](const auto& s) { return s.second.unloaded > 0; });
    if (at == segments_.end()) break;
    auto& [number, segment] = *at;
    if (cursor_.segment != number) {
      cursor_ = {number, 0};
      text_.clear();
      text_at_ = 0;
    }
    auto frame = FindFrame(text_, text_at_);
    if (!frame) {
      if (!ReadMore(at) || !(frame = FindFrame(text_, 0))) {
        DropUnreadable(at);
        continue;
      }
    }
    const auto offset =
        static_cast<std::uint32_t>(cursor_.offset + (frame->begin - text_at_));
    cursor_.offset += static_cast<std::uint32_t>(frame->end - text_at_);
    text_at_ = frame->end;
    if (segment.skip.erase(offset) != 0) continue;
    std::optional<TellingRecord> record = DecodeRecord(frame->record);
    if (!record) continue;  // found damaged when it was scanned, or soon below
    --segment.unloaded;
    --unloaded_;
    segment.unloaded_frames -=
        segment.ours ? static_cast<std::uint64_t>(record->telling.frames) : 0;
    if (!segment.ours) record->telling.frames = 0;
    if (unloaded_ == 0) {
      text_ = std::string();
      text_at_ = 0;
    }
    return Loaded{std::move(record->telling), {number, offset}, !segment.ours};
  }
  return std::nullopt;
}

// What was counted and does not come: the disk has changed it, or somebody has.
void Spool::DropUnreadable(Segments::iterator at) {
  Segment& segment = at->second;
  ++damaged_;
  damaged_frames_ += std::exchange(segment.unloaded_frames, 0);
  live_ -= segment.unloaded;
  segment.live -= segment.unloaded;
  unloaded_ -= std::exchange(segment.unloaded, 0);
  if (segment.live == 0 && at->first != current_) Remove(at);
}

// --- bounds ---

void Spool::Drop(Segments::iterator at, const LostFunction& lost) {
  const std::uint64_t number = at->first;
  if (number == current_) {
    (void)CloseCurrent();
    at = segments_.find(number);
    if (at == segments_.end()) return;
  }
  Segment& segment = at->second;
  const std::uint32_t from = number == cursor_.segment  ? cursor_.offset
                             : number < cursor_.segment ? UINT32_MAX
                                                        : 0;
  const Result<std::string> text = segment.unloaded > 0 && from != UINT32_MAX
                                       ? folder_.Read(number, from)
                                       : std::string();
  const std::string_view frames = text.ok() ? std::string_view(*text) : "";
  for (auto frame = FindFrame(frames, 0); frame;
       frame = FindFrame(frames, frame->end)) {
    if (segment.skip.count(from + static_cast<std::uint32_t>(frame->begin)) != 0) {
      continue;
    }
    std::optional<TellingRecord> record = DecodeRecord(frame->record);
    if (!record) continue;
    if (!segment.ours) record->telling.frames = 0;
    segment.unloaded_frames -= static_cast<std::uint64_t>(record->telling.frames);
    lost(record->telling);
  }
  damaged_frames_ += segment.unloaded_frames;
  Remove(at);
}

void Spool::Expire(SteadyTime now, const LostFunction& lost) {
  while (!segments_.empty()) {
    const auto oldest = segments_.begin();
    if (bytes_ <= max_bytes_ && now - oldest->second.written <= max_age_) return;
    Drop(oldest, lost);
  }
}

SteadyTime Spool::NextDeadline() const {
  SteadyTime next = next_sync_;
  if (!segments_.empty()) {
    const SteadyTime written = segments_.begin()->second.written;
    if (written < SteadyTime::max() - max_age_) {
      next = std::min(next, written + max_age_ + Duration(1));
    }
  }
  return next;
}

}  // namespace k8sentry::internal
