#include "k8sentry/watch_decoder.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

#include "json/json_tokens.h"
#include "json/text_arena.h"
#include "k8sentry/text.h"
#include "kube/frame_reader.h"
#include "kube/json_scanner.h"
#include "kube/line_reader.h"
#include "kube/stream_buffer.h"

namespace k8sentry {
namespace {

using internal::Brackets;
using internal::FrameReader;
using internal::JsonScanner;
using internal::JsonText;
using internal::JsonToken;
using internal::JsonTokens;
using internal::kJsonPadding;
using internal::LineReader;
using internal::ObjectFacts;
using internal::StreamBuffer;
using internal::TextArena;
using internal::TokensFault;

constexpr std::size_t kSampleBytes = 256;
constexpr std::size_t kBatchEvents = 64;
// A batch ends early when its unescaped text has grown to this much.
constexpr std::size_t kBatchTextBytes = 1 << 20;

std::string_view TrimRight(std::string_view text) {
  const std::size_t last = text.find_last_not_of(" \t\r\n");
  return text.substr(0, last == text.npos ? 0 : last + 1);
}

}  // namespace

// Two ways through the same stream. Documents whose lines are whole, nearly all of a
// watch, go through LineReader. Everything else goes through the scanner, which needs
// nothing to be whole. Where both could read, both read the same.
class WatchDecoder::Impl {
 public:
  enum class Pages { kRead, kMalformed };

  explicit Impl(const WatchDecoderOptions& options, Pages pages = Pages::kRead)
      : max_frame_bytes_(options.max_frame_bytes),
        any_objects_(options.objects == DecodedObjects::kAny),
        pages_(any_objects_ ? Pages::kMalformed : pages),
        reader_(arena_),
        lines_(reader_),
        batch_(kBatchEvents) {}

  std::span<char> Prepare(std::size_t min_bytes) {
    DropWhatIsRead();
    lines_.Forget();
    return buffer_.Prepare(min_bytes, max_frame_bytes_);
  }

  void Commit(std::size_t bytes) {
    buffer_.Commit(bytes);
    counters_.bytes += bytes;
    if (bytes > 0) ended_ = false;
  }

  void End(StreamEnd end) {
    end_ = end;
    ended_ = true;
  }

  bool Next(Frame& frame) {
    arena_.Clear();
    counted_ = false;
    const bool read = ReadFrame(single_);
    KeepVersion();
    if (!read) return false;
    frame.type = single_.frame_type;
    frame.uid = single_.uid;
    frame.resource_version = single_.resource_version;
    frame.object = single_.raw_object;
    return true;
  }

  bool DecodeEvent(const Frame& frame, Event& event) {
    switch (frame.type) {
      case FrameType::kAdded:
      case FrameType::kModified:
      case FrameType::kListItem:
      case FrameType::kObject:
        break;
      default:
        return false;
    }
    if (frame.object.data() != single_.raw_object.data()) return false;
    if (!counted_) CountEvent(single_);
    counted_ = true;
    if (facts_.is_event) event = single_;
    return facts_.is_event;
  }

  std::span<const Event> NextEvents() {
    for (;;) {
      if (page_) {
        if (const auto events = NextOfPage(); !events.empty()) return events;
        page_.reset();
      }
      const std::size_t n = ReadBatch();
      if (n > 0 || !page_) return {batch_.data(), n};
    }
  }

 private:
  // Reads up to a batch of Events; fewer when a page follows them, or bytes run out.
  std::size_t ReadBatch() {
    arena_.Clear();
    std::size_t n = 0;
    while (n < kBatchEvents && !page_) {
      if (arena_.used() >= kBatchTextBytes) {
        if (n > 0) break;
        KeepVersion();
        arena_.Clear();  // frames that carried no Event
      }
      if (!ReadFrame(batch_[n])) break;
      switch (batch_[n].frame_type) {
        case FrameType::kAdded:
          if (pages_ == Pages::kRead && !facts_.is_event && facts_.is_list) {
            BeginPage(batch_[n].raw_object);
            break;
          }
          [[fallthrough]];
        case FrameType::kModified:
        case FrameType::kListItem:
        case FrameType::kObject:
          if (CountEvent(batch_[n])) ++n;
          break;
        case FrameType::kDeleted:
          if (any_objects_) ++n;
          break;
        default:
          break;
      }
    }
    KeepVersion();
    return n;
  }

