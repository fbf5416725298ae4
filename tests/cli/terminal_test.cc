#include "cli/terminal.h"

#include <cstdlib>

#include "cli/flags.h"
#include "cli/format.h"

namespace k8sentry::cli {
namespace {

const bool kUtf8 = setenv("LC_ALL", "C.UTF-8", 1) == 0;  // before the first look

TEST(DisplayWidth, CountsColumnsAndNotBytes) {
  ASSERT_TRUE(kUtf8);
  EXPECT_EQ(DisplayWidth("api"), 3u);
  EXPECT_EQ(DisplayWidth("\xC3\xA9t\xC3\xA9"), 3u);         // accents
  EXPECT_EQ(DisplayWidth("\xE6\xBC\xA2\xE5\xAD\x97"), 4u);  // two wide characters
  EXPECT_EQ(DisplayWidth("e\xCC\x81"), 1u);                 // a combining accent
  EXPECT_EQ(DisplayWidth("\xF0\x9F\x98\x80"), 2u);          // an emoji
}

TEST(Fit, FillsExactlyItsColumns) {
  EXPECT_EQ(Fit("api", 5), "api  ");
  EXPECT_EQ(Fit("recommender", 5), "reco\xE2\x80\xA6");
  EXPECT_EQ(Fit("abc", 3), "abc");
  // A wide character that would be cut leaves a space.
  EXPECT_EQ(Fit("\xE6\xBC\xA2\xE5\xAD\x97\xE6\xBC\xA2", 4),
            "\xE6\xBC\xA2\xE2\x80\xA6 ");
  for (std::size_t n = 0; n < 8; ++n) {
    EXPECT_EQ(DisplayWidth(Fit("a\xE6\xBC\xA2"
                               "b\xE5\xAD\x97"
                               "c",
                               n)),
              n);
  }
}

TEST(Painter, WithoutColorAddsNothing) {
  EXPECT_EQ(Painter(false)(Style::kBoldRed, "error"), "error");
  EXPECT_EQ(Painter(true)(Style::kBoldRed, "error"), "\x1b[1;31merror\x1b[0m");
}

TEST(Suggest, FindsWhatWasProbablyMeant) {
  const std::vector<std::string_view> known = {"reason", "exclude-reason", "window",
                                               "threshold"};
  EXPECT_EQ(Suggest("resaon", known), "reason");
  EXPECT_EQ(Suggest("thresh", known), "threshold");
  EXPECT_EQ(Suggest("treshhold", known), "threshold");
  EXPECT_EQ(Suggest("colour", known), "");
  EXPECT_EQ(Suggest("", known), "");
  EXPECT_EQ(Suggest(std::string(1 << 20, 'x'), known), "");
}

TEST(HelpText, FitsEightyColumns) {
  for (const CommandSpec& command : Commands()) {
    std::string_view rest = std::string_view(command.description);
    const std::string help = HelpText(command);
    for (rest = help; !rest.empty();) {
      const std::size_t end = std::min(rest.find('\n'), rest.size());
      EXPECT_LE(end, 80u) << rest.substr(0, end);
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
}

Telling TellingOf(std::string_view message, int number = 0) {
  const std::string name = "web-" + std::to_string(number);
  Event event;
  event.type = "Warning";
  event.reason = "BackOff";
  event.message = message;
  event.involved_object = {.kind = "Pod", .namespace_ = "shop", .name = name};
  Telling telling;
  telling.key = {.namespace_ = "shop", .workload = name, .reason = "BackOff"};
  telling.workload_kind = "Pod";
  telling.event = OwnedEvent(event);
  telling.sightings = 3;
  return telling;
}

std::vector<std::size_t> LineWidths(std::string_view text) {
  std::vector<std::size_t> widths;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    widths.push_back(DisplayWidth(text.substr(0, end)));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return widths;
}

std::string TableOf(const Issues& issues, const Screen& screen, const Painter& paint) {
  std::string out;
  WriteTable(issues, screen, paint, [&](std::string_view text) { out += text; });
  return out;
}

TEST(IssueTable, StaysWithinItsWidth) {
  Issues issues;
  std::string wide;
  for (int i = 0; i < 100; ++i) wide += "\xE6\xBC\xA2 ";
  for (int i = 0; i < 5; ++i) issues.Add(TellingOf(wide, i));
  issues.Add(TellingOf(std::string(300, 'x'), 1000000000));
  for (const std::size_t width : {60, 79, 80, 81, 120, 149, 150, 200}) {
    const std::string table =
        TableOf(issues, {.width = width, .height = 10}, Painter(false));
    for (const std::size_t line : LineWidths(table)) EXPECT_LE(line, width) << table;
    const std::string live = TellingText(TellingOf(wide), width, Painter(false));
    for (const std::size_t line : LineWidths(live)) EXPECT_LE(line, width) << live;
  }
}

TEST(IssueTable, SurvivesAnyWidth) {
  Issues issues;
  issues.Add(TellingOf("text"));
  for (std::size_t width = 0; width < 60; ++width) {
    EXPECT_NE(TableOf(issues, {.width = width, .height = 5}, Painter(true)), "");
    EXPECT_NE(TellingText(TellingOf("text"), width, Painter(true)), "");
  }
}

TEST(IssueTable, EscapesTextOfTheCluster) {
  Issues issues;
  issues.Add(TellingOf("\x1b[2Jgone\x07"));
  const std::string table = TableOf(issues, {}, Painter(false));
  EXPECT_EQ(table.find('\x1b'), std::string::npos);
  EXPECT_NE(table.find("\\x1b[2Jgone\\x07"), std::string::npos);
}

TEST(Issues, AddUpTheTellingsOfAKey) {
  Issues issues;
  Telling still = TellingOf("second");
  still.kind = TellingKind::kStillFiring;
  still.sightings = 0;
  still.swallowed = 7;
  issues.Add(TellingOf("first"));
  issues.Add(still);
  issues.AddOpen(still);
  issues.AddOpen(TellingOf("never told", 9));
  ASSERT_EQ(issues.size(), 1u);
  IssueRecord record;
  issues.ForEach([&](const IssueRecord& only) { record = only; });
  EXPECT_EQ(record.told, 2);
  EXPECT_EQ(record.sightings, 3 + 7 + 7);
  EXPECT_EQ(record.swallowed, 14);
  EXPECT_EQ(record.issue.title, "BackOff: second");
}

TEST(LedgerText, SaysWhetherItBalances) {
  Ledger ledger = {
      .seen = 3, .filtered = 1, .routed = 2, .swallowed = 1, .delivered = 1};
  EXPECT_NE(LedgerText(ledger, Painter(false)).find("(balances)"), std::string::npos);
  ++ledger.seen;
  EXPECT_NE(LedgerText(ledger, Painter(false)).find("DOES NOT BALANCE"),
            std::string::npos);
}

}  // namespace
}  // namespace k8sentry::cli
