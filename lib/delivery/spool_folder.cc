#include "delivery/spool_folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>
#include <optional>
#include <set>

namespace k8sentry::internal {
namespace {

// Far above what we write, far below what would hurt to read.
constexpr std::size_t kMaxFileBytes = 64 << 20;
constexpr std::size_t kDigits = 16;

std::string NameOf(std::uint64_t segment, std::string_view suffix) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string name(kDigits, '0');
  for (std::size_t i = kDigits; segment != 0; segment >>= 4)
    name[--i] = kHex[segment & 15];
  return name += suffix;
}

// The number of a file of ours with this suffix.
std::optional<std::uint64_t> NumberOf(std::string_view name, std::string_view suffix) {
  if (name.size() != kDigits + suffix.size() || name.substr(kDigits) != suffix) {
    return std::nullopt;
  }
  std::uint64_t number = 0;
  const char* end = name.data() + kDigits;
  const auto [at, error] = std::from_chars(name.data(), end, number, 16);
  if (error != std::errc() || at != end || number == 0) return std::nullopt;
  return number;
}

bool IsName(const std::string& name) {
  constexpr std::string_view kAllowed =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
  return !name.empty() && name.size() <= 64 && name != "." && name != ".." &&
         name.find_first_not_of(kAllowed) == name.npos;
}

std::string DoneEntry(std::uint32_t offset) {
  std::string entry;
  const auto put = [&](std::uint32_t value) {
    for (int i = 0; i < 4; ++i) entry.push_back(static_cast<char>(value >> 8 * i));
  };
  put(offset);
  put(static_cast<std::uint32_t>(
      crc32(0, reinterpret_cast<const Bytef*>(entry.data()), 4)));
  return entry;
}

std::uint32_t OffsetOf(std::string_view entry) {
  std::uint32_t offset = 0;
  for (int i = 3; i >= 0; --i)
    offset = offset << 8 | static_cast<unsigned char>(entry[static_cast<size_t>(i)]);
  return offset;
}

}  // namespace

Result<SpoolFolder> SpoolFolder::Open(const std::string& directory,
                                      const std::string& name) {
  if (!IsName(name)) {
    return Status(StatusCode::kInvalidArgument,
                  "a sink's spool name has 1 to 64 of [A-Za-z0-9_.-]");
  }
  const std::string path = directory + "/" + name;
  Result<Descriptor> parent = OpenOwnDirectory(directory);
  if (!parent.ok()) return parent.status();
  Result<Descriptor> own = OpenOwnDirectoryAt(parent->get(), name, path);
  if (!own.ok()) return own.status();
  Result<Descriptor> lock = LockFileAt(own->get(), "LOCK", path);
  if (!lock.ok()) return lock.status();
  return SpoolFolder(path, *std::move(own), *std::move(lock));
}

Result<std::vector<std::uint64_t>> SpoolFolder::List() const {
  // A description of its own: reading a directory moves its position.
  const int own = openat(directory_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR* opened = own < 0 ? nullptr : fdopendir(own);
  if (opened == nullptr) {
    const Status failed = Failed("be listed");
    if (own >= 0) close(own);
    return failed;
  }
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(opened, closedir);
  std::set<std::uint64_t> segments, lists;
  while (const dirent* entry = readdir(directory.get())) {
    if (const auto number = NumberOf(entry->d_name, ".seg")) segments.insert(*number);
    if (const auto number = NumberOf(entry->d_name, ".done")) lists.insert(*number);
  }
  for (const std::uint64_t list : lists) {
    if (segments.count(list) == 0) {
      unlinkat(directory_.get(), NameOf(list, ".done").c_str(), 0);
    }
  }
  return std::vector<std::uint64_t>(segments.begin(), segments.end());
}

Result<std::string> SpoolFolder::Read(std::uint64_t segment, std::uint64_t from) const {
  const std::string name = NameOf(segment, ".seg"), path = path_ + "/" + name;
  Result<Descriptor> file = OpenOwnFileAt(directory_.get(), name, path);
  if (!file.ok()) return file.status();
  if (lseek(file->get(), static_cast<off_t>(from), SEEK_SET) < 0)
    return Failed("be read");
  return ReadAll(file->get(), kMaxFileBytes, path);
}

Result<Time> SpoolFolder::Written(std::uint64_t segment) const {
  struct stat info = {};
  if (fstatat(directory_.get(), NameOf(segment, ".seg").c_str(), &info,
              AT_SYMLINK_NOFOLLOW) != 0) {
    return Failed("be read");
  }
  return Time(std::chrono::seconds(info.st_mtim.tv_sec) +
              std::chrono::microseconds(info.st_mtim.tv_nsec / 1000));
}

Result<std::vector<std::uint32_t>> SpoolFolder::ReadDone(std::uint64_t segment) const {
  std::vector<std::uint32_t> offsets;
  const std::string name = NameOf(segment, ".done"), path = path_ + "/" + name;
  Result<Descriptor> file = OpenOwnFileAt(directory_.get(), name, path);
  if (file.status().code() == StatusCode::kNotFound) return offsets;
  if (!file.ok()) return file.status();
  Result<std::string> text = ReadAll(file->get(), kMaxFileBytes, path);
  if (!text.ok()) return text.status();
  for (std::string_view rest = *text; rest.size() >= kDoneBytes;) {
    const std::uint32_t offset = OffsetOf(rest);
    const bool sound = rest.substr(0, kDoneBytes) == DoneEntry(offset);
    if (sound) offsets.push_back(offset);
    rest.remove_prefix(sound ? kDoneBytes : 1);  // behind a torn one, wherever that is
  }
  return offsets;
}

Result<Descriptor> SpoolFolder::Create(std::uint64_t segment) const {
  Descriptor file(
      openat(directory_.get(), NameOf(segment, ".seg").c_str(),
             O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file.ok()) return Failed("be written to");
  return file;
}

Status SpoolFolder::AppendDone(std::uint64_t segment, std::uint32_t offset) {
  if (done_segment_ != segment || !done_.ok()) {
    done_ = Descriptor(openat(directory_.get(), NameOf(segment, ".done").c_str(),
                              O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC,
                              0600));
    done_segment_ = segment;
  }
  if (!done_.ok() || !WriteAll(done_.get(), DoneEntry(offset))) {
    return Failed("be written to");
  }
  return {};
}

Status SpoolFolder::SyncDone() const {
  if (done_.ok() && fdatasync(done_.get()) != 0) return Failed("be written to");
  return {};
}

void SpoolFolder::Remove(std::uint64_t segment) {
  if (done_segment_ == segment) done_ = Descriptor();
  // In this order, for a list without its segment means nothing.
  unlinkat(directory_.get(), NameOf(segment, ".seg").c_str(), 0);
  unlinkat(directory_.get(), NameOf(segment, ".done").c_str(), 0);
}

Status SpoolFolder::SyncNames() const {
  if (fsync(directory_.get()) != 0) return Failed("be written to");
  return {};
}

Status SpoolFolder::Failed(const char* doing) const {
  return Status(StatusCode::kUnavailable,
                path_ + ": cannot " + doing + ": " + std::strerror(errno));
}

}  // namespace k8sentry::internal