  // A watch of kubectl begins with Lists in place of objects: they are read as what
  // they are, out of a copy (semantics 13).
  void BeginPage(std::string_view list) {
    page_ = std::make_unique<Impl>(
        WatchDecoderOptions{.max_frame_bytes = max_frame_bytes_}, Pages::kMalformed);
    std::memcpy(page_->Prepare(list.size()).data(), list.data(), list.size());
    page_->Commit(list.size());
    page_->End(StreamEnd::kFile);
  }

  std::span<const Event> NextOfPage() {
    const DecoderCounters before = page_->counters_;
    const std::span<const Event> events = page_->NextEvents();
    counters_.events += page_->counters_.events - before.events;
    if (page_->counters_.malformed > before.malformed) {
      counters_.malformed += page_->counters_.malformed - before.malformed;
      sample_ = page_->sample_;
    }
    return events;
  }

 public:
  const DecoderCounters& counters() {
    counters_.blank_lines = scanner_.blank_lines();
    return counters_;
  }

  bool ended() const { return ended_; }
  std::string_view version() const { return version_; }
  std::string_view last_error() const { return last_error_; }
  std::string_view list_continue() const { return list_continue_; }
  bool initial_events_ended() const { return initial_events_ended_; }
  std::string_view sample() const { return sample_; }

 private:
  using Step = JsonScanner::Step;

  // The next frame, List or malformed one; false when more bytes are needed.
  bool ReadFrame(Event& event) {
    for (;;) {
      if (unread() > 0) {
        if (scanner_.outside() && ReadLine(event)) return true;
        std::size_t used = 0;
        const Step step = scanner_.Scan(rest(), used);
        read_ += used;
        if (TakeStep(step, event)) return true;
        continue;
      }
      if (!end_) return false;
      const StreamEnd end = *end_;
      end_.reset();
      Step step = Step::kMore;
      if (end == StreamEnd::kFile) {
        step = scanner_.EndFile();
      } else {
        scanner_.EndWatch();
      }
      const bool left = TakeStep(step, event);
      ForgetList();
      too_long_ = false;
      buffer_.Drop(read_);
      read_ = 0;
      if (left) return true;
    }
  }

  // The last version that this call has read outlives the bytes it stands in.
  void KeepVersion() {
    if (!version_view_.empty()) version_ = version_view_;
    version_view_ = {};
  }

  // The held bytes that were not read yet.
  std::string_view rest() const { return {buffer_.data() + read_, unread()}; }
  std::size_t unread() const { return buffer_.size() - read_; }

  bool ReadLine(Event& event) {
    // Between documents nothing before rest() is needed.
    buffer_.Drop(read_);
    read_ = 0;
    const std::size_t bytes =
        lines_.Read(rest(), scanner_.offset(), max_frame_bytes_, event, facts_);
    if (bytes == 0) return false;
    const bool has_newline = bytes < buffer_.size() && buffer_.data()[bytes] == '\n';
    scanner_.SkipDocument(bytes, has_newline);
    read_ = bytes + has_newline;
    NoteFrame(event);
    return true;
  }

