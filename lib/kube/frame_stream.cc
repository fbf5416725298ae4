#include "kube/frame_stream.h"

#include <algorithm>
#include <cstring>

#include "k8sentry/text.h"

namespace k8sentry::internal {
namespace {

std::string_view TrimRight(std::string_view text) {
  const std::size_t last = text.find_last_not_of(" \t\r\n");
  return text.substr(0, last == text.npos ? 0 : last + 1);
}

}  // namespace

std::span<char> FrameStream::Prepare(std::size_t min_bytes) {
  DropWhatIsRead();
  lines_.Forget();
  return buffer_.Prepare(min_bytes, max_frame_bytes_);
}

void FrameStream::Commit(std::size_t bytes) {
  buffer_.Commit(bytes);
  counters_.bytes += bytes;
  if (bytes > 0) ended_ = false;
}

void FrameStream::End(StreamEnd end) {
  end_ = end;
  ended_ = true;
}

void FrameStream::KeepVersion() {
  if (!version_view_.empty()) version_ = version_view_;
  version_view_ = {};
}

// The next frame, List or malformed one; false when more bytes are needed.
bool FrameStream::Read(Event& event) {
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

bool FrameStream::ReadLine(Event& event) {
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
bool FrameStream::TakeStep(Step step, Event& event) {
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
bool FrameStream::FindTokens(std::string_view text) {
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

bool FrameStream::ReadText(std::string_view text, Step step, Event& event) {
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
void FrameStream::DropWhatIsRead() {
  std::size_t needed = 0;
  if (scanner_.unfinished()) {
    const std::uint64_t bytes = scanner_.offset() - scanner_.start();
    if (!too_long_ && bytes > std::max(max_frame_bytes_, kSampleBytes)) {
      too_long_ = true;
      std::memcpy(too_long_text_.data(), buffer_.data() + read_ - bytes, kSampleBytes);
    }
    if (!too_long_) needed = static_cast<std::size_t>(bytes);
  }
  buffer_.Drop(read_ - needed);
  read_ = needed;
}

void FrameStream::AppendToList(std::string_view part, bool too_long) {
  if (list_too_long_) return;
  list_too_long_ = too_long || list_.size() + part.size() > max_frame_bytes_;
  list_ += list_too_long_ ? part.substr(0, kSampleBytes) : part;
}

void FrameStream::ForgetList() {
  list_.clear();
  list_too_long_ = false;
}

bool FrameStream::ReadListEnd(Event& event) {
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

bool FrameStream::GiveMalformed(std::string_view text, Event& event) {
  text = TrimRight(text.substr(0, kSampleBytes));
  ++counters_.malformed;
  sample_ = text;
  event = Event();
  event.frame_type = FrameType::kMalformed;
  event.raw_object = text;
  return true;
}

void FrameStream::NoteFrame(const Event& frame) {
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

bool FrameStream::CountEvent(const Event& frame) {
  if (facts_.is_event || any_objects_) {
    ++counters_.events;
    return true;
  }
  ++counters_.malformed;
  sample_ = frame.raw_object.substr(0, kSampleBytes);
  return false;
}

void FrameStream::Add(std::uint64_t events, std::uint64_t malformed,
                      std::string_view sample) {
  counters_.events += events;
  counters_.malformed += malformed;
  if (malformed > 0) sample_ = sample;
}

const DecoderCounters& FrameStream::counters() {
  counters_.blank_lines = scanner_.blank_lines();
  return counters_;
}

}  // namespace k8sentry::internal
