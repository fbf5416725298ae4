#include "signals.h"

#include <signal.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>

#include "exit_code.h"

namespace k8sentry::cli {
namespace {

std::atomic<Runner*> g_runner = nullptr;
std::atomic<int> g_signals = 0;

void OnSignal(int) {
  if (g_signals.fetch_add(1) > 0) _exit(kExitInterrupted);
  if (Runner* runner = g_runner.load()) runner->Wake();
}

void OnAlarm(int) { _exit(kExitFailure); }

void Install(int signal, void (*handler)(int)) {
  struct sigaction action = {};
  action.sa_handler = handler;
  sigaction(signal, &action, nullptr);
}

}  // namespace

void HandleSignals(Runner* runner) {
  g_runner = runner;
  Install(SIGINT, OnSignal);
  Install(SIGTERM, OnSignal);
  Install(SIGPIPE, SIG_IGN);
}

bool StopRequested() { return g_signals.load() > 0; }

void DieWithin(Duration limit) {
  Install(SIGALRM, OnAlarm);
  const auto us =
      std::max<std::int64_t>(limit / std::chrono::microseconds(1), 1);  // 0 disarms
  const itimerval timer = {
      .it_interval = {}, .it_value = {.tv_sec = us / 1000000, .tv_usec = us % 1000000}};
  setitimer(ITIMER_REAL, &timer, nullptr);
}

}  // namespace k8sentry::cli
