// A progress bar on stderr, for files whose size is known, on terminals only.
#pragma once

#include <string>

#include "k8sentry/event_source.h"

namespace k8sentry::cli {

class Progress {
 public:
  // `shown` is what the caller wants; a pipe or an unknown size shows nothing anyway.
  explicit Progress(bool shown);
  ~Progress() { Clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // Draws at most ten times a second, and nothing in the first half second: what is
  // done by then needs no bar.
  void Update(const EventSource& source);
  void Clear();

 private:
  bool shown_;
  bool drawn_ = false;
  std::chrono::steady_clock::time_point next_;
};

}  // namespace k8sentry::cli
