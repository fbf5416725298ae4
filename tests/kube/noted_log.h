// A Logger that keeps the warnings and errors it was told, a line each.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "k8sentry/logger.h"

namespace k8sentry::internal {

class NotedLog final : public Logger {
 public:
  using Logger::Log;
  void Log(LogLevel level, std::string_view message,
           std::span<const LogField> fields) override {
    std::string line(message);
    for (const LogField& field : fields) {
      line += " " + std::string(field.key) + "=" + field.value;
    }
    if (level >= LogLevel::kWarning) lines.push_back(line);
  }
  std::vector<std::string> lines;
};

}  // namespace k8sentry::internal
