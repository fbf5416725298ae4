// What a FakeApiServer's calls and its thread share, and the watches that read it.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "k8sentry/testing/loopback_server.h"
#include "testing/fake_api_bodies.h"
#include "testing/fake_api_store.h"
#include "testing/fake_api_target.h"

namespace k8sentry::testing::internal {

struct ApiRule {
  std::string path, verb;

  // Whether it forbids `a_verb` on `a_path`.
  bool Covers(std::string_view a_verb, std::string_view a_path) const;
};

struct ApiState {
  mutable std::mutex mutex;  // for all of it
  ApiStore store;
  std::uint64_t lives = 0;      // WipeStorage has begun so many,
  std::uint64_t bookmarks = 0;  // SendBookmarks was called so often,
  std::uint64_t ends = 0;       // and EndWatches
  std::string token;
  std::vector<ApiRule> forbidden;
};

// The body of a watch. Requires: `state` outlives it, and its mutex is held now.
BodyPtr NewWatchBody(ApiState& state, const ApiTarget& target, SteadyTime now);

}  // namespace k8sentry::testing::internal
