// The folder of one sink's spool: segments, beside each the list of what is settled of
// it, and a lock that keeps other processes out. Only bytes; spool.h gives them a
// sense.
//
//   LOCK                    held with flock while a process uses the folder
//   00000000000000a7.seg    frames of records, appended and never changed
//   00000000000000a7.done   of each settled record its offset, and the CRC-32 of that
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/own_files.h"
#include "k8sentry/time.h"

namespace k8sentry::internal {

constexpr std::size_t kDoneBytes = 8;  // of one entry of a .done file

class SpoolFolder {
 public:
  // DIRECTORY/NAME, made if missing. Errors: kInvalidArgument (a name that is none),
  // kConfiguration.
  static Result<SpoolFolder> Open(const std::string& directory,
                                  const std::string& name);

  const std::string& path() const { return path_; }

  // Numbers of the segments, oldest first. Removes lists without a segment.
  Result<std::vector<std::uint64_t>> List() const;
  Result<std::string> Read(std::uint64_t segment, std::uint64_t from) const;
  // When the segment was last written to.
  Result<Time> Written(std::uint64_t segment) const;
  // Offsets; what is torn or damaged is left out.
  Result<std::vector<std::uint32_t>> ReadDone(std::uint64_t segment) const;

  // A segment that did not exist, to append to. Errors: kUnavailable, as all below.
  Result<Descriptor> Create(std::uint64_t segment) const;
  Status AppendDone(std::uint64_t segment, std::uint32_t offset);
  Status SyncDone() const;
  void Remove(std::uint64_t segment);
  // Makes files that came and went survive a power failure.
  Status SyncNames() const;

  // kUnavailable, with what errno says.
  Status Failed(const char* doing) const;

 private:
  SpoolFolder(std::string path, Descriptor directory, Descriptor lock)
      : path_(std::move(path)),
        directory_(std::move(directory)),
        lock_(std::move(lock)) {}

  std::string path_;
  Descriptor directory_, lock_;
  std::uint64_t done_segment_ = 0;  // whose list `done_` is
  Descriptor done_;
};

}  // namespace k8sentry::internal
