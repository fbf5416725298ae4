// QueueOptions and SpoolOptions bound what waits for a sink, in memory and on disk.
//
// A queue holds tellings until their sink took or refused them; with a spool, what its
// memory cannot hold, and what must survive this process, lies in files meanwhile.
//
// Threads: values.
#pragma once

#include <cstddef>
#include <string>

#include "k8sentry/time.h"

namespace k8sentry {

struct QueueOptions {
  // Tellings waiting or under way; beyond, the oldest Normal one goes first, then the
  // oldest, and counts as overflowed.
  std::size_t max_tellings = 10000;
  std::size_t max_bytes = 32 << 20;
  // Attempts before a telling counts as rejected. Waiting out a rate limit is none.
  int max_attempts = 12;
  Duration min_backoff = std::chrono::seconds(1);
  Duration max_backoff = std::chrono::minutes(1);
};

// Where tellings go while their receiver is away for longer, and when the queue is
// full: into files, which survive this process (docs/semantics.md 19).
struct SpoolOptions {
  // Gets a folder for each sink, by its spool name. Empty: no spool. Made with mode
  // 0700 if missing; belongs to us, and nobody else may write to it.
  std::string directory = {};
  // Of each sink's folder; what is oldest goes first. At least 64 KiB.
  std::size_t max_bytes = 256 << 20;
  // What waits longer is lost, too. At least a second.
  Duration max_age = std::chrono::hours(24);
};

// What happens when the queue is full.
enum class QueueFull {
  kDrop,  // live: the reader never waits for a sink
  kWait,  // replay: a file can wait, so nothing overflows
};

}  // namespace k8sentry
