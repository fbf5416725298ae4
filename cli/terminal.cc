#include "terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#include <algorithm>
#include <charconv>
#include <clocale>
#include <cstdlib>

#include "environment.h"
#include "k8sentry/text.h"

namespace k8sentry::cli {
namespace {

// wcwidth knows the widths of characters only in a UTF-8 locale. Only this category is
// changed: numbers and messages stay as they are.
bool WidthsAreKnown() {
  static const bool known = std::setlocale(LC_CTYPE, "C.UTF-8") != nullptr;
  return known;
}

// Whether the user's terminal shows UTF-8, by the environment's word.
bool ShowsUtf8() {
  static const bool shows = [] {
    for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
      const std::string value = Environment(name);
      if (value.empty()) continue;
      return value.find("UTF-8") != std::string::npos ||
             value.find("utf8") != std::string::npos;
    }
    return false;
  }();
  return shows;
}

wchar_t CodePointOf(std::string_view character) {
  const auto byte = [&](std::size_t i) {
    return static_cast<unsigned char>(character[i]);
  };
  if (character.size() == 1) return static_cast<wchar_t>(byte(0));
  unsigned value = byte(0) & (0x7F >> character.size());
  for (std::size_t i = 1; i < character.size(); ++i)
    value = value << 6 | (byte(i) & 0x3F);
  return static_cast<wchar_t>(value);
}

std::size_t WidthOfCharacter(std::string_view character) {
  if (character.size() == 1 || !WidthsAreKnown()) return 1;
  const int width = wcwidth(CodePointOf(character));
  return width < 0 ? 1 : static_cast<std::size_t>(width);
}

}  // namespace

bool UseColor(ColorWhen when, int descriptor) {
  switch (when) {
    case ColorWhen::kAlways:
      return true;
    case ColorWhen::kNever:
      return false;
    case ColorWhen::kAuto:
      break;
  }
  return Environment("NO_COLOR").empty() && Environment("TERM") != "dumb" &&
         isatty(descriptor) == 1;
}

Screen ScreenOf(int descriptor) {
  winsize size = {};
  if (ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
    return {.width = size.ws_col, .height = size.ws_row};
  }
  const std::string columns = Environment("COLUMNS");
  Screen screen;
  std::from_chars(columns.data(), columns.data() + columns.size(), screen.width);
  return screen;
}

std::size_t DisplayWidth(std::string_view text) {
  std::size_t width = 0;
  while (!text.empty()) {
    const std::string_view character = TruncateCharacters(text, 1);
    width += WidthOfCharacter(character);
    text.remove_prefix(character.size());
  }
  return width;
}

std::string Shorten(std::string_view text, std::size_t columns) {
  if (DisplayWidth(text) <= columns) return std::string(text);
  const std::string_view ellipsis = ShowsUtf8() ? "\xE2\x80\xA6" : "...";
  const std::size_t ellipsis_width = ShowsUtf8() ? 1 : 3;
  if (columns <= ellipsis_width) return std::string(columns, '.');
  std::size_t width = 0, bytes = 0;
  while (bytes < text.size()) {
    const std::string_view character = TruncateCharacters(text.substr(bytes), 1);
    const std::size_t next = WidthOfCharacter(character);
    if (width + next > columns - ellipsis_width) break;
    width += next;
    bytes += character.size();
  }
  return std::string(text.substr(0, bytes)) + std::string(ellipsis);
}

std::string Fit(std::string_view text, std::size_t columns) {
  std::string out = Shorten(text, columns);
  const std::size_t width = DisplayWidth(out);
  if (width < columns) out.append(columns - width, ' ');
  return out;
}

std::string Painter::operator()(Style style, std::string_view text) const {
  const char* code = "";
  switch (style) {
    case Style::kPlain:
      return std::string(text);
    case Style::kBold:
      code = "1";
      break;
    case Style::kDim:
      code = "2";
      break;
    case Style::kRed:
      code = "31";
      break;
    case Style::kYellow:
      code = "33";
      break;
    case Style::kBlue:
      code = "34";
      break;
    case Style::kGreen:
      code = "32";
      break;
    case Style::kBoldRed:
      code = "1;31";
      break;
  }
  if (!color_) return std::string(text);
  return "\x1b[" + std::string(code) + "m" + std::string(text) + "\x1b[0m";
}

}  // namespace k8sentry::cli
