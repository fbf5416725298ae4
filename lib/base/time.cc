#include "k8sentry/time.h"

#include <charconv>
#include <cmath>
#include <cstdio>
#include <limits>

namespace k8sentry {
namespace {

// `digits` decimal digits at `text`, or -1.
int ReadDigits(const char* text, int digits) {
  int value = 0;
  for (int i = 0; i < digits; ++i) {
    const unsigned digit = static_cast<unsigned char>(text[i]) - '0';
    if (digit > 9) return -1;
    value = value * 10 + static_cast<int>(digit);
  }
  return value;
}

// Days since 1970-01-01 of a date of the Gregorian calendar.
std::optional<std::int64_t> Days(int year, int month, int day) {
  if (year < 1970 || month < 1 || day < 1) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days(date).time_since_epoch().count();
}

// The offset behind the seconds in seconds, or nullopt if it is none.
std::optional<int> Offset(std::string_view text) {
  if (text == "Z") return 0;
  if (text.size() != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':') {
    return std::nullopt;
  }
  const int hours = ReadDigits(text.data() + 1, 2);
  const int minutes = ReadDigits(text.data() + 4, 2);
  if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) return std::nullopt;
  const int seconds = hours * 3600 + minutes * 60;
  return text[0] == '+' ? seconds : -seconds;
}

}  // namespace

std::optional<Time> ParseTime(std::string_view text) {
  if (text.size() < 20) return std::nullopt;
  const char* t = text.data();
  if (t[4] != '-' || t[7] != '-' || t[10] != 'T' || t[13] != ':' || t[16] != ':') {
    return std::nullopt;
  }
  const int hour = ReadDigits(t + 11, 2);
  const int minute = ReadDigits(t + 14, 2);
  const int second = ReadDigits(t + 17, 2);
  const std::optional<std::int64_t> days =
      Days(ReadDigits(t, 4), ReadDigits(t + 5, 2), ReadDigits(t + 8, 2));
  if (!days || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 ||
      second > 59) {
    return std::nullopt;
  }
  std::string_view rest = text.substr(19);
  std::int64_t micros = 0;
  if (rest.front() == '.') {
    std::size_t n = 1;
    std::int64_t scale = 100000;
    for (; n < rest.size() && rest[n] >= '0' && rest[n] <= '9'; ++n, scale /= 10) {
      micros += (rest[n] - '0') * scale;
    }
    if (n == 1 || n > 10) return std::nullopt;
    rest.remove_prefix(n);
  }
  const std::optional<int> offset = Offset(rest);
  if (!offset) return std::nullopt;
  const std::int64_t seconds =
      *days * 86400 + hour * 3600 + minute * 60 + second - *offset;
  constexpr std::int64_t kYear10000 = 253402300800;  // an offset may lead there
  if (seconds < 0 || seconds >= kYear10000) return std::nullopt;
  return Time(std::chrono::microseconds(seconds * 1000000 + micros));
}

std::string FormatTime(Time time) {
  const auto days = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(days);
  const std::int64_t micros = (time - days).count();
  const std::int64_t seconds = micros / 1000000;
  const int year = static_cast<int>(date.year());
  std::string text;
  text.reserve(32);
  // From the digit of `unit` down.
  const auto add = [&](std::int64_t number, std::int64_t unit, char behind) {
    for (; unit > 0; unit /= 10) {
      text += static_cast<char>('0' + number / unit % 10);
    }
    text += behind;
  };
  if (year < 0 || year > 9999) {
    char other[16];
    std::snprintf(other, sizeof other, "%04d-", year);
    text = other;
  } else {
    add(year, 1000, '-');
  }
  add(static_cast<unsigned>(date.month()), 10, '-');
  add(static_cast<unsigned>(date.day()), 10, 'T');
  add(seconds / 3600, 10, ':');
  add(seconds / 60 % 60, 10, ':');
  const std::int64_t fraction = micros % 1000000;
  add(seconds % 60, 10, fraction != 0 ? '.' : 'Z');
  if (fraction != 0) add(fraction, 100000, 'Z');
  return text;
}

Result<Duration> ParseDuration(std::string_view text) {
  const Status bad(StatusCode::kInvalidArgument,
                   "'" + std::string(text) +
                       "' is not a duration; write it as 90s, 5m, 1h30m or 0");
  if (text == "0") return Duration::zero();
  if (text.empty()) return bad;
  static constexpr struct {
    std::string_view name;
    double nanoseconds;
  } kUnits[] = {{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"m", 60e9}, {"h", 3600e9}};
  double total = 0;
  while (!text.empty()) {
    std::size_t n = text.find_first_not_of("0123456789.");
    if (n == 0 || n == text.npos) return bad;
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + n, value);
    if (error != std::errc() || end != text.data() + n) return bad;
    text.remove_prefix(n);
    n = text.find_first_of("0123456789.");
    const std::string_view name = text.substr(0, n);
    double unit = 0;
    for (const auto& u : kUnits) {
      if (u.name == name) unit = u.nanoseconds;
    }
    if (unit == 0) return bad;
    total += value * unit;
    text.remove_prefix(name.size());
  }
  if (total > 9.2e18) return bad;
  return Duration(static_cast<std::int64_t>(std::llround(total)));
}

std::string FormatDuration(Duration duration) {
  std::int64_t left = duration.count();
  if (left == 0) return "0s";
  std::string out;
  if (left < 0) {
    out = "-";
    left = -left;
  }
  static constexpr struct {
    std::int64_t nanoseconds;
    const char* name;
  } kUnits[] = {{3600000000000, "h"}, {60000000000, "m"}, {1000000000, "s"},
                {1000000, "ms"},      {1000, "us"},       {1, "ns"}};
  for (const auto& unit : kUnits) {
    if (left < unit.nanoseconds) continue;
    if (unit.nanoseconds > 1000000000) {
      out += std::to_string(left / unit.nanoseconds) + unit.name;
      left %= unit.nanoseconds;
      continue;
    }
    // Seconds and less are one decimal number in the largest unit that fits.
    char text[32];
    const auto end = std::to_chars(text, text + sizeof text,
                                   static_cast<double>(left) /
                                       static_cast<double>(unit.nanoseconds))
                         .ptr;
    return out + std::string(text, end) + unit.name;
  }
  return out;
}

}  // namespace k8sentry
