// A TimeReader reads the times of Events, most of which are of one day.
//
// It gives what ParseTime gives; it only remembers the last date.
#pragma once

#include <optional>
#include <string_view>

#include "k8sentry/time.h"

namespace k8sentry::internal {

class TimeReader {
 public:
  std::optional<Time> Read(std::string_view text);

 private:
  static constexpr std::size_t kDateBytes = 11;     // "2026-01-02T"
  static constexpr std::size_t kSecondsBytes = 20;  // "2026-01-02T03:04:05Z"
  static constexpr std::size_t kMicrosBytes = 27;   // "2026-01-02T03:04:05.000006Z"

  std::optional<Time> ReadAny(std::string_view text);

  char date_[kDateBytes] = {};
  Time midnight_;
};

}  // namespace k8sentry::internal
