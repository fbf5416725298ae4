#include "delivery/queue.h"

#include <algorithm>
#include <functional>
#include <string>
#include <utility>

namespace k8sentry::internal {
namespace {

constexpr std::size_t kMaxBatch = 16;
// How often a sink that is away is asked whether it is back.
constexpr Duration kAskingPause = std::chrono::seconds(5);

bool IsNormal(const Telling& telling) { return telling.event->type == "Normal"; }

}  // namespace

std::size_t Queue::BytesOf(const Telling& telling) {
  const Key& key = telling.key;
  return sizeof(Telling) + telling.event.bytes() + telling.workload_kind.size() +
         key.cluster.size() + key.namespace_.size() + key.workload.size() +
         key.container.size() + key.reason.size() + key.message_class.size();
}

std::size_t Queue::KeyHash::operator()(const Key& key) const {
  std::size_t hash = 0;
  for (const std::string* part : {&key.cluster, &key.namespace_, &key.workload,
                                  &key.container, &key.reason, &key.message_class}) {
    hash = hash * 1000003 + std::hash<std::string>()(*part);
  }
  return hash;
}

Queue::Queue(const QueueOptions& options, QueueFull when_full, Sink& sink,
             Logger& logger, std::uint64_t seed, std::unique_ptr<Spool> spool)
    : options_(options),
      when_full_(when_full),
      sink_(sink),
      logger_(logger),
      random_(static_cast<std::minstd_rand::result_type>(seed)),
      spool_(std::move(spool)) {}

Queue::~Queue() {
  for (const std::shared_ptr<Batch>& batch : batches_) batch->queue = nullptr;
}

bool Queue::full() const {
  return size() >= options_.max_tellings || bytes_ >= options_.max_bytes;
}

bool Queue::crowded() const {
  const bool more = !waiting_.empty() || (spool_ && spool_->unloaded() > 0);
  return more && under_way_ >= max_under_way();
}

void Queue::ForEachUnsettled(const VersionFunction& visit) const {
  const auto visit_one = [&](const Telling& telling, const Entry& entry) {
    if (telling.frames > 0 && !on_disk(entry)) {
      visit(telling.event->uid, telling.event->resource_version);
    }
  };
  for (const auto& [sequence, entry] : waiting_) visit_one(entry.telling, entry);
  for (const std::shared_ptr<Batch>& batch : batches_) {
    for (std::size_t i = 0; i < batch->tellings.size(); ++i) {
      visit_one(batch->tellings[i], batch->entries[i]);
    }
  }
  if (spool_ == nullptr) return;
  for (const EventVersion& event : spool_->unsynced()) visit(event.uid, event.version);
}

void Queue::Push(Telling&& telling, Now now) {
  Entry entry{.telling = std::move(telling), .sequence = next_sequence_++};
  now_ = now;
  counters_.in_flight += static_cast<std::uint64_t>(entry.telling.frames);
  NoteLimit(sink_.limited_until(), now.steady);
  if (spool_ != nullptr && GoesToSpoolOnly(entry)) return;
  Wait(std::move(entry));
  if (when_full_ == QueueFull::kDrop) Trim(now);
}

void Queue::Pump(Now now) {
  now_ = now;
  Settle(now);
  NoteLimit(sink_.limited_until(), now.steady);
  if (spool_ != nullptr) SetSpooling();
  if (silent_until() <= now.steady) HandOut(now);
  if (spool_ != nullptr) SyncSpool();
}

void Queue::HandOut(Now now) {
  if (spool_ != nullptr) LoadFromSpool();
  while (!delayed_.empty() && delayed_.begin()->first <= now.steady) {
    ready_.insert(delayed_.extract(delayed_.begin()).value().second);
  }
  while (!ready_.empty() && under_way_ < max_under_way()) SendBatch(now);
}

SteadyTime Queue::NextDeadline() const {
  if (!completed_.empty()) return SteadyTime::min();
  const SteadyTime spool = spool_ ? NextSpoolDeadline() : SteadyTime::max();
  const bool loads = spool_ != nullptr && spool_->unloaded() > 0 && waiting_.empty();
  if ((waiting_.empty() && !loads) || under_way_ >= max_under_way()) return spool;
  const SteadyTime due =
      !ready_.empty() || loads ? SteadyTime::min() : delayed_.begin()->first;
  return std::min(spool, std::max(due, silent_until()));
}

void Queue::RetryNow() {
  ask_again_ = SteadyTime::min();
  for (auto it = delayed_.begin(); it != delayed_.end();) {
    Entry& entry = waiting_.at(it->second);
    if (entry.limited) {
      ++it;
      continue;
    }
    entry.not_before = SteadyTime::min();
    ready_.insert(it->second);
    it = delayed_.erase(it);
  }
}

// A telling of a ready entry moves into the batch, and stays there until the sink has
// completed it.
void Queue::SendBatch(Now now) {
  auto batch = std::make_shared<Batch>();
  batch->queue = this;
  const std::size_t n =
      std::min({ready_.size(), kMaxBatch, max_under_way() - under_way_});
  batch->tellings.reserve(n);
  batch->entries.reserve(n);
  for (std::size_t i = 0; i < n; ++i) {
    Entry entry = Take(*ready_.begin());
    bytes_ += entry.bytes;  // it still counts
    if (entry.attempts == 0) entry.answers = answers_;
    batch->tellings.push_back(std::move(entry.telling));
    batch->entries.push_back(std::move(entry));
  }
  batch->open = n;
  under_way_ += n;
  batches_.push_back(batch);
  sink_.Send(batch->tellings, now, [batch](std::size_t index, const Outcome& outcome) {
    if (batch->queue != nullptr)
      batch->queue->completed_.push_back({batch, index, outcome});
  });
}

void Queue::Settle(Now now) {
  for (Completed& done : std::exchange(completed_, {})) {
    Batch& batch = *done.batch;
    Entry entry = std::move(batch.entries[done.index]);
    entry.telling = std::move(batch.tellings[done.index]);
    batch.tellings[done.index].frames = 0;  // for ForEachUnsettled
    batch.entries[done.index].settled = true;
    --under_way_;
    bytes_ -= entry.bytes;
    if (--batch.open == 0) std::erase(batches_, done.batch);
    SettleOne(std::move(entry), done.outcome, now);
  }
}

void Queue::SettleOne(Entry&& entry, const Outcome& outcome, Now now) {
  const auto frames = static_cast<std::uint64_t>(entry.telling.frames);
  switch (outcome.kind) {
    case Outcome::Kind::kDelivered:
      counters_.in_flight -= frames;
      counters_.delivered += frames;
      ++answers_;
      Forget(entry);
      if (std::exchange(failing_, false)) {
        logger_.Log(LogLevel::kInfo, "delivery works again",
                    {{"sink", std::string(sink_.name())}});
        RetryNow();  // what failed before it need not wait any longer
      }
      return;
    case Outcome::Kind::kRejected:
      counters_.in_flight -= frames;
      counters_.rejected += frames;
      failing_since_ = now.steady;  // it is there, after all
      Forget(entry);
      LogDoubling(rejected_, "telling rejected",
                  HexId(entry.telling.id) + ": " + outcome.detail);
      return;
    case Outcome::Kind::kSampledOut:
      counters_.in_flight -= frames;
      counters_.sampled_out += frames;
      Forget(entry);
      return;
    case Outcome::Kind::kRetry:
      Retry(std::move(entry), outcome, now);
      return;
    case Outcome::Kind::kLimited:
      Limit(std::move(entry), outcome, now.steady);
      return;
  }
}

void Queue::Retry(Entry&& entry, const Outcome& outcome, Now now) {
  ++entry.attempts;
  // With a spool it can wait as long as nothing else arrives either.
  if (spool_ == nullptr || std::exchange(entry.answers, answers_) != answers_) {
    ++entry.strikes;
  }
  if (entry.strikes >= options_.max_attempts) {
    sink_.Lost(entry.telling, Loss::kGaveUp, now);
    SettleOne(
        std::move(entry),
        {.kind = Outcome::Kind::kRejected, .detail = "gave up: " + outcome.detail},
        now);
    return;
  }
  if (!std::exchange(failing_, true)) {
    failing_since_ = now.steady;
    logger_.Log(LogLevel::kWarning, "delivery failed, trying again",
                {{"sink", std::string(sink_.name())}, {"detail", outcome.detail}});
  }
  ask_again_ = now.steady + kAskingPause;
  entry.not_before = std::max(now.steady + Backoff(entry.attempts), outcome.retry_at);
  entry.limited = false;
  if (spooling_) CopyToSpool(entry);
  Wait(std::move(entry));
}

void Queue::Limit(Entry&& entry, const Outcome& outcome, SteadyTime now) {
  SteadyTime until = std::max(outcome.retry_at, sink_.limited_until());
  if (until <= now) until = now + options_.min_backoff;
  NoteLimit(until, now);
  entry.not_before = until;
  entry.limited = true;
  if (spooling_) CopyToSpool(entry);
  Wait(std::move(entry));
}

void Queue::Wait(Entry&& entry) {
  if (folding_ && FoldIn(entry)) return;
  const Sequence sequence = entry.sequence;
  entry.bytes = BytesOf(entry.telling);
  bytes_ += entry.bytes;
  if (IsNormal(entry.telling)) normal_.insert(sequence);
  if (entry.not_before == SteadyTime::min()) {
    ready_.insert(sequence);
  } else {
    delayed_.emplace(entry.not_before, sequence);
  }
  waiting_.emplace(sequence, std::move(entry));
}

Queue::Entry Queue::Take(Sequence sequence) {
  const auto it = waiting_.find(sequence);
  Entry entry = std::move(it->second);
  waiting_.erase(it);
  bytes_ -= entry.bytes;
  normal_.erase(sequence);
  ready_.erase(sequence);
  delayed_.erase({entry.not_before, sequence});
  if (folding_) {
    const auto folded = by_key_.find(entry.telling.key);
    if (folded != by_key_.end() && folded->second == sequence) by_key_.erase(folded);
  }
  return entry;
}

void Queue::Trim(Now now) {
  while (!waiting_.empty() &&
         (size() > options_.max_tellings || bytes_ > options_.max_bytes)) {
    const Sequence victim =
        normal_.empty() ? waiting_.begin()->first : *normal_.begin();
    const Entry entry = Take(victim);
    const auto frames = static_cast<std::uint64_t>(entry.telling.frames);
    sink_.Lost(entry.telling, Loss::kQueueFull, now);
    Forget(entry);
    counters_.in_flight -= frames;
    counters_.overflowed += frames;
    LogDoubling(dropped_, "delivery queue is full, tellings are lost", "");
  }
}

// One line each time the number has doubled: a flood must not flood the log too.
void Queue::LogDoubling(Losses& losses, std::string_view message,
                        const std::string& detail) {
  if (++losses.tellings < losses.next_line) return;
  losses.next_line = losses.tellings * 2;
  logger_.Log(LogLevel::kWarning, message,
              {{"sink", std::string(sink_.name())},
               {"tellings", std::to_string(losses.tellings)},
               {"last", detail}});
}

void Queue::NoteLimit(SteadyTime until, SteadyTime now) {
  limited_until_ = std::max(limited_until_, until);
  const bool limited = limited_until_ > now;
  if (limited == folding_) return;
  folding_ = limited;
  limited_since_ = now;
  by_key_.clear();
  if (!limited) return;
  logger_.Log(LogLevel::kWarning, "the sink asks for silence",
              {{"sink", std::string(sink_.name())},
               {"for", FormatDuration(std::chrono::ceil<std::chrono::seconds>(
                           limited_until_ - now))}});
  FoldAll();
}

void Queue::FoldAll() {
  std::vector<Sequence> all;
  all.reserve(waiting_.size());
  for (const auto& [sequence, entry] : waiting_) all.push_back(sequence);
  for (const Sequence sequence : all) Wait(Take(sequence));
}

// Folds `entry` and the waiting telling of its key into one that has the older's id and
// the newer's event. True when `entry` is no more.
//
// A telling that was attempted may have arrived: what is folded into it would be taken
// for a repeat by its id, and lost. It stays as it is, outside of the folding.
bool Queue::FoldIn(Entry& entry) {
  if (entry.attempts > 0 || entry.may_have_arrived) return false;
  const auto it = by_key_.find(entry.telling.key);
  if (it == by_key_.end()) {
    by_key_.emplace(entry.telling.key, entry.sequence);
    return false;
  }
  Entry other = Take(it->second);  // forgets `it`
  const bool other_is_older = other.sequence < entry.sequence;
  Entry merged = other_is_older ? std::move(other) : std::move(entry);
  Entry newer = other_is_older ? std::move(entry) : std::move(other);
  Telling& into = merged.telling;
  into.event = newer.telling.event;
  into.workload_kind = newer.telling.workload_kind;
  into.sightings += newer.telling.sightings;
  into.swallowed += newer.telling.swallowed;
  into.frames += newer.telling.frames;
  into.first_seen = std::min(into.first_seen, newer.telling.first_seen);
  into.last_seen = std::max(into.last_seen, newer.telling.last_seen);
  if (newer.limited) {
    merged.not_before = std::max(merged.not_before, newer.not_before);
    merged.limited = true;
  }
  // What is on disk must say what this one says, or it is not on disk.
  if (const Replaced old = {merged.place, newer.place}; old[0] || old[1] || spooling_) {
    const Result<SpoolPlace> place = Append(into, old, Spool::Copy::kInMemory);
    if (!place.ok()) {
      Forget(merged);
      Forget(newer);
    }
    merged.place = place.ok() ? *place : SpoolPlace();
  }
  Wait(std::move(merged));
  return true;
}

Duration Queue::Backoff(int attempts) {
  Duration ceiling = options_.min_backoff;
  for (int i = 0; i < attempts && ceiling < options_.max_backoff; ++i) ceiling *= 2;
  ceiling = std::min(ceiling, options_.max_backoff);
  if (ceiling <= options_.min_backoff) return ceiling;
  std::uniform_int_distribution<std::int64_t> between(options_.min_backoff.count(),
                                                      ceiling.count());
  return Duration(between(random_));
}

}  // namespace k8sentry::internal
