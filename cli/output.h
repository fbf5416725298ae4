// Standard output, where the data goes. A reader that went away is no failure.
#pragma once

#include <string>
#include <string_view>

#include "k8sentry/status.h"

namespace k8sentry::cli {

class Output {
 public:
  // Keeps `text` until Flush, or until much of it waits.
  void Write(std::string_view text);
  void Flush();

  // The reader has closed its end ("| head"): nothing more need be written.
  bool reader_is_gone() const { return reader_is_gone_; }
  // Ends the process as SIGPIPE does, in silence: what a shell expects of a filter.
  [[noreturn]] static void DieOfReader();
  // Another failure, such as a full disk.
  const Status& status() const { return status_; }

 private:
  std::string buffer_;
  bool reader_is_gone_ = false;
  Status status_;
};

}  // namespace k8sentry::cli
