#include "base/sha256.h"

#include <openssl/evp.h>

namespace k8sentry::internal {

struct Sha256::State {
  State() { healthy = Begin(); }
  ~State() {
    EVP_MD_CTX_free(context);
    EVP_MD_free(algorithm);
  }
  bool Begin() {
    return algorithm != nullptr && context != nullptr &&
           EVP_DigestInit_ex(context, algorithm, nullptr) == 1;
  }

  // Fetched once: an implicit fetch for each digest would allocate and lock.
  EVP_MD* algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  bool healthy = false;
};

Sha256::Sha256() : state_(std::make_unique<State>()) {}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

bool Sha256::ok() const { return state_->healthy; }

void Sha256::Update(std::string_view bytes) {
  if (state_->healthy) EVP_DigestUpdate(state_->context, bytes.data(), bytes.size());
}

Sha256Digest Sha256::Finish() {
  Sha256Digest digest = {};
  unsigned length = 0;
  if (!state_->healthy) return digest;
  EVP_DigestFinal_ex(state_->context, digest.data(), &length);
  state_->healthy = state_->Begin();
  return digest;
}

}  // namespace k8sentry::internal
