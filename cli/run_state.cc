#include "run_state.h"

#include <time.h>

#include <algorithm>
#include <chrono>

namespace k8sentry::cli {
namespace {

// What was acknowledged since the last save is told again after a kill, with the same
// ids. So a small state is saved often; one with many keys, which are written whole, as
// often as it takes this part of a CPU, or this part of our time where the disk is
// slow.
constexpr Duration kOften = std::chrono::seconds(1);
constexpr Duration kSeldom = std::chrono::seconds(10);
constexpr int kPartOfCpu = 2000;
constexpr int kPartOfTime = 20;
// What waits goes to the spool after some seconds, which changes no counter, but is all
// that is needed to forget it here.
constexpr Duration kLastLook = std::chrono::seconds(10);

Duration CpuTime() {
  timespec time = {};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

}  // namespace

Duration WaitAfterSave(Duration took, Duration cpu) {
  return std::max(std::clamp(kPartOfCpu * cpu, kOften, kSeldom), kPartOfTime * took);
}

Result<RunState> RunState::Open(const std::string& path, Logger& log) {
  RunState state(log);
  if (path.empty()) return state;
  auto file = OpenStateFile(path);
  if (!file.ok()) {
    return Status(StatusCode::kConfiguration, file.status().message());
  }
  state.file_ = *std::move(file);
  if (const State* found = state.found()) {
    log.Log(LogLevel::kInfo, "going on where the last run stopped",
            {{"saved", FormatTime(found->saved)},
             {"not acknowledged", std::to_string(found->source.unacknowledged.size())},
             {"keys", std::to_string(found->keys.size())}});
  }
  return state;
}

std::optional<ResumePoint> RunState::resume() const {
  if (!kept()) return std::nullopt;
  return found() != nullptr ? found()->source : ResumePoint();
}

const State* RunState::found() const {
  return kept() && file_->found() ? &*file_->found() : nullptr;
}

Duration RunState::MaxWait(SteadyTime now) const {
  if (!kept()) return std::chrono::hours(1);
  const SteadyTime next = changed_ ? next_ : std::max(last_look_, next_);
  if (next <= now) return Duration::zero();
  return std::min<Duration>(next - now, std::chrono::hours(1));
}

void RunState::SaveIfDue(const Runner& runner, SteadyTime now) {
  if (!kept()) return;
  const Ledger ledger = runner.ledger();
  const bool moved = failing_ || ledger != saved_;
  changed_ = moved || now >= last_look_;
  if (!changed_ || now < next_) return;
  last_look_ = moved && ledger.in_flight > 0 ? now + kLastLook : SteadyTime::max();
  const Duration cpu = CpuTime();
  Save(runner);
  next_ = now + WaitAfterSave(std::chrono::steady_clock::now() - now, CpuTime() - cpu);
}

void RunState::Save(const Runner& runner) {
  if (!kept()) return;
  const Ledger ledger = runner.ledger();
  const Status status = file_->Save(runner.state());
  if (!status.ok() && !failing_) {
    log_->Log(LogLevel::kError, "the state cannot be saved",
              {{"detail", status.message()}});
  }
  if (status.ok() && failing_) log_->Log(LogLevel::kInfo, "the state is saved again");
  failing_ = !status.ok();
  if (failing_) return;
  saved_ = ledger;
  changed_ = false;
}

}  // namespace k8sentry::cli
