#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/own_files.h"
#include "k8sentry/state.h"
#include "runtime/state_json.h"

namespace k8sentry {
namespace {

constexpr std::size_t kMaxBytes = 64 << 20;

using internal::Descriptor;

Status Bad(const std::string& what) { return Status(StatusCode::kConfiguration, what); }
Status Failed(const std::string& path, const char* doing) {
  return Status(StatusCode::kUnavailable,
                path + ": cannot " + doing + ": " + std::strerror(errno));
}

class RenamedFile final : public StateFile {
 public:
  RenamedFile(std::string path, std::string name, Descriptor directory, Descriptor lock,
              std::optional<State> found)
      : path_(std::move(path)),
        name_(std::move(name)),
        temporary_(name_ + ".new"),
        directory_(std::move(directory)),
        lock_(std::move(lock)),
        found_(std::move(found)) {}

  const std::optional<State>& found() const override { return found_; }

  Status Save(const State& state) override {
    // A process that was killed may have left one.
    const Descriptor file(openat(directory_.get(), temporary_.c_str(),
                                 O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
                                 0600));
    if (!file.ok()) return Failed(path_, "be written");
    const bool written = internal::WriteState(state, [&file](std::string_view piece) {
      return internal::WriteAll(file.get(), piece);
    });
    if (!written || fsync(file.get()) != 0) return Failed(path_, "be written");
    if (renameat(directory_.get(), temporary_.c_str(), directory_.get(),
                 name_.c_str()) != 0 ||
        fsync(directory_.get()) != 0) {
      return Failed(path_, "be replaced");
    }
    return {};
  }

 private:
  const std::string path_, name_, temporary_;
  const Descriptor directory_, lock_;
  const std::optional<State> found_;
};

Result<std::optional<State>> ReadFound(int directory, const std::string& name,
                                       const std::string& path) {
  Result<Descriptor> file = internal::OpenOwnFileAt(directory, name, path);
  if (file.status().code() == StatusCode::kNotFound) return std::optional<State>();
  if (!file.ok()) return file.status();
  Result<std::string> text = internal::ReadAll(file->get(), kMaxBytes, path);
  if (!text.ok()) return text.status();
  Result<State> state = ParseState(*text);
  if (!state.ok()) {
    return state.status().WithContext(path + ": remove it to begin anew");
  }
  return std::optional<State>(*std::move(state));
}

}  // namespace

Result<std::unique_ptr<StateFile>> OpenStateFile(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  const std::string name = path.substr(slash == path.npos ? 0 : slash + 1);
  const std::string parent = slash == path.npos ? "."
                             : slash == 0       ? "/"
                                                : path.substr(0, slash);
  if (name.empty() || name == "." || name == "..") return Bad(path + ": names no file");
  Result<Descriptor> directory = internal::OpenOwnDirectory(parent);
  if (!directory.ok()) return directory.status();
  Result<Descriptor> lock =
      internal::LockFileAt(directory->get(), name + ".lock", path);
  if (!lock.ok()) return lock.status();
  auto found = ReadFound(directory->get(), name, path);
  if (!found.ok()) return found.status();
  return std::unique_ptr<StateFile>(std::make_unique<RenamedFile>(
      path, name, *std::move(directory), *std::move(lock), *std::move(found)));
}

}  // namespace k8sentry
