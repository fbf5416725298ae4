// Several files as one source: in order, each ending its stream.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "k8sentry/event_source.h"

namespace k8sentry::cli {

class FileChain : public EventSource {
 public:
  // Errors: kNotFound, kPermissionDenied, before anything is read: a run over half of
  // the files would look like a result. "-" is standard input.
  static Result<std::unique_ptr<FileChain>> Open(const std::vector<std::string>& paths);

  EventBatch Poll(Now now) override;
  SteadyTime NextDeadline() const override;
  int descriptor() const override;
  bool ready() const override;
  const DecoderCounters& counters() const override { return counters_; }
  Status status() const override { return status_; }
  std::string_view malformed_sample() const override { return malformed_sample_; }
  std::optional<std::uint64_t> total_bytes() const override { return total_bytes_; }

  // All has been read, or cannot be.
  bool ended() const { return ended_; }

 private:
  EventBatch Next(Status status);
  void Count();

  std::vector<std::string> paths_;
  std::size_t next_ = 0;  // the path to open next
  std::unique_ptr<EventSource> current_;
  // Kept open: an event loop still watches their descriptors, and could not let go of
  // one that was closed while standard input, of which it is a copy, is not.
  std::vector<std::unique_ptr<EventSource>> ended_pipes_;
  DecoderCounters before_;    // of the sources that have ended
  DecoderCounters counters_;  // of all
  Status status_;
  std::string malformed_sample_;
  std::optional<std::uint64_t> total_bytes_ = 0;
  bool ended_ = false;
};

}  // namespace k8sentry::cli
