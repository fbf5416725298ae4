// Tellings and folders for tests of the spool.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "delivery/spool.h"

namespace k8sentry::internal {

// A folder of its own, gone with the test.
class Scratch {
 public:
  Scratch() {
    std::string name = ::testing::TempDir() + "k8sentry-spool-XXXXXX";
    path_ = mkdtemp(name.data());
  }
  ~Scratch() { std::filesystem::remove_all(path_); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

inline Telling NumberedTelling(int number, std::size_t message_bytes = 100) {
  const std::string id = "uid-" + std::to_string(number);
  const std::string version = std::to_string(number);
  const std::string message(message_bytes, 'm');
  Event event;
  event.uid = id;
  event.resource_version = version;
  event.type = "Warning";
  event.reason = "Killed";
  event.message = message;
  Telling telling;
  for (int i = 0; i < 4; ++i) {
    telling.id[static_cast<std::size_t>(i)] =
        static_cast<std::uint8_t>(number >> 8 * i);
  }
  telling.key.reason = id;
  telling.event = OwnedEvent(event);
  telling.sightings = 1;
  return telling;
}

inline int NumberOf(const Telling& telling) {
  return std::stoi(std::string(telling.event->resource_version));
}

inline std::string FileText(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline void WriteFile(const std::filesystem::path& path, std::string_view text) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
}

// Bytes of all files below `folder`.
inline std::uintmax_t BytesBelow(const std::string& folder) {
  std::uintmax_t bytes = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) bytes += entry.file_size();
  }
  return bytes;
}

}  // namespace k8sentry::internal
