#include "pipeline/kept_event.h"

#include <array>
#include <cstdint>
#include <type_traits>

#include "base/event_texts.h"

namespace k8sentry::internal {
namespace {

// At the beginning of a chain; the texts follow.
struct Header {
  FrameType frame_type;
  bool stale;
  std::int32_t count, series_count;
  std::optional<Time> creation, first, last, event_time, series_last;
  TellingId id;
  std::array<std::uint32_t, kEventTexts> lengths;
};
static_assert(std::is_trivially_copyable_v<Header>);

}  // namespace

Chunk* WriteEvent(const Event& event, const TellingId& id, ChunkPool& pool) {
  const auto texts = TextsOf(event);
  Header header = {event.frame_type,
                   event.stale,
                   event.count,
                   event.series_count,
                   event.creation_timestamp,
                   event.first_timestamp,
                   event.last_timestamp,
                   event.event_time,
                   event.series_last_observed,
                   id,
                   {}};
  for (std::size_t i = 0; i < kEventTexts; ++i) {
    header.lengths[i] = static_cast<std::uint32_t>(texts[i]->size());
  }
  ChunkWriter writer(pool);
  writer.Write({reinterpret_cast<const char*>(&header), sizeof header});
  for (const std::string_view* text : texts) writer.Write(*text);
  return writer.Finish();
}

Event ReadEvent(const Chunk* chain, TellingId& id, std::string& text) {
  ChunkReader reader(chain);
  Header header;
  reader.Read(reinterpret_cast<char*>(&header), sizeof header);
  id = header.id;
  Event event;
  event.frame_type = header.frame_type;
  event.stale = header.stale;
  event.count = header.count;
  event.series_count = header.series_count;
  event.creation_timestamp = header.creation;
  event.first_timestamp = header.first;
  event.last_timestamp = header.last;
  event.event_time = header.event_time;
  event.series_last_observed = header.series_last;

  std::size_t bytes = 0;
  for (const std::uint32_t length : header.lengths) bytes += length;
  text.resize(bytes);
  reader.Read(text.data(), bytes);
  const auto texts = TextsOf(event);
  const char* at = text.data();
  for (std::size_t i = 0; i < kEventTexts; at += header.lengths[i++]) {
    *texts[i] = {at, header.lengths[i]};
  }
  return event;
}

}  // namespace k8sentry::internal
