// The state file of `k8sentry run`: written while something has changed, every second
// or every few, and at the end.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "k8sentry/logger.h"
#include "k8sentry/runner.h"
#include "k8sentry/state.h"

namespace k8sentry::cli {

// How long nothing is saved after a save that took `took`, and `cpu` of our time.
Duration WaitAfterSave(Duration took, Duration cpu);

class RunState {
 public:
  // Without a path nothing is kept. `log` must outlive it.
  static Result<RunState> Open(const std::string& path, Logger& log);

  bool kept() const { return file_ != nullptr; }
  // What the source and the runner begin with.
  std::optional<ResumePoint> resume() const;
  const State* found() const;

  // How long the caller may wait before it calls SaveIfDue again.
  Duration MaxWait(SteadyTime now) const;
  void SaveIfDue(const Runner& runner, SteadyTime now);
  void Save(const Runner& runner);

 private:
  explicit RunState(Logger& log) : log_(&log) {}

  Logger* log_;
  std::unique_ptr<StateFile> file_;
  Ledger saved_;  // of the last state written
  bool changed_ = false;
  bool failing_ = false;
  SteadyTime next_ = SteadyTime::min();
  SteadyTime last_look_ = SteadyTime::max();
};

}  // namespace k8sentry::cli
