// Decoding of all fields, beside the limits it stands against.
//
// A stream is read in pieces of 256 KiB. Each is copied into place, as read(2) would,
// which is not timed, and then read by each contender in turn, so that a busy machine
// slows all of them: the ratios are steadier than the rates.
//   bytes_per_second, items_per_second   WatchDecoder, all fields of all frames
//   of_stage1        its speed over that of simdjson's iterate() alone, line by line
//   of_stage1_block  the same, a piece at once
//   of_newlines      its speed over that of a memchr for every line's end
//   idiomatic_GB/s   the same fields by simdjson On-Demand, as its documentation shows
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
#include <utility>
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

// Lines in place, as a read brings them, with what simdjson may touch behind them.
struct Piece {
  std::string_view text;
  std::vector<std::string_view> lines;
  std::size_t Capacity(std::string_view part) const {
    return static_cast<std::size_t>(text.data() + text.size() - part.data()) +
           simdjson::SIMDJSON_PADDING;
  }
};

// A stream, and what DOM says it holds.
class Stream {
 public:
  explicit Stream(std::string text) : text_(std::move(text)) {
    for (std::size_t at = 0; at < text_.size();) {
      const std::size_t end = text_.find('\n', at) + 1;
      lines_.emplace_back(text_.data() + at, end - at);
      at = end;
    }
    Verify();
  }

  std::string_view text() const { return text_; }
  const std::vector<std::string_view>& lines() const { return lines_; }

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
    for (std::size_t at = 0; at < text_.size(); at += kPieceBytes) {
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

  std::string text_;
  std::vector<std::string_view> lines_;
};

// ---- the contenders: each reads a piece and gives something to keep
// ------------------

std::uint64_t DecodeAllFields(WatchDecoder& decoder) {
  std::uint64_t sum = 0;
  for (auto batch = decoder.NextEvents(); !batch.empty();
       batch = decoder.NextEvents()) {
    sum += batch.size() + batch.back().message.size();
  }
  return sum;
}

std::uint64_t ScanNewlines(const Piece& piece) {
  std::uint64_t lines = 0;
  const char* at = piece.text.data();
  const char* const end = at + piece.text.size();
  while (const void* newline =
             std::memchr(at, '\n', static_cast<std::size_t>(end - at))) {
    at = static_cast<const char*>(newline) + 1;
    ++lines;
  }
  return lines;
}

std::uint64_t Stage1PerLine(const Piece& piece, simdjson::ondemand::parser& parser) {
  std::uint64_t good = 0;
  for (const std::string_view line : piece.lines) {
    auto document = parser.iterate(line.data(), line.size(), piece.Capacity(line));
    good += !document.error();
  }
  return good;
}

std::uint64_t Stage1PerBlock(const Piece& piece, simdjson::ondemand::parser& parser) {
  auto document =
      parser.iterate(piece.text.data(), piece.text.size(), piece.Capacity(piece.text));
  return !document.error();
}

// The documentation's way: one loop over the fields, each compared with its name and
// taken with get_string.
class Idiomatic {
 public:
  std::uint64_t Read(const Piece& piece) {
    std::uint64_t sum = 0;
    for (const std::string_view line : piece.lines) {
      auto document = parser_.iterate(line.data(), line.size(), piece.Capacity(line));
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

// The time of one pass is the sum over its pieces.
class Clock {
 public:
  template <typename Run>
  void Time(Run run) {
    const auto begin = std::chrono::steady_clock::now();
    benchmark::DoNotOptimize(run());
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    pass_ += took.count();
  }
  void EndPass() { passes_.push_back(std::exchange(pass_, 0)); }
  double last() const { return passes_.back(); }
  double median() const {
    std::vector<double> sorted = passes_;
    std::sort(sorted.begin(), sorted.end());
    return sorted[sorted.size() / 2];
  }

 private:
  double pass_ = 0;
  std::vector<double> passes_;
};

class Contest {
 public:
  explicit Contest(const Stream& stream)
      : stream_(stream), place_(2 * kPieceBytes + simdjson::SIMDJSON_PADDING) {}

  // All contenders, once over the whole stream. Gives the decoder's time.
  double Pass() {
    const std::string_view text = stream_.text();
    auto line = stream_.lines().begin();
    for (std::size_t at = 0; at < text.size(); at += kPieceBytes) {
      const std::string_view read = text.substr(at, kPieceBytes);
      // The contenders that cannot go on in the middle of a line get the lines that
      // begin here.
      Piece piece;
      const char* const begin = line == stream_.lines().end() ? nullptr : line->data();
      std::size_t bytes = 0;
      for (; line != stream_.lines().end() && line->data() < read.data() + read.size();
           bytes += (line++)->size()) {
        piece.lines.emplace_back(place_.data() + bytes, line->size());
      }
      piece.text = {place_.data(), bytes};
      Put(begin, bytes);
      newlines_.Time([&] { return ScanNewlines(piece); });
      Put(begin, bytes);
      per_line_.Time([&] { return Stage1PerLine(piece, parser_); });
      std::memcpy(decoder_.Prepare(read.size()).data(), read.data(), read.size());
      decoder_.Commit(read.size());
      decode_.Time([&] { return DecodeAllFields(decoder_); });
      Put(begin, bytes);
      per_block_.Time([&] { return Stage1PerBlock(piece, parser_); });
      Put(begin, bytes);
      idiomatic_clock_.Time([&] { return idiomatic_.Read(piece); });
    }
    for (Clock* clock :
         {&decode_, &newlines_, &per_line_, &per_block_, &idiomatic_clock_}) {
      clock->EndPass();
    }
    return decode_.last();
  }

  void Report(benchmark::State& state) const {
    const auto bytes = static_cast<double>(stream_.text().size());
    const double decode = decode_.median();
    state.counters["of_stage1"] = per_line_.median() / decode;
    state.counters["of_stage1_block"] = per_block_.median() / decode;
    state.counters["of_newlines"] = newlines_.median() / decode;
    state.counters["decode_GB/s"] = bytes / decode / 1e9;
    state.counters["stage1_GB/s"] = bytes / per_line_.median() / 1e9;
    state.counters["stage1_block_GB/s"] = bytes / per_block_.median() / 1e9;
    state.counters["idiomatic_GB/s"] = bytes / idiomatic_clock_.median() / 1e9;
  }

 private:
  void Put(const char* begin, std::size_t bytes) {
    if (bytes > 0) std::memcpy(place_.data(), begin, bytes);
  }

  const Stream& stream_;
  std::vector<char> place_;
  WatchDecoder decoder_;
  simdjson::ondemand::parser parser_;
  Idiomatic idiomatic_;
  Clock decode_, newlines_, per_line_, per_block_, idiomatic_clock_;
};

void Decode(benchmark::State& state, const Stream& stream) {
  Contest contest(stream);
  for (auto _ : state) state.SetIterationTime(contest.Pass());
  const auto bytes = static_cast<std::int64_t>(stream.text().size());
  const auto frames = static_cast<std::int64_t>(stream.lines().size());
  state.SetBytesProcessed(state.iterations() * bytes);
  state.SetItemsProcessed(state.iterations() * frames);
  contest.Report(state);
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
