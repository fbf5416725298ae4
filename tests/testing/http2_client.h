// A client that speaks HTTP/2, which our own transport does not: libcurl, bare.
#pragma once

#include <curl/curl.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace k8sentry::testing {

struct Http2Exchange {
  std::string body;
  bool done = false;
  CURLcode code = CURLE_OK;
  long status = 0;
  long version = 0;  // CURL_HTTP_VERSION_...
};

class Http2Client {
 public:
  Http2Client() : multi_(curl_multi_init()) {
    curl_multi_setopt(multi_, CURLMOPT_PIPELINING,
                      static_cast<long>(CURLPIPE_MULTIPLEX));
  }
  ~Http2Client() {
    for (CURL* easy : easies_) {
      curl_multi_remove_handle(multi_, easy);
      curl_easy_cleanup(easy);
    }
    curl_multi_cleanup(multi_);
  }
  Http2Client(const Http2Client&) = delete;
  Http2Client& operator=(const Http2Client&) = delete;

  // `post` is sent when it is not empty.
  std::unique_ptr<Http2Exchange> Start(const std::string& url,
                                       const std::string& post = "",
                                       const std::string& ca_pem = "") {
    auto exchange = std::make_unique<Http2Exchange>();
    CURL* const easy = easies_.emplace_back(curl_easy_init());
    curl_easy_setopt(easy, CURLOPT_URL, url.c_str());
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(
        easy, CURLOPT_HTTP_VERSION,
        static_cast<long>(ca_pem.empty() ? CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE
                                         : CURL_HTTP_VERSION_2TLS));
    curl_easy_setopt(easy, CURLOPT_PIPEWAIT, 1L);
    if (!post.empty()) curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, post.c_str());
    if (!ca_pem.empty()) {
      curl_blob blob = {const_cast<char*>(ca_pem.data()), ca_pem.size(),
                        CURL_BLOB_COPY};
      curl_easy_setopt(easy, CURLOPT_CAINFO_BLOB, &blob);
    }
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &OnBody);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, exchange.get());
    curl_easy_setopt(easy, CURLOPT_PRIVATE, exchange.get());
    curl_multi_add_handle(multi_, easy);
    return exchange;
  }

  // False when `finished` is not true after ten seconds.
  bool RunUntil(const std::function<bool()>& finished) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!finished()) {
      if (std::chrono::steady_clock::now() > end) return false;
      int running = 0, left = 0;
      curl_multi_perform(multi_, &running);
      while (CURLMsg* message = curl_multi_info_read(multi_, &left)) Note(*message);
      if (!finished()) curl_multi_poll(multi_, nullptr, 0, 5, nullptr);
    }
    return true;
  }
  bool RunUntilDone(const Http2Exchange& exchange) {
    return RunUntil([&] { return exchange.done; });
  }
  // Moves everything for a moment in which nothing is to happen.
  void RunFor(std::chrono::milliseconds duration) {
    const auto end = std::chrono::steady_clock::now() + duration;
    RunUntil([&] { return std::chrono::steady_clock::now() > end; });
  }

 private:
  static std::size_t OnBody(char* data, std::size_t size, std::size_t count, void* to) {
    static_cast<Http2Exchange*>(to)->body.append(data, size * count);
    return size * count;
  }
  static void Note(const CURLMsg& message) {
    Http2Exchange* exchange = nullptr;
    curl_easy_getinfo(message.easy_handle, CURLINFO_PRIVATE, &exchange);
    curl_easy_getinfo(message.easy_handle, CURLINFO_RESPONSE_CODE, &exchange->status);
    curl_easy_getinfo(message.easy_handle, CURLINFO_HTTP_VERSION, &exchange->version);
    exchange->code = message.data.result;
    exchange->done = true;
  }

  CURLM* multi_;
  std::vector<CURL*> easies_;
};

}  // namespace k8sentry::testing
