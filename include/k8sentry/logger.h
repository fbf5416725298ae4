// A Logger receives what k8sentry has to say about its own life.
//
// The library never prints: it hands structured lines to the Logger of its host, or to
// nobody. A line is a fixed short message and a few fields; text of the cluster only
// ever stands in field values, and comes as it is: escape it before showing it
// (text.h).
//
// Threads: called on whichever thread drives the Runner; must not call back into it.
#pragma once

#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

namespace k8sentry {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

struct LogField {
  std::string_view key;
  std::string value;
};

class Logger {
 public:
  virtual ~Logger() = default;
  // `message` is a literal of ours, such as "watch ended". Must not block for long.
  virtual void Log(LogLevel level, std::string_view message,
                   std::span<const LogField> fields) = 0;

  void Log(LogLevel level, std::string_view message,
           std::initializer_list<LogField> fields = {}) {
    Log(level, message, std::span<const LogField>(fields.begin(), fields.size()));
  }
};

// The Logger that forgets. Never null, lives for ever, may be shared.
Logger& NullLogger();

}  // namespace k8sentry
