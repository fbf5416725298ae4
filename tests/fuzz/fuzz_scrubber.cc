// The scrubber over any bytes: it takes out and never adds more than its mark, a secret
// behind a secret's name is always gone, and whatever it leaves it can read again.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "k8sentry/scrubber.h"

namespace {

constexpr std::string_view kSecret = "hunter2-Zq9xW4";

[[noreturn]] void Fail(const char* what, const std::string& text) {
  std::fprintf(stderr, "%s: %s\n", what, text.c_str());
  std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const k8sentry::Scrubber scrubber;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const std::string scrubbed = scrubber.Scrub(text);
  // Each mark stands for at least one byte.
  if (scrubbed.size() > text.size() * (sizeof "[Filtered]" - 1)) {
    Fail("grew without bound", scrubbed);
  }
  scrubber.Scrub(scrubbed);
  scrubber.IsSecretKey(text);
  if (text.find(kSecret) != std::string::npos) return 0;  // where it may be no secret
  // On a line of its own nothing before it can hide what it is.
  const std::string with_secret = text + "\npassword=" + std::string(kSecret) + "\n";
  if (scrubber.Scrub(with_secret).find(kSecret) != std::string::npos) {
    Fail("left a secret", with_secret);
  }
  return 0;
}
