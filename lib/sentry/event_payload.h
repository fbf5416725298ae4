// The payload of an `event` item: one telling as the JSON that Sentry reads.
// (Sentry developer docs, event payloads.)
#pragma once

#include <string>

#include "k8sentry/sentry_reporter.h"

namespace k8sentry::internal {

// Sentry's limits, in characters. Relay trims what is longer and marks the event as
// damaged; we trim ourselves, so that nothing is ever marked and memory stays bounded.
inline constexpr std::size_t kMaxExceptionType = 128;
inline constexpr std::size_t kMaxMessage = 8192;
inline constexpr std::size_t kMaxTransaction = 200;
inline constexpr std::size_t kMaxTagValue = 200;
inline constexpr std::size_t kMaxLogger = 64;
inline constexpr std::size_t kMaxServerName = 200;  // it becomes a tag
inline constexpr std::size_t kMaxRelease = 200;
inline constexpr std::size_t kMaxEnvironment = 64;
// Of a value inside a context. A context may have 8 KiB: its at most 12 values of 100
// characters and a name stay below that even if every character has four bytes.
inline constexpr std::size_t kMaxContextValue = 100;
// A name has up to 253 characters; contexts have at most three of these.
inline constexpr std::size_t kMaxContextName = 256;

// Appends the event to `out`.
void AppendEventPayload(const Telling& telling, const SentryOptions& options,
                        Time sent_at, std::string& out);

}  // namespace k8sentry::internal
