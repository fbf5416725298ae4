#include <algorithm>
#include <vector>

#include "format.h"
#include "row.h"

namespace k8sentry::cli {
namespace {

// From here on a line holds everything; on a narrower terminal an issue takes two.
constexpr std::size_t kOneLineWidth = 150;
constexpr std::size_t kIndent = 9;  // of the second line: below SEEN

struct Widths {
  std::size_t level = 7, seen = 4, swallowed = 9, time = 8, workload = 8, reason = 6;
  std::size_t numbers() const { return level + seen + swallowed + 2 * time + 5 * 2; }
};

// What must be known of all rows before the first is written.
struct Overview {
  Widths widths;
  std::size_t rows = 0, errors = 0, warnings = 0;
  Time first = Time::max(), last = Time::min();
};

Overview Survey(const Issues& issues) {
  Overview all;
  issues.ForEach([&](const IssueRecord& record) {
    const Row row = RowOf(record);
    all.widths.seen = std::max(all.widths.seen, std::to_string(row.sightings).size());
    all.widths.swallowed =
        std::max(all.widths.swallowed, std::to_string(row.swallowed).size());
    all.widths.workload = std::max(all.widths.workload, DisplayWidth(row.workload));
    all.widths.reason = std::max(all.widths.reason, DisplayWidth(row.reason));
    ++all.rows;
    all.errors += row.level <= Level::kError;
    all.warnings += row.level == Level::kWarning;
    all.first = std::min(all.first, row.first);
    all.last = std::max(all.last, row.last);
  });
  return all;
}

// "03:12:13" on the last day of all, the date on any other.
std::string ShortTime(Time time, std::chrono::sys_days last_day) {
  const std::string full = FormatTime(time);
  const auto day = std::chrono::floor<std::chrono::days>(time);
  return day == last_day ? full.substr(11, 8) : full.substr(2, 8);
}

std::string RightAligned(std::int64_t value, std::size_t width) {
  const std::string text = std::to_string(value);
  return std::string(width > text.size() ? width - text.size() : 0, ' ') + text;
}

class TableWriter {
 public:
  TableWriter(const Overview& all, std::size_t width, const Painter& paint)
      : widths_(all.widths),
        width_(width),
        paint_(paint),
        last_day_(std::chrono::floor<std::chrono::days>(all.last)) {
    one_line_ = width == 0 || width >= kOneLineWidth;
    if (width == 0) return;
    if (one_line_) {
      widths_.reason = std::min<std::size_t>(widths_.reason, 28);
      widths_.workload = std::min<std::size_t>(widths_.workload, width / 4);
    } else {
      const std::size_t left =
          width > widths_.numbers() ? width - widths_.numbers() : 0;
      widths_.workload = std::max<std::size_t>(left, 8);
    }
  }

  std::string Header() const {
    std::string out =
        Fit("LEVEL", widths_.level) + "  " + std::string(widths_.seen - 4, ' ') +
        "SEEN  " + std::string(widths_.swallowed - 9, ' ') + "SWALLOWED  " +
        Fit("FIRST", widths_.time) + "  " + Fit("LAST", widths_.time) + "  ";
    if (one_line_) {
      out += Fit("WORKLOAD", widths_.workload) + "  " + Fit("REASON", widths_.reason) +
             "  MESSAGE";
    } else {
      out += Shorten("WORKLOAD, REASON: MESSAGE", widths_.workload);
    }
    return paint_(Style::kDim, out) + "\n";
  }

  // How many lines the table takes.
  std::size_t LinesOf(std::size_t rows) const { return 1 + rows * (one_line_ ? 1 : 2); }

  std::string Line(const Row& row) const {
    std::string out =
        paint_(StyleOf(row.level), Fit(LevelName(row.level), widths_.level));
    out += "  " + paint_(Style::kBold, RightAligned(row.sightings, widths_.seen));
    const std::string swallowed = RightAligned(row.swallowed, widths_.swallowed);
    out += "  " + (row.swallowed == 0 ? paint_(Style::kDim, swallowed) : swallowed);
    out +=
        "  " + paint_(Style::kDim, Fit(ShortTime(row.first, last_day_), widths_.time));
    out += "  " + Fit(ShortTime(row.last, last_day_), widths_.time) + "  ";
    return out + (one_line_ ? Rest(row) : TwoLines(row)) + "\n";
  }

