// The decoder against simdjson's DOM: whatever line DOM takes for one JSON object, the
// decoder reads with equal fields. And against itself: cutting a stream changes
// nothing.
#include <simdjson.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "k8sentry/watch_decoder.h"
#include "tests/fuzz/dom_reference.h"

namespace k8sentry {
namespace {

std::string_view TypeOf(FrameType type) {
  constexpr std::string_view kNames[] = {"ADDED",    "MODIFIED", "DELETED",
                                         "BOOKMARK", "ERROR",    "item",
                                         "object",   "List",     ""};
  return kNames[static_cast<std::size_t>(type)];
}

[[noreturn]] void Differ(const char* what, const std::string& one,
                         const std::string& other) {
  std::fprintf(stderr, "%s differ\n--- %s\n+++ %s\n", what, one.c_str(), other.c_str());
  std::abort();
}

std::string Counters(const WatchDecoder& decoder) {
  const DecoderCounters& c = decoder.counters();
  return reference::Join(c.events, c.malformed, c.deleted, c.bookmarks, c.errors,
                         c.blank_lines, c.bytes, decoder.last_resource_version(),
                         decoder.last_error(), decoder.list_continue(),
                         decoder.malformed_sample(), decoder.initial_events_ended());
}

// Everything that a decoder says of `text`, fed in pieces of which `sizes` decides.
std::string Decode(std::string_view text, std::string_view sizes, StreamEnd end) {
  WatchDecoder decoder({.max_frame_bytes = 1 << 12});
  std::string said;
  const auto drain = [&] {
    for (Frame frame; decoder.Next(frame);) {
      Event event;
      said += reference::Join(TypeOf(frame.type), frame.uid, frame.resource_version,
                              frame.object);
      if (decoder.DecodeEvent(frame, event)) said += reference::Describe(event);
    }
  };
  for (std::size_t i = 0; !text.empty(); ++i) {
    std::size_t bytes = text.size();
    if (!sizes.empty()) {
      bytes = std::min<std::size_t>(
          bytes, 1 + static_cast<unsigned char>(sizes[i % sizes.size()]) % 97);
    }
    decoder.Feed(std::string(text.substr(0, bytes)));
    text.remove_prefix(bytes);
    drain();
  }
  decoder.End(end);
  drain();
  return said + Counters(decoder);
}

// The same through batches: what is an Event must be the same Event.
std::string DecodeBatches(std::string_view text, StreamEnd end) {
  WatchDecoder decoder({.max_frame_bytes = 1 << 12});
  std::string said;
  decoder.Feed(text);
  decoder.End(end);
  for (auto batch = decoder.NextEvents(); !batch.empty();
       batch = decoder.NextEvents()) {
    for (const Event& event : batch) said += reference::Describe(event);
  }
  return said + Counters(decoder);
}

// The same frame by frame; empty if there may be a page (semantics 13, Lists), which
// only batches read.
std::string DecodeEvents(std::string_view text, StreamEnd end) {
  WatchDecoder decoder({.max_frame_bytes = 1 << 12});
  std::string said;
  decoder.Feed(text);
  decoder.End(end);
  for (Frame frame; decoder.Next(frame);) {
    Event event;
    if (decoder.DecodeEvent(frame, event)) {
      said += reference::Describe(event);
    } else if (frame.type == FrameType::kAdded) {
      return "";
    }
  }
  return said + Counters(decoder);
}

// A List is items and no document, and it is no object of DOM's kind.
bool HoldsItems(simdjson::dom::object document) {
  for (const auto member : document) {
    if (member.key == "items" && member.value.is_array()) return true;
  }
  return false;
}

void CompareWithDom(std::string_view line) {
  simdjson::dom::parser parser;
  simdjson::dom::object document;
  if (parser.parse(line.data(), line.size()).get_object().get(document)) return;
  if (HoldsItems(document)) return;
  const reference::Document wanted = reference::Read(document);
  for (const bool newline : {true, false}) {  // the fast way, and the scanner's
    WatchDecoder decoder;
    decoder.Feed(line);
    if (newline) decoder.Feed("\n");
    decoder.End(StreamEnd::kFile);
    Frame frame;
    if (!decoder.Next(frame)) Differ("frames", wanted.type, "none");
    const std::string type(TypeOf(frame.type));
    if (type != wanted.type) Differ("types", wanted.type, type);
    if (wanted.type.empty()) continue;
    if (frame.uid != wanted.uid) Differ("uids", wanted.uid, std::string(frame.uid));
    if (frame.resource_version != wanted.version) {
      Differ("versions", wanted.version, std::string(frame.resource_version));
    }
    Event event;
    const std::string found =
        decoder.DecodeEvent(frame, event) ? reference::Describe(event) : "";
    if (found != wanted.event) Differ("events", wanted.event, found);
    if (decoder.Next(frame)) Differ("frames", "one", "two");
  }
}

}  // namespace
}  // namespace k8sentry

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace k8sentry;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t end = rest.find('\n');
    CompareWithDom(rest.substr(0, end));
    rest = end == rest.npos ? std::string_view() : rest.substr(end + 1);
  }
  const StreamEnd end = size % 2 == 0 ? StreamEnd::kFile : StreamEnd::kWatch;
  const std::string whole = Decode(text, "", end);
  for (const std::string_view sizes : {std::string_view("\0", 1), text.substr(0, 64)}) {
    const std::string cut = Decode(text, sizes, end);
    if (cut != whole) Differ("cuts", whole, cut);
  }
  const std::string batches = DecodeBatches(text, end);
  const std::string events = DecodeEvents(text, end);
  if (!events.empty() && batches != events) Differ("batches", events, batches);
  return 0;
}
