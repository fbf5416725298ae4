#include <algorithm>
#include <numeric>

#include "flags.h"

namespace k8sentry::cli {
namespace {

// How many letters must change, come or go.
std::size_t Distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1,
                         diagonal + static_cast<std::size_t>(a[i - 1] != b[j - 1])});
      diagonal = above;
    }
  }
  return row[b.size()];
}

}  // namespace

std::string_view Suggest(std::string_view word,
                         const std::vector<std::string_view>& known) {
  if (word.empty() || word.size() > 64) return {};
  std::string_view best;
  std::size_t least = std::max<std::size_t>(2, word.size() / 3) + 1;
  for (const std::string_view candidate : known) {
    std::size_t distance = Distance(word, candidate);
    // Whoever types the beginning means it.
    if (word.size() >= 3 && candidate.starts_with(word)) distance = 1;
    if (distance < least && distance < candidate.size()) {
      least = distance;
      best = candidate;
    }
  }
  return best;
}

}  // namespace k8sentry::cli
