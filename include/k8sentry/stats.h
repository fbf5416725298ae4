// The Ledger accounts for every frame: each ends in exactly one of these counters.
//
// It counts frames, never sightings, so that it can be checked against the input with
// `wc -l`. `Balances()` is the promise of k8sentry in one line, and itself a test.
//
// Threads: a value.
#pragma once

#include <cstdint>

namespace k8sentry {

struct Ledger {
  std::uint64_t seen = 0;             // = malformed + stale + filtered + routed
  std::uint64_t malformed = 0;        // could not be read
  std::uint64_t stale = 0;            // says nothing new
  std::uint64_t filtered = 0;         // a filter refused it
  std::uint64_t routed = 0;           // reached the sink's threshold and window:
  std::uint64_t below_threshold = 0;  //   waits for more of its kind
  std::uint64_t swallowed = 0;        //   repeats what was told
  std::uint64_t sampled_out = 0;      //   left out by a sample rate
  std::uint64_t overflowed = 0;       //   told, but the queue or the spool was full
  std::uint64_t rejected = 0;         //   told, and refused for good
  std::uint64_t delivered = 0;        //   told, and acknowledged
  std::uint64_t in_flight = 0;        //   told, and on its way

  std::uint64_t summaries = 0;  // still-firing tellings; beside the sum
  std::uint64_t deleted = 0;    // frames that carry no event; beside the sum
  std::uint64_t bookmarks = 0;
  std::uint64_t errors = 0;
  std::uint64_t blank_lines = 0;

  bool Balances() const {
    return seen == malformed + stale + filtered + routed &&
           routed == below_threshold + swallowed + sampled_out + overflowed + rejected +
                         delivered + in_flight;
  }

  friend bool operator==(const Ledger&, const Ledger&) = default;
};

}  // namespace k8sentry
