// The forms in which issues and the ledger leave the command.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "issues.h"
#include "k8sentry/stats.h"
#include "terminal.h"

namespace k8sentry::cli {

// Takes a document piece by piece: tens of thousands of issues make a long one.
using Write = std::function<void(std::string_view)>;

// {"issues":[...],"ledger":{...}} and a newline.
void WriteJson(const Issues& issues, const Ledger& ledger, const Write& write);
// One telling as a line of JSON; `told` is 1, so that lines add up to issues.
std::string TellingLine(const Telling& telling);
// {"ledger":{...}} and a newline.
std::string LedgerLine(const Ledger& ledger);

// The table of all issues, errors and the most frequent first. When it is longer than
// the screen its worst lines come again beneath, where a person looks.
void WriteTable(const Issues& issues, const Screen& screen, const Painter& paint,
                const Write& write);
// One telling as a line for a person.
std::string TellingText(const Telling& telling, std::size_t width,
                        const Painter& paint);
// The ledger as sums that a person can check.
std::string LedgerText(const Ledger& ledger, const Painter& paint);

// Calls `visit` with the name and the value of each counter, in the order of the
// ledger.
template <typename Visit>
void ForEachCounter(const Ledger& ledger, Visit visit) {
  visit("seen", ledger.seen);
  visit("malformed", ledger.malformed);
  visit("stale", ledger.stale);
  visit("filtered", ledger.filtered);
  visit("routed", ledger.routed);
  visit("below_threshold", ledger.below_threshold);
  visit("swallowed", ledger.swallowed);
  visit("sampled_out", ledger.sampled_out);
  visit("overflowed", ledger.overflowed);
  visit("rejected", ledger.rejected);
  visit("delivered", ledger.delivered);
  visit("in_flight", ledger.in_flight);
  visit("summaries", ledger.summaries);
  visit("deleted", ledger.deleted);
  visit("bookmarks", ledger.bookmarks);
  visit("errors", ledger.errors);
  visit("blank_lines", ledger.blank_lines);
}

}  // namespace k8sentry::cli
