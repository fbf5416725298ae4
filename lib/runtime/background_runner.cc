#include "k8sentry/background_runner.h"

#include <pthread.h>
#include <signal.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

namespace k8sentry {
namespace {

class BackgroundRunnerImpl final : public BackgroundRunner {
 public:
  explicit BackgroundRunnerImpl(std::unique_ptr<Runner> runner)
      : runner_(std::move(runner)), ledger_(runner_->ledger()) {}
  ~BackgroundRunnerImpl() override { End(Duration::zero(), Ending::kAtOnce); }

  Status StartThread();
  Status Stop(Duration limit) override {
    const std::scoped_lock lock(stop_mutex_);
    End(limit, Ending::kDrain);
    return drained_;
  }

  Ledger ledger() const override {
    const std::scoped_lock lock(mutex_);
    return ledger_;
  }
  bool finished() const override { return finished_.load(); }

 private:
  enum class Ending { kAtOnce, kDrain };

  void End(Duration limit, Ending ending);
  void Loop(std::stop_token stop);
  void Publish() {
    const Ledger now = runner_->ledger();
    const std::scoped_lock lock(mutex_);
    ledger_ = now;
  }

  const std::unique_ptr<Runner> runner_;
  std::atomic<bool> finished_ = false;
  mutable std::mutex mutex_;  // of ledger_
  Ledger ledger_;

  std::mutex stop_mutex_;  // Stop may come from several threads
  // Written before the stop is requested, and read after it; `drained_` before the
  // join.
  Ending ending_ = Ending::kAtOnce;
  Duration limit_ = Duration::zero();
  Status drained_;
  std::jthread thread_;
};

Status BackgroundRunnerImpl::StartThread() {
  // The host's signals are for the host's threads.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  Status status;
  try {
    thread_ = std::jthread([this](std::stop_token stop) { Loop(std::move(stop)); });
  } catch (const std::system_error& error) {
    status = Status(StatusCode::kInternal, std::string("no thread: ") + error.what());
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return status;
}

void BackgroundRunnerImpl::Loop(std::stop_token stop) {
  pthread_setname_np(pthread_self(), "k8sentry");
  const std::stop_callback wake(stop, [this] { runner_->Wake(); });
  while (!stop.stop_requested()) {
    const bool more = runner_->Poll(std::chrono::hours(1));
    Publish();
    if (!more) {
      finished_ = true;
      break;
    }
  }
  // Without work the thread waits for its Stop, which may want windows closed.
  std::unique_lock lock(mutex_);
  std::condition_variable_any().wait(lock, stop, [] { return false; });
  lock.unlock();
  if (ending_ == Ending::kDrain) drained_ = runner_->Drain(limit_);
  Publish();
}

void BackgroundRunnerImpl::End(Duration limit, Ending ending) {
  if (!thread_.joinable()) return;
  ending_ = ending;
  limit_ = limit;
  thread_.request_stop();
  thread_.join();
}

}  // namespace

Result<std::unique_ptr<BackgroundRunner>> NewBackgroundRunner(
    std::unique_ptr<Runner> runner) {
  auto background = std::make_unique<BackgroundRunnerImpl>(std::move(runner));
  const Status started = background->StartThread();
  if (!started.ok()) return started;
  return std::unique_ptr<BackgroundRunner>(std::move(background));
}

}  // namespace k8sentry
