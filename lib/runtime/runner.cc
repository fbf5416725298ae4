#include "runtime/runner.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/resource_version.h"
#include "runtime/lanes.h"
#include "runtime/wait_set.h"

namespace k8sentry::internal {
namespace {

// What one Poll reads at most, so that it returns within milliseconds: 64 events each.
constexpr int kBatchesPerPoll = 64;

// A Poll that reads more is part of a rush, such as a list, which nothing may slow
// down.
constexpr std::size_t kFewEvents = 64;

Now ReadClocks() {
  return {.steady = std::chrono::steady_clock::now(),
          .wall = std::chrono::floor<std::chrono::microseconds>(
              std::chrono::system_clock::now())};
}

SteadyTime After(SteadyTime time, Duration duration) {
  return duration < SteadyTime::max() - time ? time + duration : SteadyTime::max();
}

class RunnerImpl final : public Runner {
 public:
  RunnerImpl(const RunnerOptions& options, std::unique_ptr<Pipeline> pipeline,
             std::unique_ptr<WaitSet> wait_set, std::unique_ptr<Lanes> lanes)
      : source_(options.source),
        transport_(options.transport),
        replay_(options.pipeline.time == TimeSource::kEvents),
        reader_waits_(options.when_full == QueueFull::kWait),
        keeps_windows_(options.at_end == AtEnd::kKeepWindows),
        rest_(options.rest),
        wait_set_(std::move(wait_set)),
        pipeline_(std::move(pipeline)),
        lanes_(std::move(lanes)),
        on_telling_(options.on_telling),
        tell_([this](Telling&& telling) { Tell(std::move(telling)); }) {
    if (options.state != nullptr) Load(*options.state);
    if (options.sink.wants_admitted()) {
      pipeline_->SetAdmitted([this, &sink = options.sink](const Event& event) {
        sink.Admitted(event, now_);
      });
    }
    Arm();
  }

  bool Poll(Duration max_wait) override;
  SteadyTime NextDeadline() const override;
  int descriptor() const override {
    host_waits_ = true;
    Arm();
    return wait_set_->descriptor();
  }
  void Wake() override { wait_set_->Wake(); }
  Status Run(std::stop_token stop) override;
  Status Drain(Duration limit) override;
  State state() const override;
  Ledger ledger() const override;
  const Pipeline& pipeline() const override { return *pipeline_; }

 private:
  bool finished() const { return !reading_ && lanes_->empty(); }
  // A replay's file can wait; a cluster cannot.
  bool may_read() const { return reading_ && !(reader_waits_ && lanes_->full()); }

  void Load(const State& state);
  void WatchDescriptors() const;
  void Arm() const;
  void Wait(Duration max_wait);
  // Not while Events wait for answers, or tellings only for the sink to take them.
  bool may_rest() const {
    return rest_ > Duration::zero() && reading_ && events_read_ > 0 &&
           events_read_ <= kFewEvents && !source_.holds_back() && !lanes_->crowded();
  }
  void WaitAndPoll(Duration max_wait);
  Status Undelivered(Duration limit);
  void Read();
  void Tell(Telling&& telling) {
    if (on_telling_) on_telling_(telling);
    lanes_->Push(std::move(telling), now_);
  }

