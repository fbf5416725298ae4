// A fast hash of bytes for tables in memory. It differs from process to process, so
// that nobody who writes names into a cluster can prepare collisions; never store it.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace k8sentry::internal {

// The low and high half of a 64x64 multiplication, folded (wyhash's mixer).
inline std::uint64_t Mix(std::uint64_t a, std::uint64_t b) {
  __extension__ typedef unsigned __int128 Wide;
  const Wide product = static_cast<Wide>(a) * b;
  return static_cast<std::uint64_t>(product) ^
         static_cast<std::uint64_t>(product >> 64);
}

inline std::uint64_t HashSeed() {
  static const char kSomewhere = 0;  // its address is random (ASLR)
  return Mix(reinterpret_cast<std::uintptr_t>(&kSomewhere), 0x9E3779B97F4A7C15u);
}

// Texts one after another hash by their borders too: {"a", "b"} is not {"ab", ""}.
inline std::uint64_t Hash(std::string_view text, std::uint64_t seed) {
  constexpr std::uint64_t kA = 0xA0761D6478BD642Fu, kB = 0xE7037ED1A0B428DBu;
  const char* p = text.data();
  std::size_t left = text.size();
  const auto read8 = [](const char* from) {
    std::uint64_t word;
    std::memcpy(&word, from, 8);
    return word;
  };
  seed = Mix(seed ^ kA, text.size() ^ kB);
  for (; left > 16; p += 16, left -= 16) seed = Mix(read8(p) ^ kA, read8(p + 8) ^ seed);
  std::uint64_t a = 0, b = 0;
  if (left >= 8) {
    a = read8(p);
    b = read8(p + left - 8);
  } else if (left > 0) {
    std::memcpy(&a, p, left);
  }
  return Mix(a ^ kB, b ^ Mix(seed, kA ^ left));
}

// Wide enough to stand for the text itself.
struct Hash128 {
  std::uint64_t low = 0, high = 0;
  friend bool operator==(const Hash128&, const Hash128&) = default;
};

}  // namespace k8sentry::internal
