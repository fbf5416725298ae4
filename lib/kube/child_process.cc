#include "kube/child_process.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>

namespace k8sentry::internal {
namespace {

bool IsProgram(const std::string& path) {
  struct stat found = {};
  return stat(path.c_str(), &found) == 0 && S_ISREG(found.st_mode) &&
         access(path.c_str(), X_OK) == 0;
}

std::vector<char*> Pointers(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (const std::string& text : texts) {
    pointers.push_back(const_cast<char*>(text.c_str()));
  }
  pointers.push_back(nullptr);
  return pointers;
}

// How the child begins: posix_spawn's two lists, which C++ has no type for.
class SpawnPlan {
 public:
  explicit SpawnPlan(int output_fd) {
    posix_spawn_file_actions_init(&actions_);
    posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions_, output_fd, STDOUT_FILENO);
#if defined(__GLIBC__) && __GLIBC__ * 100 + __GLIBC_MINOR__ >= 234
    // Ours are close-on-exec, but a host's may not be.
    posix_spawn_file_actions_addclosefrom_np(&actions_, STDERR_FILENO + 1);
#endif
    posix_spawnattr_init(&attributes_);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETPGROUP |
                                               POSIX_SPAWN_SETSIGMASK |
                                               POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setpgroup(&attributes_, 0);
    sigset_t signals;
    sigemptyset(&signals);
    posix_spawnattr_setsigmask(&attributes_, &signals);
    sigfillset(&signals);  // whoever ignores SIGPIPE does so for himself
    posix_spawnattr_setsigdefault(&attributes_, &signals);
  }
  ~SpawnPlan() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;

  const posix_spawn_file_actions_t* actions() const { return &actions_; }
  const posix_spawnattr_t* attributes() const { return &attributes_; }

 private:
  posix_spawn_file_actions_t actions_;
  posix_spawnattr_t attributes_;
};

// A pipe that no other child inherits, above the standard descriptors, which the child
// rearranges.
bool OpenPipe(int (&fds)[2]) {
  int low[2];
  if (pipe2(low, O_CLOEXEC) != 0) return false;
  for (int i = 0; i < 2; ++i) {
    fds[i] = fcntl(low[i], F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    close(low[i]);
  }
  if (fds[0] >= 0 && fds[1] >= 0) {
    fcntl(fds[0], F_SETFL, O_NONBLOCK);
    return true;
  }
  for (const int fd : fds) {
    if (fd >= 0) close(fd);
  }
  return false;
}

std::string FailureOf(int status) {
  if (WIFSIGNALED(status)) return "signal " + std::to_string(WTERMSIG(status));
  const int code = WEXITSTATUS(status);
  return code == 0 ? "" : "exit code " + std::to_string(code);
}

}  // namespace

std::string FindProgram(const std::string& command, std::string_view path) {
  if (command.find('/') != command.npos) return IsProgram(command) ? command : "";
  while (!path.empty()) {
    const std::size_t end = std::min(path.find(':'), path.size());
    const std::string folder(path.substr(0, end));
    path.remove_prefix(std::min(end + 1, path.size()));
    // A relative folder, or none, would be wherever somebody started us.
    if (!folder.starts_with('/')) continue;
    std::string candidate = folder + "/" + command;
    if (IsProgram(candidate)) return candidate;
  }
  return "";
}

ChildProcess::~ChildProcess() {
  CloseOutput();
  if (!running()) return;
  Kill();
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

Status ChildProcess::Start(const std::string& path,
                           const std::vector<std::string>& arguments,
                           const std::vector<std::string>& environment) {
  output_.clear();
  output_too_long_ = false;
  failure_.clear();
  int fds[2];
  if (!OpenPipe(fds)) return Status(StatusCode::kUnavailable, std::strerror(errno));
  int error = 0;
  {
    const SpawnPlan plan(fds[1]);
    error = posix_spawn(&pid_, path.c_str(), plan.actions(), plan.attributes(),
                        Pointers(arguments).data(), Pointers(environment).data());
  }
  close(fds[1]);
  output_fd_ = fds[0];
  if (error == 0) return {};
  CloseOutput();
  pid_ = 0;
  return Status(error == ENOENT ? StatusCode::kNotFound : StatusCode::kUnavailable,
                std::strerror(error));
}

void ChildProcess::Poll(std::size_t max_output_bytes) {
  if (!running()) return;
  // It is not collected yet, so that its number stays its own while we read.
  siginfo_t info = {};
  const int seen =
      waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT);
  if (seen != 0 && errno != ECHILD) return;
  const bool ended = seen != 0 || info.si_pid == pid_;
  Read(max_output_bytes);
  if (!ended) return;
  int status = 0;
  // A host may collect all children itself; then the output alone must speak.
  if (waitpid(pid_, &status, WNOHANG) == pid_) failure_ = FailureOf(status);
  pid_ = 0;
  CloseOutput();
}

void ChildProcess::Read(std::size_t max_output_bytes) {
  char piece[16384];
  while (output_fd_ >= 0) {
    const ssize_t size = read(output_fd_, piece, sizeof piece);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && errno == EAGAIN) return;
    if (size <= 0) return CloseOutput();
    output_.append(piece, static_cast<std::size_t>(size));
    if (output_.size() <= max_output_bytes) continue;
    output_too_long_ = true;
    output_.clear();
    CloseOutput();
    Kill();
  }
}

void ChildProcess::CloseOutput() {
  if (output_fd_ >= 0) close(output_fd_);
  output_fd_ = -1;
}

void ChildProcess::Kill() {
  if (!running()) return;
  kill(-pid_, SIGKILL);
  kill(pid_, SIGKILL);  // should it have left the group
}

}  // namespace k8sentry::internal