  EventSource& source_;
  HttpTransport* const transport_;
  const bool replay_;
  const bool reader_waits_;
  const bool keeps_windows_;
  const Duration rest_;
  const std::unique_ptr<WaitSet> wait_set_;
  mutable WaitSet::Slot transport_slot_, source_slot_;
  mutable bool source_is_watched_ = true;
  mutable bool host_waits_ = false;  // for descriptor(), and not in Poll
  const std::unique_ptr<Pipeline> pipeline_;
  const std::unique_ptr<Lanes> lanes_;
  const std::function<void(const Telling&)> on_telling_;
  const Pipeline::TellingFunction tell_;
  Now now_ = ReadClocks();
  std::size_t events_read_ = 0;  // by the last Poll
  bool reading_ = true;
};

SteadyTime RunnerImpl::NextDeadline() const {
  SteadyTime next = lanes_->NextDeadline();
  if (transport_ != nullptr) next = std::min(next, transport_->NextDeadline());
  if (may_read()) {
    if (source_.ready() || !source_is_watched_) return SteadyTime::min();
    next = std::min(next, source_.NextDeadline());
  }
  // A replay's windows close by the times of its events.
  if (reading_ && !replay_) next = std::min(next, pipeline_->NextDeadline());
  return next;
}

void RunnerImpl::WatchDescriptors() const {
  wait_set_->Watch(transport_slot_,
                   transport_ != nullptr ? transport_->descriptor() : -1);
  source_is_watched_ =
      wait_set_->Watch(source_slot_, may_read() ? source_.descriptor() : -1);
}

// Makes descriptor() mean what it promises to a host that waits for it, and not in
// Poll. Each time that costs system calls, so not before somebody has asked for it.
void RunnerImpl::Arm() const {
  if (!host_waits_) return;
  WatchDescriptors();
  wait_set_->Arm(finished() && lanes_->sinks_idle() ? SteadyTime::max()
                                                    : NextDeadline());
}

void RunnerImpl::Wait(Duration max_wait) {
  if (may_rest()) {
    const Duration passed = ReadClocks().steady - now_.steady;
    if (passed < rest_) wait_set_->Rest(std::min(max_wait, rest_ - passed));
    max_wait = std::max(max_wait - rest_, Duration::zero());
  }
  WatchDescriptors();  // the host may have fed the source since
  const SteadyTime next = NextDeadline();
  const SteadyTime now = ReadClocks().steady;
  const Duration until_next = next <= now ? Duration::zero() : next - now;
  wait_set_->Wait(std::min(max_wait, until_next));
}

bool RunnerImpl::Poll(Duration max_wait) {
  WaitAndPoll(finished() ? Duration::zero() : max_wait);
  return !finished();
}

void RunnerImpl::WaitAndPoll(Duration max_wait) {
  Wait(max_wait);
  now_ = ReadClocks();
  if (transport_ != nullptr) transport_->Poll(now_.steady);
  Read();
  if (reading_) pipeline_->Expire(now_, tell_);
  lanes_->Poll(now_);
  // What was asked for now need not wait until the rest is over.
  if (transport_ != nullptr && may_rest()) transport_->Poll(now_.steady);
  Arm();
}

void RunnerImpl::Read() {
  events_read_ = 0;
  for (int i = 0; i < kBatchesPerPoll && may_read(); ++i) {
    // A list comes faster than a sink takes issues; what is read waits in memory.
    if (i > 0 && lanes_->crowded()) return;
    const EventBatch batch = source_.Poll(now_);
    switch (batch.state) {
      case SourceState::kEvents:
        pipeline_->Process(batch.events, now_, tell_);
        events_read_ += batch.events.size();
        break;
      case SourceState::kIdle:
        return;
      case SourceState::kEnded:
      case SourceState::kFailed:
        reading_ = false;
        return;
    }
    now_ = ReadClocks();
  }
}

Status RunnerImpl::Run(std::stop_token stop) {
  const std::stop_callback wake(stop, [this] { Wake(); });
  while (!stop.stop_requested() && Poll(std::chrono::hours(1))) {
  }
  return source_.status();
}

Status RunnerImpl::Drain(Duration limit) {
  now_ = ReadClocks();
  const SteadyTime deadline = After(now_.steady, limit);
  for (EventBatch held = source_.Flush(now_); held.state == SourceState::kEvents;
       held = source_.Flush(now_)) {
    pipeline_->Process(held.events, now_, tell_);
  }
  reading_ = false;
  if (!replay_ && !keeps_windows_) pipeline_->Close(now_, tell_);
  lanes_->BeginDrain(now_);
  while (!lanes_->empty() || !lanes_->sinks_idle()) {
    const SteadyTime now = ReadClocks().steady;
    // Also when nothing can happen before the deadline: a rate limit that lasts longer.
    if (now >= deadline || lanes_->idle_until(deadline)) return Undelivered(limit);
    WaitAndPoll(deadline - now);
  }
  return Status();
}

// What is in the spool is as good as delivered: the next run does it.
Status RunnerImpl::Undelivered(Duration limit) {
  const bool kept = lanes_->SpoolAll(ReadClocks());
  if (kept && lanes_->sinks_idle()) return Status();
  const std::string within = " within " + FormatDuration(limit);
  if (kept || lanes_->empty()) {
    return Status(StatusCode::kDeadlineExceeded,
                  "a sink has not sent all that it held" + within);
  }
  return Status(
      StatusCode::kDeadlineExceeded,
      std::to_string(lanes_->size()) + " tellings were not delivered" + within);
}

// Windows went on ageing while nobody ran.
void RunnerImpl::Load(const State& state) {
  const Duration down = std::max<Duration>(now_.wall - state.saved, Duration::zero());
  std::vector<KeptKey> keys = state.keys;
  for (KeptKey& key : keys) key.age += down;
  pipeline_->Load(keys, now_.steady);
}

State RunnerImpl::state() const {
  const Now now = ReadClocks();
  State state = {.source = source_.position().value_or(ResumePoint()),
                 .keys = pipeline_->Save(now.steady),
                 .saved = now.wall};
  ResumePoint& point = state.source;
  std::vector<std::string_view> versions;
  lanes_->ForEachUnsettled([&](std::string_view uid, std::string_view version) {
    if (uid.empty() || version.empty()) return;
    point.unacknowledged.push_back({std::string(uid), std::string(version)});
    versions.push_back(version);
  });
  // Versions are of the whole cluster, so the oldest one holds for every watch.
  for (WatchMark& mark : point.marks) {
    mark.acknowledged = OlderThanAll(mark.acknowledged, versions);
  }
  return state;
}

Ledger RunnerImpl::ledger() const {
  Ledger ledger = pipeline_->ledger();
  const DecoderCounters& source = source_.counters();
  ledger.seen += source.malformed;
  ledger.malformed = source.malformed;
  ledger.deleted = source.deleted;
  ledger.bookmarks = source.bookmarks;
  ledger.errors = source.errors;
  ledger.blank_lines = source.blank_lines;
  const QueueCounters queue = lanes_->counters();
  ledger.sampled_out = queue.sampled_out;
  ledger.overflowed = queue.overflowed;
  ledger.rejected = queue.rejected;
  ledger.delivered = queue.delivered;
  ledger.in_flight = queue.in_flight;
  return ledger;
}

}  // namespace

Result<std::unique_ptr<Runner>> MakeRunner(const RunnerOptions& options,
                                           std::unique_ptr<Pipeline> pipeline) {
  const Now now = ReadClocks();
  const auto seed = static_cast<std::uint64_t>(now.steady.time_since_epoch().count());
  Result<std::unique_ptr<Lanes>> lanes = Lanes::New(options, seed, now);
  if (!lanes.ok()) return lanes.status();
  Result<std::unique_ptr<WaitSet>> wait_set = WaitSet::Create();
  if (!wait_set.ok()) return wait_set.status();
  return std::unique_ptr<Runner>(std::make_unique<RunnerImpl>(
      options, std::move(pipeline), *std::move(wait_set), *std::move(lanes)));
}

}  // namespace k8sentry::internal
