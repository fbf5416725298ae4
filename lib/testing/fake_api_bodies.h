// Bodies of responses, and what can be done to them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "k8sentry/testing/fake_fault.h"
#include "k8sentry/testing/loopback_server.h"

namespace k8sentry::testing::internal {

using BodyPtr = std::shared_ptr<LoopbackBody>;

// `text`, and the end.
BodyPtr NewTextBody(std::string text);
// `body` with what `fault` does to it.
BodyPtr NewFaultyBody(BodyPtr body, const FakeFault& fault);

// One member.
std::string Gzip(std::string_view text);
// One member of so many spaces (rounded to MiB) and `text`. Small and made fast.
std::string GzipBomb(std::uint64_t spaces, std::string_view text);

}  // namespace k8sentry::testing::internal
