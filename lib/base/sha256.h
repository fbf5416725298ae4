// SHA-256, by OpenSSL.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>

namespace k8sentry::internal {

using Sha256Digest = std::array<std::uint8_t, 32>;

// Reusable: after Finish another message begins, and nothing is allocated again.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;

  // Whether OpenSSL offers SHA-256; without it digests are zero.
  bool ok() const;

  void Update(std::string_view bytes);
  Sha256Digest Finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace k8sentry::internal
