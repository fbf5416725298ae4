// The cron monitors of Sentry: their names, and their schedules.
// (Sentry developer docs, check-ins, monitor upsert; Kubernetes, CronJob.)
#include <algorithm>
#include <array>
#include <cctype>
#include <optional>

#include "base/sha256.h"
#include "k8sentry/sentry_items.h"
#include "sentry/trim.h"

namespace k8sentry {
namespace {

constexpr std::size_t kMaxScheduleBytes = 256;
constexpr std::string_view kSpace = " \t";

char Lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string Lower(std::string_view text) {
  std::string lower;
  for (const char c : text) lower += Lower(c);
  return lower;
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// What Sentry's own slugify leaves alone: runs of `-` are one, and none is at an end.
std::string Slugified(std::string_view text) {
  std::string slug;
  for (char c : text) {
    c = Lower(c);
    const bool fits = (c >= 'a' && c <= 'z') || IsDigit(c) || c == '_';
    if (!fits) c = '-';
    if (c == '-' && (slug.empty() || slug.back() == '-')) continue;
    slug += c;
    // Longer than any slug, and whatever follows: the hash tells it.
    if (slug.size() > 2 * internal::kMaxSlug) break;
  }
  const std::size_t first = slug.find_first_not_of("-_");
  if (first == std::string::npos) return {};
  return slug.substr(first, slug.find_last_not_of("-_") - first + 1);
}

Status Wrong(std::string_view schedule, std::string why) {
  return Status(StatusCode::kInvalidArgument,
                "schedule \"" + std::string(schedule.substr(0, kMaxScheduleBytes)) +
                    "\": " + std::move(why));
}

std::string_view Trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

struct Field {
  std::string_view name;
  int least, most;
  std::string_view words;  // three letters each, from `first_word` on
  int first_word;
};
constexpr std::array<Field, 5> kFields = {
    {{"minute", 0, 59, "", 0},
     {"hour", 0, 23, "", 0},
     {"day of month", 1, 31, "", 0},
     {"month", 1, 12, "janfebmaraprmayjunjulaugsepoctnovdec", 1},
     {"day of week", 0, 7, "sunmontuewedthufrisat", 0}}};

std::optional<int> ReadNumber(std::string_view text) {
  if (text.empty() || text.size() > 4) return std::nullopt;
  int number = 0;
  for (const char c : text) {
    if (!IsDigit(c)) return std::nullopt;
    number = number * 10 + (c - '0');
  }
  return number;
}

std::optional<int> ReadValue(const Field& field, std::string_view text) {
  std::optional<int> value = ReadNumber(text);
  if (!value && text.size() == 3) {
    const std::size_t at = field.words.find(Lower(text));
    if (at != std::string_view::npos && at % 3 == 0) {
      value = field.first_word + static_cast<int>(at / 3);
    }
  }
  if (!value || *value < field.least || *value > field.most) return std::nullopt;
  return value;
}

// One element of a list: "*", "5", "1-5", each perhaps with "/2". Nullopt: nonsense.
std::optional<std::string> Element(const Field& field, std::string_view text) {
  const std::size_t slash = text.find('/');
  std::string step;
  if (slash != std::string_view::npos) {
    const std::optional<int> number = ReadNumber(text.substr(slash + 1));
    if (!number || *number == 0) return std::nullopt;
    step = "/" + std::to_string(*number);
    text = text.substr(0, slash);
  }
  // To Kubernetes `?` is another star; Sentry does not know it.
  if (text == "*" || text == "?") return "*" + step;
  const std::size_t dash = text.find('-');
  const std::optional<int> first = ReadValue(field, text.substr(0, dash));
  if (!first) return std::nullopt;
  std::string out = Lower(text.substr(0, dash));
  if (dash != std::string_view::npos) {
    const std::optional<int> last = ReadValue(field, text.substr(dash + 1));
    if (!last || *last < *first) return std::nullopt;
    out += "-" + Lower(text.substr(dash + 1));
  } else if (!step.empty()) {
    // "5/15" means "from 5 on" to Kubernetes, and not to everyone.
    out += "-" + std::to_string(field.name == "day of week" ? 6 : field.most);
  }
  return out + step;
}

Result<std::string> Crontab(std::string_view schedule) {
  std::string crontab;
  std::string_view rest = Trim(schedule);
  for (const Field& field : kFields) {
    const std::size_t end = std::min(rest.find_first_of(kSpace), rest.size());
    std::string_view list = rest.substr(0, end);
    rest = Trim(rest.substr(end));
    if (list.empty()) return Wrong(schedule, "not five fields");
    if (!crontab.empty()) crontab += ' ';
    while (true) {
      const std::size_t comma = list.find(',');
      const std::optional<std::string> element = Element(field, list.substr(0, comma));
      if (!element) {
        return Wrong(schedule, "the " + std::string(field.name) + " makes no sense");
      }
      crontab += *element;
      if (comma == std::string_view::npos) break;
      crontab += ',';
      list = list.substr(comma + 1);
    }
  }
  if (!rest.empty()) return Wrong(schedule, "more than five fields");
  return crontab;
}

Result<std::string> CrontabOrMacro(std::string_view schedule) {
  if (!schedule.starts_with('@')) return Crontab(schedule);
  const std::string macro = Lower(schedule);
  if (macro == "@midnight") return std::string("0 0 * * *");
  for (const char* known :
       {"@yearly", "@annually", "@monthly", "@weekly", "@daily", "@hourly"}) {
    if (macro == known) return macro;
  }
  return Wrong(schedule, "Sentry knows no such macro");
}

// "Local" is the controller's zone, and nobody else knows which one that is.
bool IsTimeZone(std::string_view zone) {
  if (zone.empty() || zone.size() > 64 || zone == "Local") return false;
  for (const char c : zone) {
    const bool fits = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '/' ||
                      c == '_' || c == '+' || c == '-';
    if (!fits) return false;
  }
  return true;
}

}  // namespace

// Namespaces hold no `_`, so that it parts the two names for good. What Sentry would
// have to change or cut gets a hash of the names as they are.
std::string MonitorSlug(std::string_view namespace_, std::string_view cron_job) {
  std::string names(namespace_);
  if (!names.empty()) names += '_';
  names += cron_job;
  std::string slug = Slugified(names);
  const bool digits_only = slug.find_first_not_of("0123456789") == std::string::npos;
  if (slug == names && slug.size() <= internal::kMaxSlug && !digits_only &&
      namespace_.find('_') == std::string_view::npos) {
    return slug;
  }
  internal::Sha256 hash;
  hash.Update(namespace_);
  hash.Update(std::string_view("\0", 1));
  hash.Update(cron_job);
  const std::string tail = internal::Hex(hash.Finish().data(), 4);
  slug.resize(std::min(slug.size(), internal::kMaxSlug - tail.size() - 1));
  slug.resize(slug.find_last_not_of("-_") + 1);  // npos + 1 is 0
  if (slug.empty() || digits_only) slug.insert(0, slug.empty() ? "job" : "job-");
  return slug + "-" + tail;
}

Result<MonitorConfig> MonitorConfigOf(std::string_view schedule,
                                      std::string_view time_zone) {
  if (schedule.size() > kMaxScheduleBytes) return Wrong(schedule, "it is too long");
  std::string_view rest = Trim(schedule);
  std::string_view zone;
  for (const std::string_view prefix : {"TZ=", "CRON_TZ="}) {
    if (!rest.starts_with(prefix)) continue;
    const std::size_t end = std::min(rest.find_first_of(kSpace), rest.size());
    zone = rest.substr(prefix.size(), end - prefix.size());
    if (!IsTimeZone(zone)) return Wrong(schedule, "the time zone makes no sense");
    rest = Trim(rest.substr(end));
    break;
  }
  if (!time_zone.empty()) {
    if (!IsTimeZone(time_zone)) return Wrong(schedule, "the time zone makes no sense");
    zone = time_zone;
  }
  Result<std::string> crontab = CrontabOrMacro(rest);
  if (!crontab.ok()) return crontab.status();
  return MonitorConfig{.schedule = *std::move(crontab), .timezone = std::string(zone)};
}

}  // namespace k8sentry