  // What the scanner found: true if it is a frame.
  bool TakeStep(Step step, Event& event) {
    if (step == Step::kMore || step == Step::kLine) return false;
    const std::uint64_t bytes = scanner_.offset() - scanner_.start();
    // Of what is too long only the beginning is left.
    const bool too_long = bytes > max_frame_bytes_;
    std::string_view text;
    if (too_long_) {
      text = {too_long_text_.data(), kSampleBytes};
    } else {
      text = {buffer_.data() + read_ - bytes, static_cast<std::size_t>(bytes)};
    }
    too_long_ = false;
    switch (step) {
      case Step::kMore:
      case Step::kLine:
        return false;
      case Step::kListPart:
      case Step::kListEnd:
        AppendToList(text, too_long);
        return step == Step::kListEnd && ReadListEnd(event);
      case Step::kMalformed:
        if (scanner_.outside()) ForgetList();
        return GiveMalformed(text, event);
      case Step::kDocument:
      case Step::kItem:
        break;
    }
    if (too_long || !ReadText(text, step, event)) return GiveMalformed(text, event);
    NoteFrame(event);
    return true;
  }

  // Finds the tokens of `text`, repaired if need be; false: it is no JSON.
  bool FindTokens(std::string_view text) {
    reader_.Forget();
    TokensFault fault = tokens_.Find(text, Brackets::kMatched);
    if (fault == TokensFault::kUtf8) {
      const std::string repaired = RepairUtf8(text);
      char* const copy = arena_.Allocate(repaired.size() + kJsonPadding);
      std::memcpy(copy, repaired.data(), repaired.size());
      std::memset(copy + repaired.size(), 0, kJsonPadding);
      fault = tokens_.Find({copy, repaired.size()}, Brackets::kMatched);
    }
    return fault == TokensFault::kNone;
  }

  bool ReadText(std::string_view text, Step step, Event& event) {
    if (!FindTokens(text)) return false;
    const JsonText& json = tokens_.text();
    const JsonToken* token = json.begin;
    const bool read = step == Step::kItem
                          ? reader_.ReadItem(json, token, event, facts_)
                          : reader_.ReadDocument(json, token, event, facts_);
    reader_.Forget();
    return read && token == json.end;
  }

  // Keeps of the bytes that were read only those of an unfinished frame, and not even
  // them if they are too many already.
  void DropWhatIsRead() {
    std::size_t needed = 0;
    if (scanner_.unfinished()) {
      const std::uint64_t bytes = scanner_.offset() - scanner_.start();
      if (!too_long_ && bytes > std::max(max_frame_bytes_, kSampleBytes)) {
        too_long_ = true;
        std::memcpy(too_long_text_.data(), buffer_.data() + read_ - bytes,
                    kSampleBytes);
      }
      if (!too_long_) needed = static_cast<std::size_t>(bytes);
    }
    buffer_.Drop(read_ - needed);
    read_ = needed;
  }

  void AppendToList(std::string_view part, bool too_long) {
    if (list_too_long_) return;
    list_too_long_ = too_long || list_.size() + part.size() > max_frame_bytes_;
    list_ += list_too_long_ ? part.substr(0, kSampleBytes) : part;
  }

  void ForgetList() {
    list_.clear();
    list_too_long_ = false;
  }

  bool ReadListEnd(Event& event) {
    list_text_.swap(list_);
    const bool too_long = list_too_long_;
    ForgetList();
    const std::size_t bytes = list_text_.size();
    list_text_.append(kJsonPadding, '\0');
    const std::string_view text = std::string_view(list_text_).substr(0, bytes);
    if (too_long) return GiveMalformed(text, event);
    event = Event();
    event.frame_type = FrameType::kList;
    event.raw_object = text;
    std::string_view continue_token;
    // A List is no frame: if it cannot be read, it has no version.
    if (FindTokens(text)) {
      reader_.ReadList(tokens_.text(), event.resource_version, continue_token);
      reader_.Forget();
    }
    if (!event.resource_version.empty()) version_view_ = event.resource_version;
    list_continue_ = continue_token;
    return true;
  }

  bool GiveMalformed(std::string_view text, Event& event) {
    text = TrimRight(text.substr(0, kSampleBytes));
    ++counters_.malformed;
    sample_ = text;
    event = Event();
    event.frame_type = FrameType::kMalformed;
    event.raw_object = text;
    return true;
  }

