#include "runtime/lanes.h"

#include <algorithm>
#include <utility>

namespace k8sentry::internal {
namespace {

const char* ProblemOf(const QueueOptions& queue) {
  if (queue.max_tellings < 1) return "queue.max_tellings is 0";
  if (queue.max_bytes < 1) return "queue.max_bytes is 0";
  if (queue.max_attempts < 1) return "queue.max_attempts is below 1";
  if (queue.min_backoff < Duration(1)) return "queue.min_backoff is not positive";
  if (queue.max_backoff < queue.min_backoff) {
    return "queue.max_backoff is below queue.min_backoff";
  }
  return nullptr;
}

void Add(const QueueCounters& counters, QueueCounters& to) {
  to.sampled_out += counters.sampled_out;
  to.overflowed += counters.overflowed;
  to.rejected += counters.rejected;
  to.delivered += counters.delivered;
  to.in_flight += counters.in_flight;
}

}  // namespace

Result<std::unique_ptr<Lanes>> Lanes::New(const RunnerOptions& options,
                                          std::uint64_t seed, Now now) {
  if (const char* problem = ProblemOf(options.queue)) {
    return Status(StatusCode::kInvalidArgument, problem);
  }
  std::unique_ptr<Lanes> lanes(new Lanes(options, seed));
  if (Status status = lanes->Add(options.sink, now); !status.ok()) return status;
  return lanes;
}

Lanes::Lanes(const RunnerOptions& options, std::uint64_t seed)
    : options_(options.queue),
      spool_(options.spool),
      when_full_(options.when_full),
      sink_(options.sink),
      router_(options.router),
      logger_(options.logger != nullptr ? *options.logger : NullLogger()),
      seed_(seed) {}

// Without its spool where that cannot be opened; then the status says why.
Status Lanes::Add(Sink& sink, Now now) {
  std::unique_ptr<Spool> spool;
  Status status;
  if (!spool_.directory.empty()) {
    Result<std::unique_ptr<Spool>> opened = Spool::Open(spool_, sink.spool_name(), now);
    status = opened.status();
    if (opened.ok()) spool = *std::move(opened);
  }
  lanes_.push_back({&sink, std::make_unique<Queue>(options_, when_full_, sink, logger_,
                                                   seed_++, std::move(spool))});
  return status;
}

// There are few sinks, and many tellings in a row go to the same one.
Queue& Lanes::QueueOf(Sink& sink, Now now) {
  const auto lane = std::find_if(lanes_.begin(), lanes_.end(),
                                 [&](const Lane& l) { return l.sink == &sink; });
  if (lane != lanes_.end()) return *lane->queue;
  if (const Status status = Add(sink, now); !status.ok()) {
    logger_.Log(LogLevel::kError, "a sink goes without its spool",
                {{"sink", std::string(sink.name())}, {"detail", status.message()}});
  }
  return *lanes_.back().queue;
}

void Lanes::Push(Telling&& telling, Now now) {
  Sink& sink = router_ != nullptr ? router_->Route(telling, now) : sink_;
  sink.Told(telling, now);
  QueueOf(sink, now).Push(std::move(telling), now);
}

void Lanes::Poll(Now now) {
  for (const Lane& lane : lanes_) {
    lane.sink->Poll(now);
    lane.queue->Pump(now);
  }
  if (router_ != nullptr) Retire();
}

// Lets go of the sinks that the router wants back and that nothing waits for.
void Lanes::Retire() {
  std::vector<Sink*> retired;
  std::erase_if(lanes_, [&](const Lane& lane) {
    if (lane.sink == &sink_ || !lane.queue->empty() || !lane.sink->idle() ||
        !router_->retires(*lane.sink)) {
      return false;
    }
    internal::Add(lane.queue->counters(), retired_);
    retired.push_back(lane.sink);
    return true;
  });
  for (Sink* sink : retired) router_->Retired(*sink);
}

SteadyTime Lanes::NextDeadline() const {
  SteadyTime next = SteadyTime::max();
  for (const Lane& lane : lanes_) {
    next = std::min({next, lane.sink->NextDeadline(), lane.queue->NextDeadline()});
  }
  return next;
}

void Lanes::BeginDrain(Now now) {
  for (const Lane& lane : lanes_) {
    lane.sink->Flush(now);
    lane.queue->RetryNow();
    lane.queue->Pump(now);
  }
}

bool Lanes::idle_until(SteadyTime time) const {
  return std::all_of(lanes_.begin(), lanes_.end(), [&](const Lane& lane) {
    return lane.sink->idle() && lane.queue->under_way() == 0 &&
           lane.queue->NextDeadline() > time;
  });
}

bool Lanes::sinks_idle() const {
  return std::all_of(lanes_.begin(), lanes_.end(),
                     [](const Lane& lane) { return lane.sink->idle(); });
}

bool Lanes::empty() const {
  return std::all_of(lanes_.begin(), lanes_.end(),
                     [](const Lane& lane) { return lane.queue->empty(); });
}

bool Lanes::full() const {
  return std::any_of(lanes_.begin(), lanes_.end(),
                     [](const Lane& lane) { return lane.queue->full(); });
}

bool Lanes::crowded() const {
  return std::any_of(lanes_.begin(), lanes_.end(),
                     [](const Lane& lane) { return lane.queue->crowded(); });
}

std::size_t Lanes::size() const {
  std::size_t size = 0;
  for (const Lane& lane : lanes_) size += lane.queue->size();
  return size;
}

bool Lanes::SpoolAll(Now now) {
  bool all = true;
  for (const Lane& lane : lanes_) {
    if (!lane.queue->empty() && !lane.queue->SpoolAll(now)) all = false;
  }
  return all;
}

void Lanes::ForEachUnsettled(const Queue::VersionFunction& visit) const {
  for (const Lane& lane : lanes_) lane.queue->ForEachUnsettled(visit);
}

QueueCounters Lanes::counters() const {
  QueueCounters sum = retired_;
  for (const Lane& lane : lanes_) internal::Add(lane.queue->counters(), sum);
  return sum;
}

}  // namespace k8sentry::internal
