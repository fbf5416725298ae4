#include "tests/alloc/counting_malloc.h"

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <new>

namespace {

std::atomic<bool> counting = false;
std::atomic<std::size_t> allocations = 0;

void Count() {
  if (counting.load(std::memory_order_relaxed)) ++allocations;
}

}  // namespace

namespace k8sentry::testing {

void StartCounting() {
  allocations = 0;
  counting = true;
}

std::size_t StopCounting() {
  counting = false;
  return allocations;
}

}  // namespace k8sentry::testing

// What the program defines goes before what the C library does, for the C++ library and
// all others, too. (glibc manual, Replacing malloc.)
extern "C" {

void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* memory, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);
void __libc_free(void* memory);

void* malloc(std::size_t size) noexcept {
  Count();
  return __libc_malloc(size);
}

void* calloc(std::size_t count, std::size_t size) noexcept {
  Count();
  return __libc_calloc(count, size);
}

void* realloc(void* memory, std::size_t size) noexcept {
  Count();
  return __libc_realloc(memory, size);
}

void* memalign(std::size_t alignment, std::size_t size) noexcept {
  Count();
  return __libc_memalign(alignment, size);
}

void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
  Count();
  return __libc_memalign(alignment, size);
}

int posix_memalign(void** memory, std::size_t alignment, std::size_t size) noexcept {
  Count();
  *memory = __libc_memalign(alignment, size);
  return *memory == nullptr ? ENOMEM : 0;
}

void free(void* memory) noexcept { __libc_free(memory); }

}  // extern "C"
