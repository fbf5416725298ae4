#include "sentry/release.h"

#include <algorithm>
#include <string_view>

#include "k8sentry/key.h"
#include "sentry/trim.h"

namespace k8sentry::internal {
namespace {

constexpr std::string_view kLetters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_";

bool IsWord(std::string_view text, std::string_view more) {
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return kLetters.find(c) != text.npos || more.find(c) != text.npos;
  });
}

// The image of `...image "registry/app:1.2.3"...`, or empty. Only the kubelet's reasons
// about images: in another message the word may stand for anything.
std::string_view ImageNamedBy(const Event& event) {
  constexpr std::string_view kReasons[] = {
      "Pulling", "Pulled", "Failed", "BackOff", "InspectFailed", "ErrImageNeverPull"};
  constexpr std::string_view kBefore = "image \"";
  if (std::find(std::begin(kReasons), std::end(kReasons), event.reason) ==
      std::end(kReasons)) {
    return {};
  }
  const std::size_t at = event.message.find(kBefore);
  if (at == event.message.npos) return {};
  const std::string_view image = event.message.substr(at + kBefore.size());
  const std::size_t end = image.find('"');
  return end == image.npos ? std::string_view() : image.substr(0, end);
}

// "app@1.2.3" of "registry:5000/team/app:1.2.3"; empty if the tag is missing or
// `latest`, which tells no release. A digest tells none that a person knows.
// (Docker's distribution reference, grammar.)
std::string ReleaseOfImage(std::string_view image) {
  image = image.substr(0, image.find('@'));
  image.remove_prefix(image.rfind('/') + 1);  // npos + 1 is 0
  const std::size_t colon = image.find(':');
  if (colon == image.npos) return {};
  const std::string_view name = image.substr(0, colon), tag = image.substr(colon + 1);
  if (name.empty() || !IsWord(name, "-.")) return {};
  if (tag.empty() || tag.size() > 128 || tag == "latest" || !IsWord(tag, "-.")) {
    return {};
  }
  return std::string(name) + "@" + std::string(tag);
}

// As Sentry takes it; empty where nothing of worth is left.
std::string Sanitized(const std::string& release) {
  std::string line = TrimmedLine(release, kMaxRelease);
  for (char& c : line) {
    if (c == '/' || c == '\\') c = '-';
  }
  if (line == "." || line == "..") line.clear();
  return line;
}

}  // namespace

std::string ReleaseOf(const Event& event, const SentryOptions& options,
                      const Scrubber& scrubber) {
  if (!options.release.empty()) return options.release;
  if (options.workload_release == WorkloadRelease::kOff) return {};
  // Both are what somebody chose freely.
  const auto clean = [&](std::string_view text) {
    return Sanitized(scrubber.Scrub(Head(text, kMaxRelease)));
  };
  std::string release = clean(event.owner.release);
  if (!release.empty()) return release;
  const std::string version = clean(event.owner.version);
  if (!version.empty()) {
    return Sanitized(std::string(WorkloadOf(event).name) + "@" + version);
  }
  return Sanitized(scrubber.Scrub(ReleaseOfImage(ImageNamedBy(event))));
}

}  // namespace k8sentry::internal
