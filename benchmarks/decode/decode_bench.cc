// Decoding of all fields, beside the limits it stands against.
//
// Each iteration runs every contender once over the same bytes, one after the other, so
// that a busy machine slows all of them: the ratios are steadier than the rates.
//   bytes_per_second, items_per_second   WatchDecoder, all fields of all frames
//   of_stage1        its speed over that of simdjson's iterate() alone, line by line
//   of_stage1_block  the same, 256 KiB at once
//   of_newlines      its speed over that of a memchr for every line's end
//   idiomatic_*      the same fields by simdjson On-Demand, as its documentation shows
#include <benchmark/benchmark.h>
#include <simdjson.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "k8sentry/watch_decoder.h"
#include "tests/fuzz/dom_reference.h"

namespace k8sentry {
namespace {

constexpr std::size_t kPieceBytes = 256 << 10;  // as a source reads

[[noreturn]] void Fail(const std::string& why) {
  std::fprintf(stderr, "decode_bench: %s\n", why.c_str());
  std::exit(1);
}

std::string ReadRecording(const std::string& name) {
  std::ifstream file(std::string(K8SENTRY_RECORDINGS) + "/" + name, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  if (text.empty()) Fail("no recording " + name);
  return text;
}

std::string Generate(const std::string& options) {
  std::FILE* const pipe = popen((K8SENTRY_GENERATOR " " + options).c_str(), "r");
  if (!pipe) Fail("no generator");
  std::string text;
  std::vector<char> piece(1 << 20);
  while (const std::size_t bytes = std::fread(piece.data(), 1, piece.size(), pipe)) {
    text.append(piece.data(), bytes);
  }
  if (pclose(pipe) != 0 || text.empty()) Fail("the generator failed");
  return text;
}

std::uint64_t Hash(std::uint64_t hash, std::string_view text) {
  for (const char c : text)
    hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
  return hash;
}

// A stream with its lines, and what DOM says it holds.
class Stream {
 public:
  explicit Stream(const std::string& text) : padded_(text), size_(text.size()) {
    padded_.append(simdjson::SIMDJSON_PADDING, ' ');
    for (std::size_t at = 0; at < size_;) {
      const std::size_t end = padded_.find('\n', at) + 1;
      lines_.emplace_back(padded_.data() + at, end - at);
      at = end;
    }
    Verify();
  }

  std::string_view text() const { return {padded_.data(), size_}; }
  const std::vector<std::string_view>& lines() const { return lines_; }
  // What simdjson may touch behind a line.
  std::size_t Capacity(std::string_view line) const {
    return static_cast<std::size_t>(padded_.data() + padded_.size() - line.data());
  }

 private:
  // Nothing is timed that is not right: every field against DOM.
  void Verify() const {
    std::uint64_t wanted = 0, events = 0;
    simdjson::dom::parser parser;
    for (const std::string_view line : lines_) {
      simdjson::dom::object document;
      if (parser.parse(line.data(), line.size()).get_object().get(document)) {
        Fail("a line is no JSON object");
      }
      const reference::Document read = reference::Read(document);
      if (read.event.empty()) continue;
      wanted = Hash(wanted, read.event);
      ++events;
    }
    WatchDecoder decoder;
    std::uint64_t found = 0;
    for (std::size_t at = 0; at < size_; at += kPieceBytes) {
      decoder.Feed(text().substr(at, kPieceBytes));
      for (auto batch = decoder.NextEvents(); !batch.empty();
           batch = decoder.NextEvents()) {
        for (const Event& event : batch)
          found = Hash(found, reference::Describe(event));
      }
    }
    if (decoder.counters().events != events || found != wanted) {
      Fail("the decoder and DOM differ");
    }
  }

  std::string padded_;
  std::size_t size_;
  std::vector<std::string_view> lines_;
};

// ---- the contenders: each reads all of `stream` and gives something to keep
// -----------

std::uint64_t DecodeAllFields(const Stream& stream, WatchDecoder& decoder) {
  std::uint64_t sum = 0;
  const std::string_view text = stream.text();
  for (std::size_t at = 0; at < text.size(); at += kPieceBytes) {
    decoder.Feed(text.substr(at, kPieceBytes));
    for (auto batch = decoder.NextEvents(); !batch.empty();
         batch = decoder.NextEvents()) {
      sum += batch.size() + batch.back().message.size();
    }
  }
  return sum;
}

std::uint64_t ScanNewlines(const Stream& stream) {
  std::uint64_t lines = 0;
  std::string_view text = stream.text();
  while (const void* newline = std::memchr(text.data(), '\n', text.size())) {
    text.remove_prefix(
        static_cast<std::size_t>(static_cast<const char*>(newline) - text.data()) + 1);
    if (++lines, text.empty()) break;
  }
  return lines;
}

std::uint64_t Stage1PerLine(const Stream& stream, simdjson::ondemand::parser& parser) {
  std::uint64_t good = 0;
  for (const std::string_view line : stream.lines()) {
    auto document = parser.iterate(line.data(), line.size(), stream.Capacity(line));
    good += !document.error();
  }
  return good;
}

std::uint64_t Stage1PerBlock(const Stream& stream, simdjson::ondemand::parser& parser) {
  std::uint64_t good = 0;
  std::string_view text = stream.text();
  while (!text.empty()) {
    const std::size_t bytes = text.substr(0, kPieceBytes).rfind('\n') + 1;
    auto document = parser.iterate(text.data(), bytes, stream.Capacity(text));
    good += !document.error();
    text.remove_prefix(bytes);
  }
  return good;
}

// The documentation's way: one loop over the fields, each compared with its name and
// taken with get_string.
class Idiomatic {
 public:
  std::uint64_t Read(const Stream& stream) {
    std::uint64_t sum = 0;
    for (const std::string_view line : stream.lines()) {
      auto document = parser_.iterate(line.data(), line.size(), stream.Capacity(line));
      for (auto field : document.get_object()) {
        const std::string_view key = field.unescaped_key();
        if (key == "type") Take(field.value());
        if (key == "object") ReadEvent(field.value());
      }
      sum += sum_;
    }
    return sum;
  }

 private:
  using Value = simdjson::simdjson_result<simdjson::ondemand::value>;

  void Take(Value value) {
    std::string_view text;
    if (!value.get_string().get(text)) sum_ += text.size();
  }

  void ReadStrings(Value value, std::initializer_list<std::string_view> names) {
    simdjson::ondemand::object object;
    if (value.get_object().get(object)) return;
    for (auto field : object) {
      const std::string_view key = field.unescaped_key();
      if (std::find(names.begin(), names.end(), key) != names.end())
        Take(field.value());
    }
  }

  void ReadEvent(Value value) {
    simdjson::ondemand::object object;
    if (value.get_object().get(object)) return;
    for (auto field : object) {
      const std::string_view key = field.unescaped_key();
      if (key == "metadata") {
        ReadStrings(field.value(), {"name", "namespace", "uid", "resourceVersion",
                                    "creationTimestamp"});
      } else if (key == "involvedObject" || key == "regarding") {
        ReadStrings(field.value(), {"kind", "namespace", "name", "uid", "apiVersion",
                                    "resourceVersion", "fieldPath"});
      } else if (key == "source" || key == "deprecatedSource") {
        ReadStrings(field.value(), {"component", "host"});
      } else if (key == "count" || key == "deprecatedCount") {
        std::int64_t count = 0;
        if (!field.value().get_int64().get(count)) {
          sum_ += static_cast<std::uint64_t>(count);
        }
      } else if (key == "kind" || key == "reason" || key == "action" || key == "type" ||
                 key == "message" || key == "note" || key == "eventTime" ||
                 key == "firstTimestamp" || key == "lastTimestamp" ||
                 key == "deprecatedFirstTimestamp" ||
                 key == "deprecatedLastTimestamp" || key == "reportingComponent" ||
                 key == "reportingController" || key == "reportingInstance") {
        Take(field.value());
      } else if (key == "series") {
        ReadStrings(field.value(), {"lastObservedTime"});
      }
    }
  }

  simdjson::ondemand::parser parser_;
  std::uint64_t sum_ = 0;
};

// ---- running them ------------------------------------------------------------------

class Clock {
 public:
  void Time(const std::function<std::uint64_t()>& run) {
    const auto begin = std::chrono::steady_clock::now();
    benchmark::DoNotOptimize(run());
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    seconds_.push_back(took.count());
  }
  double last() const { return seconds_.back(); }
  double median() const {
    std::vector<double> sorted = seconds_;
    std::sort(sorted.begin(), sorted.end());
    return sorted[sorted.size() / 2];
  }

 private:
  std::vector<double> seconds_;
};

void Decode(benchmark::State& state, const Stream& stream) {
  WatchDecoder decoder;
  simdjson::ondemand::parser parser;
  Idiomatic idiomatic;
  Clock decode, newlines, lines, blocks, idiom;
  DecodeAllFields(stream, decoder);
  for (auto _ : state) {
    newlines.Time([&] { return ScanNewlines(stream); });
    lines.Time([&] { return Stage1PerLine(stream, parser); });
    decode.Time([&] { return DecodeAllFields(stream, decoder); });
    blocks.Time([&] { return Stage1PerBlock(stream, parser); });
    idiom.Time([&] { return idiomatic.Read(stream); });
    state.SetIterationTime(decode.last());
  }
  const auto bytes = static_cast<double>(stream.text().size());
  state.SetBytesProcessed(state.iterations() *
                          static_cast<std::int64_t>(stream.text().size()));
  state.SetItemsProcessed(state.iterations() *
                          static_cast<std::int64_t>(stream.lines().size()));
  state.counters["of_stage1"] = lines.median() / decode.median();
  state.counters["of_stage1_block"] = blocks.median() / decode.median();
  state.counters["of_newlines"] = newlines.median() / decode.median();
  state.counters["stage1_GB/s"] = bytes / lines.median() / 1e9;
  state.counters["block_GB/s"] = bytes / blocks.median() / 1e9;
  state.counters["idiomatic_GB/s"] = bytes / idiom.median() / 1e9;
  state.counters["decode_GB/s"] = bytes / decode.median() / 1e9;
}

void Register(const char* name, const std::function<std::string()>& text) {
  benchmark::RegisterBenchmark(name,
                               [text](benchmark::State& state) {
                                 const Stream stream(text());
                                 Decode(state, stream);
                               })
      ->UseManualTime()
      ->Unit(benchmark::kMillisecond)
      ->MinTime(1.0);
}

const bool registered = [] {
  Register("recording_core_v1",
           [] { return ReadRecording("kubernetes-1.37/events.watch.ndjson"); });
  Register("recording_events_v1",
           [] { return ReadRecording("kubernetes-1.37/events.k8s.io.watch.ndjson"); });
  Register("generated_a", [] { return Generate("--frames 50000 --seed 1"); });
  Register("generated_b", [] {
    return Generate("--frames 50000 --seed 2 --deleted 0.4 --modified 0.2");
  });
  return true;
}();

}  // namespace
}  // namespace k8sentry
