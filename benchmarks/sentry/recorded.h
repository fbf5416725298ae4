// What a benchmark of Sentry's items is fed with, and how it looks at what came out.
#pragma once

#include <zlib.h>

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "k8sentry/pipeline.h"
#include "k8sentry/watch_decoder.h"

namespace k8sentry::benchmarks {

[[noreturn]] inline void Wrong(std::string_view what) {
  std::cerr << "bench_sentry: " << what << "\n";
  std::exit(1);
}

inline Time SentAt() {
  static const Time time = *ParseTime("2026-11-21T04:00:00Z");
  return time;
}

// All that a pipeline tells of the recorded streams, in their order.
inline std::vector<Telling> RecordedTellings() {
  std::vector<Telling> tellings;
  for (const char* path :
       {K8SENTRY_RECORDINGS "/kubernetes-1.37/events.watch.ndjson",
        K8SENTRY_RECORDINGS "/kubernetes-1.20/events.watch.ndjson"}) {
    std::ifstream file(path, std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(file), {}};
    WatchDecoder decoder;
    decoder.Feed(bytes);
    decoder.End(StreamEnd::kFile);
    const auto pipeline = NewPipeline({.time = TimeSource::kEvents});
    if (!pipeline.ok()) Wrong(pipeline.status().message());
    for (auto events = decoder.NextEvents(); !events.empty();
         events = decoder.NextEvents()) {
      (*pipeline)->Process(events, {}, [&](Telling&& telling) {
        tellings.push_back(std::move(telling));
      });
    }
  }
  if (tellings.size() < 100) Wrong("the recordings tell too little");
  return tellings;
}

// What `gzip` holds, if it is at most `max_bytes`; else it is wrong.
inline std::string Unzip(std::string_view gzip, std::size_t max_bytes) {
  std::string bytes(max_bytes, '\0');
  z_stream stream = {};
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(gzip.data()));
  stream.avail_in = static_cast<uInt>(gzip.size());
  stream.next_out = reinterpret_cast<Bytef*>(bytes.data());
  stream.avail_out = static_cast<uInt>(bytes.size());
  constexpr int kGzipOnly = 16 + MAX_WBITS;
  if (inflateInit2(&stream, kGzipOnly) != Z_OK) Wrong("no memory");
  if (inflate(&stream, Z_FINISH) != Z_STREAM_END) Wrong("gzip cannot be read back");
  bytes.resize(stream.total_out);
  inflateEnd(&stream);
  return bytes;
}

}  // namespace k8sentry::benchmarks
