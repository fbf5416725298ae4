// What the decoder's tests share: recordings, ways of cutting a stream, and everything
// that a decoder said about it, as text that can be compared.
#pragma once

#include <gmock/gmock.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <map>
#include <random>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "k8sentry/watch_decoder.h"

namespace k8sentry {

inline std::string ReadRecording(const std::string& name) {
  std::ifstream file(std::string(K8SENTRY_RECORDINGS) + "/" + name, std::ios::binary);
  EXPECT_TRUE(file.good()) << name;
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

inline std::string_view NameOf(FrameType type) {
  constexpr std::string_view kNames[] = {"ADDED",    "MODIFIED", "DELETED",
                                         "BOOKMARK", "ERROR",    "item",
                                         "object",   "List",     "malformed"};
  return kNames[static_cast<std::size_t>(type)];
}

inline std::string Describe(std::optional<Time> time) {
  return time ? FormatTime(*time) : "-";
}

// Every field of `event`, one after the other.
inline std::string Describe(const Event& event) {
  const ObjectReference& object = event.involved_object;
  std::ostringstream text;
  text << NameOf(event.frame_type);
  for (const std::string_view field : {event.name,
                                       event.namespace_,
                                       event.uid,
                                       event.resource_version,
                                       event.labels,
                                       object.kind,
                                       object.namespace_,
                                       object.name,
                                       object.uid,
                                       object.api_version,
                                       object.resource_version,
                                       object.field_path,
                                       event.reason,
                                       event.action,
                                       event.message,
                                       event.type,
                                       event.source_component,
                                       event.source_host,
                                       event.reporting_component,
                                       event.reporting_instance,
                                       event.raw_object}) {
    text << '|' << field;
  }
  for (const std::optional<Time>& time :
       {event.creation_timestamp, event.first_timestamp, event.last_timestamp,
        event.event_time, event.series_last_observed}) {
    text << '|' << Describe(time);
  }
  text << '|' << event.count << '|' << event.series_count;
  return text.str();
}

// The size of the next piece when `left` bytes are left.
using Cut = std::function<std::size_t(std::size_t left)>;

inline Cut Whole() {
  return [](std::size_t left) { return left; };
}
inline Cut Pieces(std::size_t bytes) {
  return [bytes](std::size_t left) { return std::min(left, bytes); };
}
inline Cut RandomPieces(unsigned seed, std::size_t max_bytes) {
  return [random = std::mt19937(seed), max_bytes](std::size_t left) mutable {
    return std::min<std::size_t>(left, 1 + random() % max_bytes);
  };
}

struct Said {
  std::vector<std::string> frames;
  std::string summary;
  bool operator==(const Said&) const = default;
};

inline std::string Summary(const WatchDecoder& decoder) {
  const DecoderCounters& counters = decoder.counters();
  std::ostringstream text;
  text << "events " << counters.events << " malformed " << counters.malformed
       << " deleted " << counters.deleted << " bookmarks " << counters.bookmarks
       << " errors " << counters.errors << " blank " << counters.blank_lines
       << " bytes " << counters.bytes << " version " << decoder.last_resource_version()
       << " continue " << decoder.list_continue() << " error " << decoder.last_error()
       << " sample " << decoder.malformed_sample() << " initial "
       << decoder.initial_events_ended();
  return text.str();
}

enum class Through { kNext, kNextEvents };

// Feeds `text` in pieces and collects what comes out.
inline Said Decode(std::string_view text, Cut cut, Through through,
                   StreamEnd end = StreamEnd::kFile,
                   const WatchDecoderOptions& options = {}) {
  WatchDecoder decoder(options);
  Said said;
  const auto drain = [&] {
    if (through == Through::kNextEvents) {
      for (auto events = decoder.NextEvents(); !events.empty();
           events = decoder.NextEvents()) {
        for (const Event& event : events) said.frames.push_back(Describe(event));
      }
      return;
    }
    for (Frame frame; decoder.Next(frame);) {
      Event event;
      std::string line = std::string(NameOf(frame.type)) + " uid " +
                         std::string(frame.uid) + " version " +
                         std::string(frame.resource_version) + " " +
                         std::string(frame.object);
      if (decoder.DecodeEvent(frame, event)) line += " = " + Describe(event);
      said.frames.push_back(line);
    }
  };
  while (!text.empty()) {
    const std::size_t bytes = cut(text.size());
    // A piece of its own, so that the sanitizers see what reaches beyond it.
    decoder.Feed(std::string(text.substr(0, bytes)));
    text.remove_prefix(bytes);
    drain();
  }
  decoder.End(end);
  drain();
  said.summary = Summary(decoder);
  return said;
}

// The frames of `text` in short: "ADDED:uid", "malformed:bytes", "List:version".
inline std::vector<std::string> Frames(std::string_view text,
                                       StreamEnd end = StreamEnd::kFile,
                                       const WatchDecoderOptions& options = {}) {
  WatchDecoder decoder(options);
  decoder.Feed(text);
  decoder.End(end);
  std::vector<std::string> frames;
  for (Frame frame; decoder.Next(frame);) {
    std::string_view what = frame.uid;
    if (frame.type == FrameType::kMalformed) what = frame.object;
    if (frame.type == FrameType::kList) what = frame.resource_version;
    frames.push_back(std::string(NameOf(frame.type)) + ":" + std::string(what));
  }
  return frames;
}

// A small Event with the uid `uid`, and such an Event in a watch frame.
inline std::string EventJson(const std::string& uid) {
  return R"({"kind":"Event","metadata":{"uid":")" + uid +
         R"(","resourceVersion":"7"},"reason":"R","involvedObject":{"name":"n"}})";
}
inline std::string FrameJson(const std::string& type, const std::string& uid) {
  return R"({"type":")" + type + R"(","object":)" + EventJson(uid) + "}";
}

// `json` over many lines, as kubectl prints it.
inline std::string Pretty(std::string_view json) {
  std::string out;
  int depth = 0;
  bool in_string = false;
  const auto line = [&] {
    out += '\n' + std::string(4 * static_cast<std::size_t>(depth), ' ');
  };
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (in_string) {
      out += c;
      if (c == '\\') out += json[++i];
      if (c == '"') in_string = false;
    } else if (c == '{' || c == '[') {
      out += c;
      ++depth;
      line();
    } else if (c == '}' || c == ']') {
      --depth;
      line();
      out += c;
    } else if (c == ',') {
      out += c;
      line();
    } else if (c == ':') {
      out += ": ";
    } else {
      in_string = c == '"';
      out += c;
    }
  }
  return out;
}

}  // namespace k8sentry
