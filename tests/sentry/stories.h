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

// One for each reason of the recordings that would be told and that Stories has not
// got: the first telling that a pipeline makes of it.
std::vector<Story> RecordedStories();

// The story of that name of Stories. Requires: there is one.
Telling StoryNamed(std::string_view name);

// An envelope as it goes to Sentry.
struct GoldenEnvelope {
  std::string name;  // of its file in tests/golden
  std::string bytes;
};
// Of all stories, and of everything else that is sent: breadcrumbs, attachments, logs,
// check-ins, client reports.
std::vector<GoldenEnvelope> GoldenEnvelopes();

// When the golden envelopes are sent: 2026-11-21T04:00:00Z.
Time StorySentAt();

// A telling whose event carries `reason`, `message` and `type`, and little else.
Telling TellingOf(std::string_view reason, std::string_view message,
                  std::string_view type = "Warning");

}  // namespace k8sentry::testing
