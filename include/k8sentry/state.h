// A State is what one run leaves to the next, so that nothing is lost and nothing is
// told twice across a restart (docs/semantics.md 8).
//
// Runner::state() gives it at any moment, SourceOptions::resume and
// RunnerOptions::state take it back. Keep it where you like as FormatState writes it,
// or in a StateFile.
//
// Threads: values and functions of them; a StateFile is used by one thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "k8sentry/sink.h"
#include "k8sentry/status.h"

namespace k8sentry {

// One version of one Event object.
struct EventVersion {
  std::string uid, version;
  friend bool operator==(const EventVersion&, const EventVersion&) = default;
};

// Where one watch stands; versions as the API server wrote them.
struct WatchMark {
  std::string watch;         // "events", or "events in NAMESPACE"
  std::string observed;      // all up to here was read, and decided on
  std::string acknowledged;  // of all up to here nobody waits for a receiver any more
  friend bool operator==(const WatchMark&, const WatchMark&) = default;
};

// What a source needs to go on where another run stopped: it watches from
// `acknowledged`, and what it reads up to `observed` is stale but for `unacknowledged`.
struct ResumePoint {
  std::string cluster_id;  // uid of the namespace kube-system; empty: unknown
  std::vector<WatchMark> marks;
  // Read, but not known to be with a receiver.
  std::vector<EventVersion> unacknowledged;
};

// A key of the deduplicator, with ages instead of times of this process's clock.
struct KeptKey {
  enum class Stage : std::uint8_t {
    kCounting,  // below its threshold
    kWindow,    // told; a window is open
    kUnlocked,  // told, and windows are off
  };
  Key key;
  Stage stage = Stage::kWindow;
  Duration age = {};       // since the window, or the counting, began
  Duration window = {};    // the window's length
  std::int64_t count = 0;  // swallowed by the window, or counted towards the threshold
  Time first_seen, last_seen;  // of those
  // The last one swallowed, and, if it has no uid, the id of a telling about it.
  std::optional<OwnedEvent> event;
  TellingId id = {};
};

struct State {
  ResumePoint source;
  std::vector<KeptKey> keys;  // oldest window first
  Time saved;                 // by the wall clock; ages grow with it
};

// One JSON object and a line feed.
std::string FormatState(const State& state);
// Errors: kDataLoss when `text` is no state of this version.
Result<State> ParseState(std::string_view text);

// A state in a file that is there whole or not at all, whenever the process dies.
//
// The directory must belong to us and be closed to others' writing; the file gets mode
// 0600. While it is open, another process that opens it fails.
class StateFile {
 public:
  virtual ~StateFile() = default;
  // What the file held when it was opened; nullopt if there was none.
  virtual const std::optional<State>& found() const = 0;
  // Writes beside the file, syncs and renames. Errors: kUnavailable (disk full, ...),
  // the old state then stays.
  virtual Status Save(const State& state) = 0;
};

// Errors: kConfiguration (a directory that is missing, another owner or mode, a
// symbolic link, another process has it open, more than 64 MiB), kDataLoss (no state).
Result<std::unique_ptr<StateFile>> OpenStateFile(const std::string& path);

}  // namespace k8sentry
