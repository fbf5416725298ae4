// Tellings as a cluster makes them, for golden envelopes and whoever else needs some.
// Their events are taken from tests/recordings, their ids and counts are made up.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "k8sentry/sink.h"

namespace k8sentry::testing {

struct Story {
  std::string name;  // of its golden file
  Telling telling;
};

std::vector<Story> Stories();

// The story of that name. Requires: there is one.
Telling StoryNamed(std::string_view name);

// When the golden envelopes are sent: 2026-11-21T04:00:00Z.
Time StorySentAt();

// A telling whose event carries `reason`, `message` and `type`, and little else.
Telling TellingOf(std::string_view reason, std::string_view message,
                  std::string_view type = "Warning");

}  // namespace k8sentry::testing
