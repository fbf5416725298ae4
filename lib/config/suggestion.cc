#include "config/suggestion.h"

#include <algorithm>
#include <numeric>
#include <vector>

namespace k8sentry::internal {
namespace {

// How many characters to insert, delete or replace to make `b` out of `a`.
std::size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

}  // namespace

std::string Suggestion(std::string_view wanted, std::span<const std::string> known) {
  wanted = wanted.substr(0, 256);
  const std::string* best = nullptr;
  std::size_t best_distance = std::max<std::size_t>(2, wanted.size() / 3) + 1;
  for (const std::string& name : known) {
    const std::size_t distance =
        EditDistance(wanted, std::string_view(name).substr(0, 256));
    if (distance < best_distance) {
      best = &name;
      best_distance = distance;
    }
  }
  if (best != nullptr) return "; did you mean '" + *best + "'?";
  std::string list;
  for (const std::string& name : known.first(std::min<std::size_t>(known.size(), 5))) {
    list += (list.empty() ? "; there is: " : ", ") + name;
  }
  if (known.size() > 5) list += ", ...";
  return list;
}

}  // namespace k8sentry::internal
