// The allocations of the whole process while somebody counts.
#pragma once

#include <cstddef>

namespace k8sentry::testing {

void StartCounting();
// How many calls of malloc and its kin there were since; operator new calls malloc.
std::size_t StopCounting();

}  // namespace k8sentry::testing
