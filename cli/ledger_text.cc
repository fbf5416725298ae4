#include <algorithm>
#include <array>
#include <utility>

#include "format.h"

namespace k8sentry::cli {
namespace {

using Term = std::pair<std::string_view, std::uint64_t>;

// "1429 seen = 863 filtered + 566 routed"; what is 0 is left out.
template <std::size_t N>
std::string Sum(const std::string& total, std::string_view name,
                const std::array<Term, N>& terms, std::size_t width) {
  std::string out =
      std::string(width - total.size(), ' ') + total + " " + std::string(name) + " = ";
  bool first = true;
  for (const auto& [term, value] : terms) {
    if (value == 0) continue;
    out += (first ? "" : " + ") + std::to_string(value) + " " + std::string(term);
    first = false;
  }
  return out + (first ? "0" : "");
}

}  // namespace

std::string LedgerText(const Ledger& ledger, const Painter& paint) {
  const std::string seen = std::to_string(ledger.seen);
  const std::string routed = std::to_string(ledger.routed);
  const std::size_t width = std::max(seen.size(), routed.size());
  std::string out = paint(Style::kDim, "frames  ") +
                    Sum<4>(seen, "seen  ",
                           {{{"malformed", ledger.malformed},
                             {"stale", ledger.stale},
                             {"filtered", ledger.filtered},
                             {"routed", ledger.routed}}},
                           width) +
                    "\n        " +
                    Sum<7>(routed, "routed",
                           {{{"below threshold", ledger.below_threshold},
                             {"swallowed", ledger.swallowed},
                             {"sampled out", ledger.sampled_out},
                             {"overflowed", ledger.overflowed},
                             {"rejected", ledger.rejected},
                             {"delivered", ledger.delivered},
                             {"in flight", ledger.in_flight}}},
                           width) +
                    "   " +
                    (ledger.Balances() ? paint(Style::kGreen, "(balances)")
                                       : paint(Style::kBoldRed, "(DOES NOT BALANCE)")) +
                    "\n";
  std::string beside;
  const auto add = [&](std::uint64_t n, std::string_view one, std::string_view many) {
    if (n == 0) return;
    beside += (beside.empty() ? "" : ", ") + std::to_string(n) + " ";
    beside += n == 1 ? one : many;
  };
  add(ledger.summaries, "still-firing telling", "still-firing tellings");
  add(ledger.deleted, "deleted", "deleted");
  add(ledger.bookmarks, "bookmark", "bookmarks");
  add(ledger.errors, "error frame", "error frames");
  add(ledger.blank_lines, "blank line", "blank lines");
  if (!beside.empty()) out += paint(Style::kDim, "beside  ") + beside + "\n";
  return out;
}

}  // namespace k8sentry::cli
