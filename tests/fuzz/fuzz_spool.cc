// What a spool reads from disk, as anybody may have changed it: frames lie where they
// say, in order; what is read as a record is written back as the same bytes.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "delivery/telling_record.h"

namespace k8sentry::internal {
namespace {

void Check(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "%s\n", what);
  std::abort();
}

void CheckRecord(std::string_view bytes) {
  // A copy of its own size: what reads beyond it is seen.
  const std::vector<char> copy(bytes.begin(), bytes.end());
  const auto record = DecodeRecord({copy.data(), copy.size()});
  if (!record) return;
  FormatTime(record->telling.first_seen);
  std::string once, twice;
  EncodeRecord(record->telling, record->replaces, once);
  const auto again = DecodeRecord(once);
  Check(again.has_value(), "cannot read what it wrote");
  EncodeRecord(again->telling, again->replaces, twice);
  Check(once == twice, "a second round changes it");
}

}  // namespace
}  // namespace k8sentry::internal

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace k8sentry::internal;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  CheckRecord(text);
  // The fuzzer cannot guess a CRC: this frame is sound, what lies around it is not.
  std::string framed(text.substr(0, size / 2));
  AppendFrame(text, framed);
  framed += text.substr(size / 2);
  std::size_t at = 0, found = 0;
  while (const auto frame = FindFrame(framed, at)) {
    Check(frame->begin >= at && frame->end <= framed.size(), "out of order");
    Check(frame->end == frame->begin + kFrameHeaderBytes + frame->record.size(),
          "not where it says");
    CheckRecord(frame->record);
    at = frame->end;
    found += frame->record == text;
  }
  Check(found > 0 || at > 0, "the sound frame is not found");
  return 0;
}
