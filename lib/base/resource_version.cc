#include "base/resource_version.h"

#include <algorithm>

namespace k8sentry::internal {
namespace {

bool IsNumber(std::string_view text) {
  return !text.empty() && text.front() != '0' &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

bool IsNewer(std::string_view a, std::string_view b) {
  if (!IsNumber(a) || !IsNumber(b)) return a != b;
  return a.size() != b.size() ? a.size() > b.size() : a > b;
}

std::string OlderThanAll(std::string_view version,
                         std::span<const std::string_view> others) {
  std::string_view oldest;
  for (const std::string_view other : others) {
    if (!IsNumber(other)) return {};
    if (oldest.empty() || IsNewer(oldest, other)) oldest = other;
  }
  if (oldest.empty() || IsNewer(oldest, version)) return std::string(version);
  std::string before(oldest);
  std::size_t i = before.size();
  while (before[--i] == '0') before[i] = '9';
  --before[i];
  before.erase(0, before.find_first_not_of('0'));
  return before;
}

}  // namespace k8sentry::internal
