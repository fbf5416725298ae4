// A program that runs beside us, without a shell and without a terminal, until it ends
// or we end it.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

#include "k8sentry/status.h"

namespace k8sentry::internal {

// `command` as a path: itself if it holds a slash, else the first program of that name
// in the absolute folders of `path` (as PATH). Empty when that is none we may run.
std::string FindProgram(const std::string& command, std::string_view path);

class ChildProcess {
 public:
  ChildProcess() = default;
  // Ends it, and everything of its process group, and waits for that.
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  // Runs `arguments` (the first is the program's name for itself) in a process group
  // of its own. It inherits stderr and no other descriptor; its stdin is empty.
  // Requires: !running(). Errors: kNotFound, kUnavailable.
  Status Start(const std::string& path, const std::vector<std::string>& arguments,
               const std::vector<std::string>& environment);

  bool running() const { return pid_ > 0; }
  // Takes what it has written; ends it when that is more than `max_output_bytes`.
  void Poll(std::size_t max_output_bytes);
  // Ends all of its group. It is running until a Poll has seen its end.
  void Kill();

  // Of the last one that ended. "" for exit code 0, else "exit code 1", "signal 9".
  const std::string& failure() const { return failure_; }
  std::string& output() { return output_; }
  bool output_too_long() const { return output_too_long_; }

 private:
  void Read(std::size_t max_output_bytes);
  void CloseOutput();

  pid_t pid_ = 0;
  int output_fd_ = -1;
  std::string output_;
  bool output_too_long_ = false;
  std::string failure_;
};

}  // namespace k8sentry::internal
