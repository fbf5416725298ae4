#include "http/url.h"

#include <curl/curl.h>
#include <strings.h>

#include <memory>

namespace k8sentry::internal {
namespace {

struct Free {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
using Url = std::unique_ptr<CURLU, Free>;

Url Parse(const std::string& text) {
  Url url(curl_url());
  if (url && curl_url_set(url.get(), CURLUPART_URL, text.c_str(), CURLU_PATH_AS_IS) !=
                 CURLUE_OK) {
    url.reset();
  }
  return url;
}

std::string Part(const Url& url, CURLUPart part) {
  char* text = nullptr;
  if (curl_url_get(url.get(), part, &text, CURLU_DEFAULT_PORT) != CURLUE_OK) return "";
  std::string copy(text);
  curl_free(text);
  return copy;
}

}  // namespace

Result<UrlParts> ParseUrl(const std::string& text) {
  const Url url = Parse(text);
  if (!url) return Status(StatusCode::kInvalidArgument, "the URL cannot be read");
  UrlParts parts = {Part(url, CURLUPART_SCHEME), Part(url, CURLUPART_HOST),
                    Part(url, CURLUPART_PORT)};
  if (parts.scheme != "http" && parts.scheme != "https") {
    return Status(StatusCode::kInvalidArgument,
                  "the URL must begin with http:// or https://");
  }
  if (!Part(url, CURLUPART_USER).empty() || !Part(url, CURLUPART_PASSWORD).empty()) {
    return Status(StatusCode::kInvalidArgument,
                  "the URL holds credentials; give them as a header");
  }
  return parts;
}

Result<std::string> WithHost(const std::string& text, const std::string& host) {
  const Url url = Parse(text);
  if (!url || curl_url_set(url.get(), CURLUPART_HOST, host.c_str(), 0) != CURLUE_OK) {
    return Status(StatusCode::kInvalidArgument,
                  "the TLS server name is not a host name");
  }
  return Part(url, CURLUPART_URL);
}

bool SameHeaderName(std::string_view a, std::string_view b) {
  return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace k8sentry::internal
