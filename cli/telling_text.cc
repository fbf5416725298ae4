#include <algorithm>

#include "format.h"
#include "row.h"

namespace k8sentry::cli {
namespace {

constexpr std::size_t kOneLineWidth = 110;
constexpr std::size_t kIndent = 19;  // below the workload

// "x3" for a first telling of three, "+12" for a still-firing one.
std::string Count(const Telling& telling, const Row& row) {
  if (telling.kind == TellingKind::kStillFiring)
    return "+" + std::to_string(row.swallowed);
  return row.sightings > 1 ? "x" + std::to_string(row.sightings) : "";
}

}  // namespace

std::string TellingText(const Telling& telling, std::size_t width,
                        const Painter& paint) {
  const Row row = RowOf(RecordOf(telling));
  const std::string count = Count(telling, row);
  const std::string begin =
      paint(Style::kDim, FormatTime(row.last).substr(11, 8)) + "  " +
      paint(StyleOf(row.level), Fit(LevelName(row.level), 7)) + "  ";
  if (width == 0 || width >= kOneLineWidth) {
    const std::size_t workload = std::clamp<std::size_t>(width / 4, 30, 44);
    const std::size_t used = kIndent + workload + 2 + 6 + 2 + 22 + 2;
    return begin + paint(Style::kBold, Fit(row.workload, workload)) + "  " +
           paint(Style::kYellow, Fit(count, 6)) + "  " + Fit(row.reason, 22) + "  " +
           (width == 0 ? row.message : Shorten(row.message, width - used)) + "\n";
  }
  const std::size_t room = std::max(width, kIndent + 16) - kIndent;
  const std::string reason = Shorten(row.reason, room);
  std::string out =
      begin + paint(Style::kBold, Shorten(row.workload, room - count.size() - 2)) +
      "  " + paint(Style::kYellow, count) + "\n" + std::string(kIndent, ' ') + reason;
  const std::size_t used = DisplayWidth(reason) + 2;
  if (!row.message.empty() && room > used + 8) {
    out += ": " + paint(Style::kDim, Shorten(row.message, room - used));
  }
  return out + "\n";
}

}  // namespace k8sentry::cli
