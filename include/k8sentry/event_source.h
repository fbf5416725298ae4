// An EventSource is where Events come from: a cluster, a file, a pipe, or your own
// bytes.
//
// A source gives what it has and returns; it never waits. The Runner asks again when
// the source's descriptor is readable or its deadline passes.
//
// Threads: one at a time per instance, the Runner's.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>

#include "k8sentry/event.h"
#include "k8sentry/logger.h"
#include "k8sentry/state.h"
#include "k8sentry/watch_decoder.h"

namespace k8sentry {

enum class SourceState {
  kIdle,    // nothing now; ask again later
  kEvents,  // `events` holds some
  kEnded,   // there will be no more
  kFailed,  // there will be no more, and `EventSource::status` says why
};

struct EventBatch {
  SourceState state = SourceState::kIdle;
  // At most 64. All views are valid until the next Poll.
  std::span<const Event> events;
};

class EventSource {
 public:
  virtual ~EventSource() = default;

  virtual EventBatch Poll(Now now) = 0;
  // For a shutdown: what was read already and is held back. Reads nothing; kIdle when
  // there is no more.
  virtual EventBatch Flush(Now /*now*/) { return {}; }
  // When Poll has something to do although nothing arrives (a backoff, a time limit).
  virtual SteadyTime NextDeadline() const { return SteadyTime::max(); }
  // Readable when Poll would give something; -1 if there is no such descriptor. A
  // source on the Runner's HttpTransport needs none.
  virtual int descriptor() const { return -1; }
  // Whether Poll may have something now although no descriptor says so (a regular file,
  // a buffer that is not empty).
  virtual bool ready() const = 0;

  // Whether Events that were read wait for answers that are under way: soon there is
  // more to give.
  virtual bool holds_back() const { return false; }

  // Where another run can go on after all that Poll has given out, once that is settled
  // (`acknowledged` equals `observed`); nullopt from a source that cannot be resumed.
  virtual std::optional<ResumePoint> position() const { return std::nullopt; }

  virtual const DecoderCounters& counters() const = 0;
  virtual Status status() const { return {}; }
  // The beginning of the last frame that could not be read. Hostile text.
  virtual std::string_view malformed_sample() const { return {}; }
  // Bytes read and bytes in all, for a progress bar; nullopt when unknown.
  virtual std::optional<std::uint64_t> total_bytes() const { return std::nullopt; }
};

// Events from what you feed to `decoder` yourself, which must outlive the source. Ends
// after decoder.End() once all is read.
std::unique_ptr<EventSource> NewDecoderSource(WatchDecoder& decoder);

// Events from `fd`, a file, pipe or socket that the source then owns. Reads without
// blocking. Errors at Poll: kDataLoss when reading fails.
std::unique_ptr<EventSource> NewDescriptorSource(
    int fd, const WatchDecoderOptions& options = {});

// Events from the file at `path`. Errors: kNotFound, kPermissionDenied.
Result<std::unique_ptr<EventSource>> NewFileSource(
    const std::string& path, const WatchDecoderOptions& options = {});

}  // namespace k8sentry
