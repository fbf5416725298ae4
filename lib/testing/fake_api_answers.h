// What a FakeApiServer answers when nothing is scripted: functions of its state and a
// request, under the state's mutex.
#pragma once

#include "k8sentry/testing/loopback_server.h"
#include "testing/fake_api_state.h"
#include "testing/fake_api_target.h"

namespace k8sentry::testing::internal {

LoopbackResponse JsonAnswer(int status, std::string body);
LoopbackResponse ErrorAnswer(int code, std::string_view reason,
                             std::string_view message, std::string_view details = "{}",
                             std::string_view metadata = "{}");

// To any request. `time` is RFC 3339, for what is created.
LoopbackResponse ApiAnswer(ApiState& state, const ApiTarget& target,
                           const LoopbackRequest& request, SteadyTime now,
                           const std::string& time);

LoopbackResponse ListAnswer(const ApiStore& store, const ApiTarget& target);
LoopbackResponse ReviewAnswer(const ApiState& state, const std::string& body);
// /version, /readyz, /api and so on; 404 for anything else.
LoopbackResponse RootAnswer(const ApiState& state, std::string_view path);

}  // namespace k8sentry::testing::internal