  void NoteFrame(const Event& frame) {
    switch (frame.frame_type) {
      case FrameType::kDeleted:
        ++counters_.deleted;
        break;
      case FrameType::kBookmark:
        ++counters_.bookmarks;
        if (facts_.initial_events_ended) initial_events_ended_ = true;
        break;
      case FrameType::kError:
        ++counters_.errors;
        last_error_ = frame.raw_object;
        return;
      case FrameType::kListItem:
        return;
      default:
        break;
    }
    if (!frame.resource_version.empty()) version_view_ = frame.resource_version;
  }

  bool CountEvent(const Event& frame) {
    if (facts_.is_event || any_objects_) {
      ++counters_.events;
      return true;
    }
    ++counters_.malformed;
    sample_ = frame.raw_object.substr(0, kSampleBytes);
    return false;
  }

  const std::size_t max_frame_bytes_;
  const bool any_objects_;
  const Pages pages_;
  std::unique_ptr<Impl> page_;  // being given out
  TextArena arena_;
  FrameReader reader_;
  LineReader lines_;
  JsonScanner scanner_;
  JsonTokens tokens_;
  StreamBuffer buffer_;
  std::size_t read_ = 0;  // held bytes that the scanner has read
  std::optional<StreamEnd> end_;
  bool ended_ = false;

  bool too_long_ = false;  // the unfinished frame; its beginning:
  std::array<char, kSampleBytes> too_long_text_ = {};
  std::string list_;  // the open List without its items, so far
  bool list_too_long_ = false;
  std::string list_text_;  // the last whole one, with padding

  std::vector<Event> batch_;
  Event single_;
  ObjectFacts facts_;     // of the frame just read
  bool counted_ = false;  // DecodeEvent was called for it

  DecoderCounters counters_;
  std::string_view version_view_;  // read by this call, and not yet copied
  std::string version_;
  std::string last_error_;
  std::string list_continue_;
  std::string sample_;
  bool initial_events_ended_ = false;
};

WatchDecoder::WatchDecoder(const WatchDecoderOptions& options)
    : impl_(std::make_unique<Impl>(options)) {}
WatchDecoder::~WatchDecoder() = default;
WatchDecoder::WatchDecoder(WatchDecoder&&) noexcept = default;
WatchDecoder& WatchDecoder::operator=(WatchDecoder&&) noexcept = default;

void WatchDecoder::Feed(std::string_view bytes) {
  if (bytes.empty()) return;
  std::memcpy(impl_->Prepare(bytes.size()).data(), bytes.data(), bytes.size());
  impl_->Commit(bytes.size());
}

std::span<char> WatchDecoder::Prepare(std::size_t min_bytes) {
  return impl_->Prepare(min_bytes);
}
void WatchDecoder::Commit(std::size_t bytes) { impl_->Commit(bytes); }
void WatchDecoder::End(StreamEnd end) { impl_->End(end); }
bool WatchDecoder::ended() const { return impl_->ended(); }
bool WatchDecoder::Next(Frame& frame) { return impl_->Next(frame); }
bool WatchDecoder::DecodeEvent(const Frame& frame, Event& event) {
  return impl_->DecodeEvent(frame, event);
}
std::span<const Event> WatchDecoder::NextEvents() { return impl_->NextEvents(); }
std::string_view WatchDecoder::last_resource_version() const {
  return impl_->version();
}
std::string_view WatchDecoder::last_error() const { return impl_->last_error(); }
std::string_view WatchDecoder::list_continue() const { return impl_->list_continue(); }
bool WatchDecoder::initial_events_ended() const {
  return impl_->initial_events_ended();
}
const DecoderCounters& WatchDecoder::counters() const { return impl_->counters(); }
std::string_view WatchDecoder::malformed_sample() const { return impl_->sample(); }

}  // namespace k8sentry
