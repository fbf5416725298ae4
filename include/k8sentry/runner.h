// A Runner moves Events from a source through a pipeline to a sink, in your loop.
//
// It starts no thread and never sleeps behind your back: call Poll when descriptor() is
// readable, or as often as you like; or let Run do it. Tellings wait in a bounded
// queue, are retried with their id, and end in exactly one counter of the ledger.
//
//   auto runner = k8sentry::NewRunner({.source = *source, .sink = *sink});
//   while (work_left) (*runner)->Poll(std::chrono::milliseconds(100));
//   (*runner)->Drain(std::chrono::seconds(2));
//
// Threads: one at a time per instance, but Wake may be called from any thread and from
// a signal handler.
#pragma once

#include <functional>
#include <memory>
#include <stop_token>

#include "k8sentry/event_source.h"
#include "k8sentry/http_transport.h"
#include "k8sentry/logger.h"
#include "k8sentry/pipeline.h"
#include "k8sentry/sink.h"
#include "k8sentry/state.h"

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

// Where tellings go while their receiver is away for longer: into files, which survive
// this process (docs/semantics.md 19). The folder gets a folder for each sink.
struct SpoolOptions {
  std::string directory = {};  // empty: no spool. Made if missing, with mode 0700
  std::size_t max_bytes = 256 << 20;
  Duration max_age = std::chrono::hours(24);
};

// Chooses the sink of each telling, where there are several.
class SinkRouter {
 public:
  virtual ~SinkRouter() = default;
  // The sink stays valid until Retired was called for it.
  virtual Sink& Route(const Telling& telling, Now now) = 0;
  // Whether the runner shall let go of `sink` once nothing of it waits or is under way.
  virtual bool retires(const Sink& sink) const = 0;
  virtual void Retired(Sink& sink) = 0;
};

// What happens when the queue is full.
enum class QueueFull {
  kDrop,  // live: the reader never waits for a sink
  kWait,  // replay: a file can wait, so nothing overflows
};

// What becomes of the windows at the end.
enum class AtEnd {
  kCloseWindows,  // what they swallowed is told while draining
  kKeepWindows,   // they are in state(), for the next run
};

struct RunnerOptions {
  EventSource& source;
  Sink& sink;
  HttpTransport* transport = nullptr;  // polled when given; the source's and the sink's
  PipelineOptions pipeline = {};
  SinkRouter* router = nullptr;  // without: all goes to `sink`
  QueueOptions queue = {};       // for each sink
  SpoolOptions spool = {};
  QueueFull when_full = QueueFull::kDrop;
  AtEnd at_end = AtEnd::kCloseWindows;
  // What an earlier run left: its windows. Its ResumePoint goes to the source. Read
  // only by NewRunner.
  const State* state = nullptr;
  Logger* logger = nullptr;
  // Sees every telling before it waits in the queue: for a table, a metric, an audit
  // log. Must not call the runner. May be empty.
  std::function<void(const Telling&)> on_telling = {};
};

class Runner {
 public:
  virtual ~Runner() = default;

  // Waits at most `max_wait` for something to do, does it, and returns. False once the
  // source has ended and nothing waits for delivery.
  virtual bool Poll(Duration max_wait) = 0;
  // When Poll has work although nothing arrives.
  virtual SteadyTime NextDeadline() const = 0;
  // Readable (epoll, poll, select) when Poll(0) has work, its deadlines included.
  virtual int descriptor() const = 0;
  // Makes a Poll that waits return. Safe on any thread and in a signal handler.
  virtual void Wake() = 0;

  // Polls until the source has ended and all is delivered, or `stop` is requested.
  // The source's status. Drain after it.
  virtual Status Run(std::stop_token stop) = 0;

  // Reads no more, closes the windows (a replay's, and those to keep, stay open) and
  // delivers what waits, for at most `limit`. Errors: kDeadlineExceeded: `in_flight` of
  // the ledger is what was left.
  virtual Status Drain(Duration limit) = 0;

  // What another run needs to go on from here: it tells again, with the same ids, what
  // was not acknowledged. Nothing else of this moment is lost (semantics 8).
  virtual State state() const = 0;

  virtual Ledger ledger() const = 0;
  virtual const Pipeline& pipeline() const = 0;
};

// Everything in `options` must outlive the runner. Errors: kInvalidArgument, kInternal.
Result<std::unique_ptr<Runner>> NewRunner(const RunnerOptions& options);

}  // namespace k8sentry
