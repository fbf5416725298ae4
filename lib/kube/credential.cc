#include "kube/credential.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "base/base64.h"

namespace k8sentry::internal {
namespace {

constexpr std::size_t kMaxBytes = 64 << 10;

struct Close {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

bool IsOneLine(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) == text.npos;
}

}  // namespace

Result<std::string> ReadSmallFile(const std::string& path) {
  const std::unique_ptr<std::FILE, Close> file(std::fopen(path.c_str(), "rbe"));
  if (!file) {
    return Status(errno == ENOENT ? StatusCode::kNotFound : StatusCode::kConfiguration,
                  path + ": " + std::strerror(errno));
  }
  std::string text(kMaxBytes, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file.get()));
  if (std::ferror(file.get()) != 0) {
    return Status(StatusCode::kConfiguration, path + ": cannot be read");
  }
  text.erase(text.find_last_not_of(" \t\r\n") + 1);
  text.erase(0, std::min(text.find_first_not_of(" \t\r\n"), text.size()));
  return text;
}

Credential::Credential(const ClusterConfig& cluster) : token_file_(cluster.token_file) {
  if (!cluster.token.empty()) {
    value_ = Secret("Bearer " + cluster.token.Reveal());
  } else if (!cluster.username.empty() && token_file_.empty()) {
    value_ = Secret("Basic " +
                    EncodeBase64(cluster.username + ":" + cluster.password.Reveal()));
  }
}

const Secret& Credential::At(SteadyTime now) {
  if (!token_file_.empty() && now >= next_read_) {
    next_read_ = now + std::chrono::minutes(1);
    const Result<std::string> token = ReadSmallFile(token_file_);
    // In the middle of the kubelet's swap it may be empty or absent.
    if (token.ok() && !token->empty() && IsOneLine(*token)) {
      value_ = Secret("Bearer " + *token);
    }
  }
  return value_;
}

}  // namespace k8sentry::internal
