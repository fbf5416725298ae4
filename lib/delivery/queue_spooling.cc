// What a Queue does with its spool.
#include <algorithm>
#include <string>
#include <utility>

#include "delivery/queue.h"

namespace k8sentry::internal {
namespace {

// A sink that has been away for longer is away; before, memory will do.
constexpr Duration kPatience = std::chrono::seconds(5);
// What comes back at a time: enough to keep a sink busy.
constexpr std::size_t kLoadAtOnce = 256;

}  // namespace

bool Queue::empty() const {
  return size() == 0 && (spool_ == nullptr || spool_->unloaded() == 0);
}

bool Queue::has_room_for(const Telling& telling) const {
  return size() < options_.max_tellings &&
         bytes_ + BytesOf(telling) <= options_.max_bytes;
}

// While it is away one telling at a time asks whether it is back: the others can wait,
// and what comes back has enough to do.
std::size_t Queue::max_under_way() const { return away() ? 1 : sink_.max_in_flight(); }

SteadyTime Queue::silent_until() const {
  const SteadyTime limited = std::max(limited_until_, sink_.limited_until());
  return away() ? std::max(limited, ask_again_) : limited;
}

// What memory cannot hold, and what would overtake others that it could not hold.
bool Queue::GoesToSpoolOnly(Entry& entry) {
  if (folding_ && by_key_.count(entry.telling.key) != 0) return false;
  if (spool_->unloaded() == 0 && has_room_for(entry.telling)) {
    if (spooling_) CopyToSpool(entry);
    return false;
  }
  if (when_full_ == QueueFull::kWait && !spooling_) return false;
  return Append(entry.telling, {}, Spool::Copy::kOnlyHere).ok();
}

void Queue::CopyToSpool(Entry& entry) {
  if (on_disk(entry)) return;
  const Result<SpoolPlace> place = Append(entry.telling, {}, Spool::Copy::kInMemory);
  entry.place = place.ok() ? *place : SpoolPlace();
}

// Says once that the disk refuses; then all goes on as without a spool.
Result<SpoolPlace> Queue::Append(const Telling& telling, const Replaced& replaces,
                                 Spool::Copy copy) {
  Result<SpoolPlace> place =
      spool_->Append(telling, replaces, copy, now_.steady,
                     [this](const Telling& lost) { LoseFromSpool(lost); });
  if (!place.ok() && !std::exchange(spool_fails_, true)) {
    logger_.Log(
        LogLevel::kError, "the spool cannot be written",
        {{"sink", std::string(sink_.name())}, {"detail", place.status().message()}});
  } else if (place.ok() && std::exchange(spool_fails_, false)) {
    logger_.Log(LogLevel::kInfo, "the spool can be written again",
                {{"sink", std::string(sink_.name())}});
  }
  return place;
}

// `entry` is settled: its copy must not come back.
void Queue::Forget(const Entry& entry) {
  if (on_disk(entry)) spool_->Settle(entry.place, now_.steady);
}

void Queue::LoseFromSpool(const Telling& telling) {
  const auto frames = static_cast<std::uint64_t>(telling.frames);
  counters_.in_flight -= frames;
  counters_.overflowed += frames;
  sink_.Lost(telling, Loss::kSpoolFull, now_);
  LogDoubling(pushed_out_, "the spool is full, or too old: tellings are lost", "");
}

void Queue::SetSpooling() {
  spool_->Expire(now_.steady, [this](const Telling& lost) { LoseFromSpool(lost); });
  const bool away = (failing_ && now_.steady - failing_since_ > kPatience) ||
                    (folding_ && now_.steady - limited_since_ > kPatience);
  if (std::exchange(spooling_, away) == away || !away) return;
  for (auto& [sequence, entry] : waiting_) CopyToSpool(entry);
}

void Queue::LoadFromSpool() {
  if (spool_->unloaded() == 0 || waiting_.size() >= max_under_way()) return;
  while (waiting_.size() < kLoadAtOnce && (waiting_.empty() || !full())) {
    std::optional<Spool::Loaded> loaded = spool_->Load();
    if (!loaded) break;
    Wait({.telling = std::move(loaded->telling),
          .sequence = next_sequence_++,
          .may_have_arrived = loaded->earlier,
          .place = loaded->place});
  }
}

void Queue::SyncSpool() {
  if (const std::uint64_t frames = spool_->TakeDamagedFrames(); frames > 0) {
    counters_.in_flight -= frames;
    counters_.overflowed += frames;
    logger_.Log(LogLevel::kError, "the spool is damaged: tellings are lost",
                {{"sink", std::string(sink_.name())}});
  }
  if (now_.steady >= spool_->next_sync()) {
    const Status status = spool_->Sync(now_.steady);
    if (!status.ok() && !std::exchange(spool_fails_, true)) {
      logger_.Log(LogLevel::kError, "the spool cannot be written",
                  {{"sink", std::string(sink_.name())}, {"detail", status.message()}});
    }
  }
  NoteSpooling();
}

void Queue::NoteSpooling() {
  const bool empty = spool_->size() == 0;
  if (std::exchange(spool_was_empty_, empty) == empty) return;
  if (empty) {
    logger_.Log(LogLevel::kInfo, "the spool is empty again",
                {{"sink", std::string(sink_.name())}});
    return;
  }
  logger_.Log(LogLevel::kWarning, "tellings wait in the spool",
              {{"sink", std::string(sink_.name())},
               {"tellings", std::to_string(spool_->size())}});
}

SteadyTime Queue::NextSpoolDeadline() const {
  SteadyTime next = spool_->NextDeadline();
  if (spooling_) return next;
  const auto patience_ends = [&](SteadyTime since) {
    next = std::min(next, since + kPatience + Duration(1));
  };
  if (failing_) patience_ends(failing_since_);
  if (folding_) patience_ends(limited_since_);
  return next;
}

bool Queue::SpoolAll(Now now) {
  if (spool_ == nullptr) return false;
  now_ = now;
  bool all = true;
  const auto copy = [&](const Telling& telling, Entry& entry) {
    if (on_disk(entry)) return;
    const Result<SpoolPlace> place = Append(telling, {}, Spool::Copy::kInMemory);
    entry.place = place.ok() ? *place : SpoolPlace();
    all = all && place.ok();
  };
  for (auto& [sequence, entry] : waiting_) copy(entry.telling, entry);
  for (const std::shared_ptr<Batch>& batch : batches_) {
    for (std::size_t i = 0; i < batch->tellings.size(); ++i) {
      if (!batch->entries[i].settled) copy(batch->tellings[i], batch->entries[i]);
    }
  }
  if (!spool_->Sync(now.steady).ok()) all = false;
  logger_.Log(all ? LogLevel::kWarning : LogLevel::kError,
              all ? "what was not delivered waits in the spool"
                  : "the spool cannot take what was not delivered",
              {{"sink", std::string(sink_.name())},
               {"tellings", std::to_string(spool_->size())}});
  return all;
}

}  // namespace k8sentry::internal
