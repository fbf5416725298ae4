// A FrameStream finds the frames in the bytes of a stream and reads each as an Event,
// and counts what is no Event.
//
// Two ways lead through the same stream. Documents whose lines are whole, nearly all of
// a watch, go through LineReader. Everything else goes through JsonScanner, which needs
// nothing to be whole. Where both could read, both read the same.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "json/json_tokens.h"
#include "json/text_arena.h"
#include "k8sentry/event.h"
#include "k8sentry/watch_decoder.h"
#include "kube/frame_reader.h"
#include "kube/json_scanner.h"
#include "kube/line_reader.h"
#include "kube/stream_buffer.h"

namespace k8sentry::internal {

class FrameStream {
 public:
  explicit FrameStream(const WatchDecoderOptions& options)
      : max_frame_bytes_(options.max_frame_bytes),
        any_objects_(options.objects == DecodedObjects::kAny),
        reader_(arena_),
        lines_(reader_) {}

  // As WatchDecoder's.
  std::span<char> Prepare(std::size_t min_bytes);
  void Commit(std::size_t bytes);
  void End(StreamEnd end);

  // The next frame, List or malformed one; false when more bytes are needed. What
  // `event` views stays until Prepare, but unescaped text only until ForgetText.
  bool Read(Event& event);
  // What the object of the frame just read is.
  const ObjectFacts& facts() const { return facts_; }

  void ForgetText() { arena_.Clear(); }
  std::size_t text_bytes() const { return arena_.used(); }
  // The version read last outlives the bytes it stands in.
  void KeepVersion();

  // Counts the frame just read as an Event; false if it is none, which is malformed.
  bool CountEvent(const Event& frame);
  // Counts what another stream, made of one of this one's frames, has read.
  void Add(std::uint64_t events, std::uint64_t malformed, std::string_view sample);

  bool ended() const { return ended_; }
  const DecoderCounters& counters();
  // Views until the next call of Read, KeepVersion or End.
  std::string_view version() const { return version_; }
  std::string_view last_error() const { return last_error_; }
  std::string_view list_continue() const { return list_continue_; }
  std::string_view malformed_sample() const { return sample_; }
  bool initial_events_ended() const { return initial_events_ended_; }

 private:
  using Step = JsonScanner::Step;
  static constexpr std::size_t kSampleBytes = 256;

  // The held bytes that were not read yet.
  std::string_view rest() const { return {buffer_.data() + read_, unread()}; }
  std::size_t unread() const { return buffer_.size() - read_; }

  bool ReadLine(Event& event);
  bool TakeStep(Step step, Event& event);
  bool FindTokens(std::string_view text);
  bool ReadText(std::string_view text, Step step, Event& event);
  void DropWhatIsRead();
  void AppendToList(std::string_view part, bool too_long);
  void ForgetList();
  bool ReadListEnd(Event& event);
  bool GiveMalformed(std::string_view text, Event& event);
  void NoteFrame(const Event& frame);

  const std::size_t max_frame_bytes_;
  const bool any_objects_;
  TextArena arena_;
  FrameReader reader_;
  LineReader lines_;
  JsonScanner scanner_;
  JsonTokens tokens_;
  StreamBuffer buffer_;
  std::size_t read_ = 0;  // held bytes that the scanner has read
  std::optional<StreamEnd> end_;
  bool ended_ = false;
  ObjectFacts facts_;

  bool too_long_ = false;  // the unfinished frame; its beginning:
  std::array<char, kSampleBytes> too_long_text_ = {};
  std::string list_;  // the open List without its items, so far
  bool list_too_long_ = false;
  std::string list_text_;  // the last whole one, with padding

  DecoderCounters counters_;
  std::string_view version_view_;  // read since KeepVersion, and not yet copied
  std::string version_;
  std::string last_error_;
  std::string list_continue_;
  std::string sample_;
  bool initial_events_ended_ = false;
};

}  // namespace k8sentry::internal