 private:
  std::string Rest(const Row& row) const {
    std::string out = paint_(Style::kBold, Fit(row.workload, widths_.workload)) + "  " +
                      Fit(row.reason, widths_.reason) + "  ";
    const std::size_t before =
        widths_.numbers() + widths_.workload + widths_.reason + 4;
    out += width_ == 0 ? row.message : Shorten(row.message, width_ - before);
    out.erase(out.find_last_not_of(' ') + 1);
    return out;
  }

  std::string TwoLines(const Row& row) const {
    const std::size_t left = width_ > kIndent + 8 ? width_ - kIndent : 8;
    const std::string reason = Shorten(row.reason, left);
    std::string out = paint_(Style::kBold, Shorten(row.workload, widths_.workload)) +
                      "\n" + std::string(kIndent, ' ') + reason;
    const std::size_t used = DisplayWidth(reason) + 2;
    if (!row.message.empty() && left > used + 8) {
      out += ": " + paint_(Style::kDim, Shorten(row.message, left - used));
    }
    return out;
  }

  Widths widths_;
  std::size_t width_;
  const Painter& paint_;
  const std::chrono::sys_days last_day_;
  bool one_line_ = true;
};

std::string Plural(std::size_t n, const std::string& noun) {
  return std::to_string(n) + " " + noun + (n == 1 ? "" : "s");
}

// "85 issues: 45 errors, 14 warnings, 26 info"
std::string Headline(const Overview& all, const Painter& paint) {
  const std::size_t rest = all.rows - all.errors - all.warnings;
  std::string out = paint(Style::kBold, Plural(all.rows, "issue"));
  std::string parts;
  const auto add = [&](std::size_t n, const std::string& text, Style style) {
    if (n != 0) parts += (parts.empty() ? "" : ", ") + paint(style, text);
  };
  add(all.errors, Plural(all.errors, "error"), Style::kBoldRed);
  add(all.warnings, Plural(all.warnings, "warning"), Style::kYellow);
  add(rest, std::to_string(rest) + " info", Style::kBlue);
  return out + ": " + parts + "\n";
}

// "2026-11-21 03:11 to 03:23 UTC"
std::string Span(const Overview& all) {
  const std::string from = FormatTime(all.first), to = FormatTime(all.last);
  const bool one_day = from.substr(0, 10) == to.substr(0, 10);
  return from.substr(0, 10) + " " + from.substr(11, 5) + " to " +
         (one_day ? "" : to.substr(0, 10) + " ") + to.substr(11, 5) + " UTC";
}

// The first rows again in short, for whoever sees only the end of a long table.
std::string Worst(const Issues& issues, std::size_t width, const Painter& paint) {
  constexpr std::size_t kRows = 5;
  std::vector<Row> rows;
  issues.ForEachWorstFirst(
      [&](const IssueRecord& record) { rows.push_back(RowOf(record)); }, kRows);
  const std::size_t n = rows.size();
  std::size_t count = 0, workload = 0, reason = 0;
  for (std::size_t i = 0; i < n; ++i) {
    count = std::max(count, std::to_string(rows[i].sightings).size());
    workload = std::max(workload, DisplayWidth(rows[i].workload));
    reason = std::max(reason, DisplayWidth(rows[i].reason));
  }
  workload = std::min(workload, width / 2);
  std::string out;
  for (std::size_t i = 0; i < n; ++i) {
    const Row& row = rows[i];
    out += "  " + paint(StyleOf(row.level), RightAligned(row.sightings, count) + "x") +
           "  " + paint(Style::kBold, Fit(row.workload, workload)) + "  " +
           Fit(row.reason, reason);
    const std::size_t used = 2 + count + 1 + 2 + workload + 2 + reason + 2;
    if (width > used + 16) {
      out += "  " + paint(Style::kDim, Shorten(row.message, width - used));
    }
    out += "\n";
  }
  return out;
}

}  // namespace

void WriteTable(const Issues& issues, const Screen& screen, const Painter& paint,
                const Write& write) {
  if (issues.size() == 0) return write(paint(Style::kBold, "no issues") + "\n");
  const Overview all = Survey(issues);
  const TableWriter table(all, screen.width, paint);
  write(table.Header());
  issues.ForEachWorstFirst(
      [&](const IssueRecord& record) { write(table.Line(RowOf(record))); });
  write("\n" + Headline(all, paint));
  if (screen.height != 0 && table.LinesOf(all.rows) + 8 > screen.height) {
    write(Worst(issues, screen.width, paint));
  }
  write(paint(Style::kDim, Span(all)) + "\n\n");
}

}  // namespace k8sentry::cli
