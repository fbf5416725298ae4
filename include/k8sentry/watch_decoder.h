// A WatchDecoder turns the bytes of a watch, a list or a file into frames and Events.
//
// It performs no I/O: you feed it bytes in pieces of any size and take out what is
// whole; every way of cutting a stream gives the same frames. It reads watch streams
// (one JSON document per line), Lists (item by item, never held whole), and what kubectl
// prints: pretty-printed documents in a row, pages of a List inside of a watch.
//
//   k8sentry::WatchDecoder decoder;
//   decoder.Feed(bytes);  // as they arrive
//   for (auto events = decoder.NextEvents(); !events.empty();
//        events = decoder.NextEvents())
//     Use(events);
//
// What cannot be read costs one count and one sample, never the stream. The options
// bound the memory.
//
// Threads: one at a time per instance.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "k8sentry/event.h"

namespace k8sentry {

// What NextEvents gives.
enum class DecodedObjects {
  kEvents,  // and counts all else as malformed
  kAny,     // objects of every kind, DELETED ones too; their metadata is what is read
};

struct WatchDecoderOptions {
  // Longest frame or item; a longer one is malformed. Kubernetes writes at most about
  // 1.5 MB (etcd's request limit), and escaping may double that.
  std::size_t max_frame_bytes = 4 << 20;
  DecodedObjects objects = DecodedObjects::kEvents;
};

// One document, or one item of a List, of any resource.
struct Frame {
  FrameType type = FrameType::kMalformed;
  std::string_view uid, resource_version;  // of object.metadata
  // The object's JSON; of a List its own without the items; of a malformed frame the
  // beginning of its bytes, at most 256.
  std::string_view object;
};

// What has been read, counted since the decoder was made.
struct DecoderCounters {
  std::uint64_t events = 0;  // frames that carry an Event
  std::uint64_t malformed = 0;
  std::uint64_t deleted = 0;  // these four stand beside the ledger
  std::uint64_t bookmarks = 0;
  std::uint64_t errors = 0;
  std::uint64_t blank_lines = 0;
  std::uint64_t bytes = 0;
};

enum class StreamEnd {
  kFile,   // a last line without newline is read
  kWatch,  // it was cut off, and is discarded
};

class WatchDecoder {
 public:
  explicit WatchDecoder(const WatchDecoderOptions& options = {});
  ~WatchDecoder();
  WatchDecoder(WatchDecoder&&) noexcept;
  WatchDecoder& operator=(WatchDecoder&&) noexcept;

  // Appends `bytes`; they are copied. Views given out before are invalid afterwards.
  void Feed(std::string_view bytes);
  // The same without the copy: a place for at least `min_bytes` bytes to read into, and
  // how many of them were filled.
  std::span<char> Prepare(std::size_t min_bytes);
  void Commit(std::size_t bytes);

  // No more bytes will come for this stream. What is left is read or discarded by the
  // next call of Next or NextEvents; after that, Feed begins another stream.
  void End(StreamEnd end);
  // End was called, and nothing was fed since.
  bool ended() const;

  // The next frame of any resource; false when more bytes are needed. Its views are
  // valid until the next Feed, Prepare, or call of Next or NextEvents.
  bool Next(Frame& frame);

  // Reads `frame`, which Next just gave, as an Event that lives as long; false if it is
  // none, which counts it as malformed.
  bool DecodeEvent(const Frame& frame, Event& event);

  // Up to 64 Events that are whole; empty when more bytes are needed. DELETED,
  // BOOKMARK, ERROR and List frames are counted, and passed over here: see
  // last_resource_version, last_error and list_continue. The views live until the next
  // Feed, Prepare, Next or NextEvents.
  std::span<const Event> NextEvents();

  // The newest version on which a watch can resume: of the last whole event, DELETED or
  // BOOKMARK frame, or of the List when its end has been read. Empty at first.
  std::string_view last_resource_version() const;
  std::string_view last_error() const;  // the last ERROR frame's Status as JSON; a copy
  // The List's metadata.continue, or empty, once its end has been read.
  std::string_view list_continue() const;
  // A BOOKMARK with the annotation k8s.io/initial-events-end has been read.
  bool initial_events_ended() const;
  const DecoderCounters& counters() const;
  // The beginning of the last malformed frame, at most 256 bytes. Hostile text.
  std::string_view malformed_sample() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace k8sentry
