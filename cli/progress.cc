#include "progress.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "terminal.h"

namespace k8sentry::cli {

Progress::Progress(bool shown)
    : shown_(shown && isatty(STDERR_FILENO) == 1),
      next_(std::chrono::steady_clock::now() + std::chrono::milliseconds(500)) {}

void Progress::Update(const EventSource& source) {
  if (!shown_ || source.total_bytes().value_or(0) == 0) return;
  const auto now = std::chrono::steady_clock::now();
  if (now < next_) return;
  next_ = now + std::chrono::milliseconds(100);
  const double share = std::min(1.0, static_cast<double>(source.counters().bytes) /
                                         static_cast<double>(*source.total_bytes()));
  const std::size_t width = ScreenOf(STDERR_FILENO).width;
  const std::size_t cells = std::clamp<std::size_t>(width, 30, 80) - 20;
  const auto full = static_cast<std::size_t>(share * static_cast<double>(cells));
  std::string bar(full, '#');
  bar.resize(cells, '.');
  std::fprintf(stderr, "\rreading [%s] %3d %%", bar.c_str(),
               static_cast<int>(share * 100));
  std::fflush(stderr);
  drawn_ = true;
}

void Progress::Clear() {
  if (!drawn_) return;
  drawn_ = false;
  std::fputs("\r\x1b[K", stderr);
}

}  // namespace k8sentry::cli
