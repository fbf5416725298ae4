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
#include "k8sentry/queue_options.h"
#include "k8sentry/sink.h"
#include "k8sentry/sink_router.h"
#include "k8sentry/state.h"

namespace k8sentry {

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
  // Without, all goes to `sink`; with one, what it says. `sink` sees the Events.
  SinkRouter* router = nullptr;
  QueueOptions queue = {};  // for each sink
  SpoolOptions spool = {};  // for each sink
  QueueFull when_full = QueueFull::kDrop;
  AtEnd at_end = AtEnd::kCloseWindows;
  // After a Poll that read Events, but no more than 64, the next one that may wait does so
  // for this long, whatever comes meanwhile (but Wake): at some hundred Events a second
  // several are then read at a time, for a fraction of the CPU. What was to be sent goes
  // out before. A rush is not delayed, nor are Events that the source holds back, nor
  // tellings that wait for the sink to take more. 0: none.
  Duration rest = Duration::zero();
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
  // delivers what waits, for at most `limit`. What is left then goes to the spool, if
  // there is one. Errors: kDeadlineExceeded: `in_flight` of the ledger is what was
  // left.
  virtual Status Drain(Duration limit) = 0;

  // What another run needs to go on from here: it tells again, with the same ids, what
  // was not acknowledged. Nothing else of this moment is lost (semantics 8).
  virtual State state() const = 0;

  virtual Ledger ledger() const = 0;
  virtual const Pipeline& pipeline() const = 0;
};

// Everything in `options` must outlive the runner. Errors: kInvalidArgument, kInternal,
// kConfiguration (the spool's folder is not ours alone, another process has it open).
Result<std::unique_ptr<Runner>> NewRunner(const RunnerOptions& options);

}  // namespace k8sentry
