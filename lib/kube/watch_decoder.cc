#include "k8sentry/watch_decoder.h"

#include <cstring>
#include <vector>

#include "kube/frame_stream.h"

namespace k8sentry {
namespace {

using internal::FrameStream;

constexpr std::size_t kBatchEvents = 64;
// A batch ends early when its unescaped text has grown to this much.
constexpr std::size_t kBatchTextBytes = 1 << 20;

}  // namespace

// Gives the frames of a stream out, one by one or the Events alone in batches.
class WatchDecoder::Impl {
 public:
  enum class Pages { kRead, kMalformed };

  explicit Impl(const WatchDecoderOptions& options, Pages pages = Pages::kRead)
      : max_frame_bytes_(options.max_frame_bytes),
        any_objects_(options.objects == DecodedObjects::kAny),
        pages_(any_objects_ ? Pages::kMalformed : pages),
        stream_(options),
        batch_(kBatchEvents) {}

  FrameStream& stream() { return stream_; }

  bool Next(Frame& frame) {
    stream_.ForgetText();
    counted_ = false;
    const bool read = stream_.Read(single_);
    stream_.KeepVersion();
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
    if (!counted_) stream_.CountEvent(single_);
    counted_ = true;
    if (stream_.facts().is_event) event = single_;
    return stream_.facts().is_event;
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
    stream_.ForgetText();
    std::size_t n = 0;
    while (n < kBatchEvents && !page_) {
      if (stream_.text_bytes() >= kBatchTextBytes) {
        if (n > 0) break;
        stream_.KeepVersion();
        stream_.ForgetText();  // frames that carried no Event
      }
      if (!stream_.Read(batch_[n])) break;
      switch (batch_[n].frame_type) {
        case FrameType::kAdded:
          if (pages_ == Pages::kRead && !stream_.facts().is_event &&
              stream_.facts().is_list) {
            BeginPage(batch_[n].raw_object);
            break;
          }
          [[fallthrough]];
        case FrameType::kModified:
        case FrameType::kListItem:
        case FrameType::kObject:
          if (stream_.CountEvent(batch_[n])) ++n;
          break;
        case FrameType::kDeleted:
          if (any_objects_) ++n;
          break;
        default:
          break;
      }
    }
    stream_.KeepVersion();
    return n;
  }

  // A watch of kubectl begins with Lists in place of objects: they are read as what
  // they are, out of a copy (semantics 13).
  void BeginPage(std::string_view list) {
    page_ = std::make_unique<Impl>(
        WatchDecoderOptions{.max_frame_bytes = max_frame_bytes_}, Pages::kMalformed);
    FrameStream& page = page_->stream_;
    std::memcpy(page.Prepare(list.size()).data(), list.data(), list.size());
    page.Commit(list.size());
    page.End(StreamEnd::kFile);
  }

  std::span<const Event> NextOfPage() {
    FrameStream& page = page_->stream_;
    const DecoderCounters before = page.counters();
    const std::span<const Event> events = page_->NextEvents();
    const DecoderCounters& after = page.counters();
    stream_.Add(after.events - before.events, after.malformed - before.malformed,
                page.malformed_sample());
    return events;
  }

  const std::size_t max_frame_bytes_;
  const bool any_objects_;
  const Pages pages_;
  FrameStream stream_;
  std::unique_ptr<Impl> page_;  // being given out
  std::vector<Event> batch_;
  Event single_;
  bool counted_ = false;  // DecodeEvent was called for it
};

WatchDecoder::WatchDecoder(const WatchDecoderOptions& options)
    : impl_(std::make_unique<Impl>(options)) {}
WatchDecoder::~WatchDecoder() = default;
WatchDecoder::WatchDecoder(WatchDecoder&&) noexcept = default;
WatchDecoder& WatchDecoder::operator=(WatchDecoder&&) noexcept = default;

void WatchDecoder::Feed(std::string_view bytes) {
  if (bytes.empty()) return;
  std::memcpy(impl_->stream().Prepare(bytes.size()).data(), bytes.data(), bytes.size());
  impl_->stream().Commit(bytes.size());
}

std::span<char> WatchDecoder::Prepare(std::size_t min_bytes) {
  return impl_->stream().Prepare(min_bytes);
}
void WatchDecoder::Commit(std::size_t bytes) { impl_->stream().Commit(bytes); }
void WatchDecoder::End(StreamEnd end) { impl_->stream().End(end); }
bool WatchDecoder::ended() const { return impl_->stream().ended(); }
bool WatchDecoder::Next(Frame& frame) { return impl_->Next(frame); }
bool WatchDecoder::DecodeEvent(const Frame& frame, Event& event) {
  return impl_->DecodeEvent(frame, event);
}
std::span<const Event> WatchDecoder::NextEvents() { return impl_->NextEvents(); }
std::string_view WatchDecoder::last_resource_version() const {
  return impl_->stream().version();
}
std::string_view WatchDecoder::last_error() const {
  return impl_->stream().last_error();
}
std::string_view WatchDecoder::list_continue() const {
  return impl_->stream().list_continue();
}
bool WatchDecoder::initial_events_ended() const {
  return impl_->stream().initial_events_ended();
}
const DecoderCounters& WatchDecoder::counters() const {
  return impl_->stream().counters();
}
std::string_view WatchDecoder::malformed_sample() const {
  return impl_->stream().malformed_sample();
}

}  // namespace k8sentry
