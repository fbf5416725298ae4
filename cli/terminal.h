// What the terminal is like: its width, its colours, and how wide text is on it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "options.h"

namespace k8sentry::cli {

// Whether `descriptor` should be written to in colour (NO_COLOR, TERM=dumb, pipes).
bool UseColor(ColorWhen when, int descriptor);

// In characters; 0: no limit.
struct Screen {
  std::size_t width = 0;
  std::size_t height = 0;
};

// The terminal behind `descriptor`; if it is none, COLUMNS and no height.
Screen ScreenOf(int descriptor);

// Columns that `text` takes. Requires: escaped UTF-8. Wide characters take two.
std::size_t DisplayWidth(std::string_view text);

// `text` in exactly `columns` columns: cut with an ellipsis, or padded with spaces.
std::string Fit(std::string_view text, std::size_t columns);
// The same without padding.
std::string Shorten(std::string_view text, std::size_t columns);

enum class Style { kPlain, kBold, kDim, kRed, kYellow, kBlue, kGreen, kBoldRed };

// Wraps text in the escape sequences of a style, or does nothing.
class Painter {
 public:
  explicit Painter(bool color) : color_(color) {}
  std::string operator()(Style style, std::string_view text) const;

 private:
  bool color_;
};

}  // namespace k8sentry::cli
