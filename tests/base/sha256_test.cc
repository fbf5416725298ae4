#include "base/sha256.h"

#include <string>

namespace k8sentry::internal {
namespace {

std::string Hex(const Sha256Digest& digest) {
  std::string text;
  for (const std::uint8_t byte : digest) {
    char two[3];
    std::snprintf(two, sizeof two, "%02x", byte);
    text += two;
  }
  return text;
}

// FIPS 180-4, examples.
TEST(Sha256, IsReusable) {
  Sha256 sha256;
  ASSERT_TRUE(sha256.ok());
  for (int i = 0; i < 3; ++i) {
    sha256.Update("a");
    sha256.Update("bc");
    EXPECT_EQ(Hex(sha256.Finish()),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  }
  EXPECT_EQ(Hex(sha256.Finish()),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

}  // namespace
}  // namespace k8sentry::internal
