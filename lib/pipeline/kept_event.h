// An event as the table keeps it: lengths instead of views, and no raw object, so that
// it takes little and may be cut into chunks.
#pragma once

#include <string>

#include "k8sentry/event.h"
#include "k8sentry/sink.h"
#include "pipeline/chunk_pool.h"

namespace k8sentry::internal {

// A chain with all of `event` but its raw_object, and with `id`.
Chunk* WriteEvent(const Event& event, const TellingId& id, ChunkPool& pool);

// What WriteEvent wrote; the event's text lies in `text`.
Event ReadEvent(const Chunk* chain, TellingId& id, std::string& text);

}  // namespace k8sentry::internal
